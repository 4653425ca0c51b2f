/**
 * The names that external groups have in the directories of auth methods: logins put their entity into the group whose
 * alias they bring. Source: Vault's API page "/identity/group-alias".
 */
import { Fault } from "../../lib/fault.ts";
import type { AliasRecord, GroupAliasChange, GroupRecord, Placed } from "../contract/directory.ts";
import { blankAlias } from "./aliases.ts";
import { blankGroup } from "./groups.ts";
import { checkAliasName, nameKey } from "./names.ts";
import { groupBy, idBy } from "./shelf.ts";
import { emptyGroup, indexAlias, mustHaveGroup, saveGroup, takeName, unindexAlias, type Work } from "./work.ts";

/** See `Directory.putGroupAlias`. Name and mount accessor are needed for an update too. */
export async function putGroupAlias(w: Work, change: GroupAliasChange): Promise<Placed | undefined> {
  const { id, name, mountAccessor, canonicalId } = change;
  const before = id === undefined ? undefined : await holderOf(w, id);
  if (name === undefined) throw new Fault("invalid", "missing alias name");
  if (mountAccessor === undefined) throw new Fault("invalid", "missing mount_accessor");
  checkAliasName(name);
  const named = canonicalId === undefined ? undefined : await externalGroup(w, canonicalId);
  if (before === undefined) return create(w, named ?? (await madeGroup(w)), { name, mountAccessor });
  const target = named ?? before.group;
  const next = { ...before.alias, name, mountAccessor, canonicalId: target.id, updated: w.now };
  return update(w, before, { next, target });
}

interface Holder {
  readonly group: GroupRecord;
  readonly alias: AliasRecord;
}

async function holderOf(w: Work, aliasId: string): Promise<Holder> {
  const group = await groupBy(w.tx, { aliasId });
  if (group?.alias === undefined) throw new Fault("invalid", "invalid group alias ID");
  return { group, alias: group.alias };
}

async function create(
  w: Work,
  target: GroupRecord,
  factors: Pick<AliasRecord, "name" | "mountAccessor">,
): Promise<Placed> {
  const made = blankAlias(w, target.id, factors);
  await checkFree(w, made, undefined);
  if (target.alias !== undefined) await drop(w, target, target.alias);
  put(w, target, made);
  return { id: made.id, canonicalId: target.id };
}

async function externalGroup(w: Work, id: string): Promise<GroupRecord> {
  const group = await mustHaveGroup(w, id, "canonical_id");
  if (group.type !== "external") throw new Fault("invalid", "alias can't be set on an internal group");
  return group;
}

async function madeGroup(w: Work): Promise<GroupRecord> {
  const group = { ...(await blankGroup(w, { name: undefined })), type: "external" as const };
  await takeName(w, "group", group);
  return group;
}

async function update(
  w: Work,
  { group: before, alias }: Holder,
  { next, target }: { readonly next: AliasRecord; readonly target: GroupRecord },
): Promise<Placed | undefined> {
  const sameName = nameKey(next.name) === nameKey(alias.name) && next.mountAccessor === alias.mountAccessor;
  if (sameName && next.name === alias.name && target.id === before.id) return undefined;
  await checkFree(w, next, before.id);
  const placed = { id: next.id, canonicalId: target.id };
  if (sameName && target.id === before.id) {
    put(w, before, next);
    return placed;
  }
  if (target.id !== before.id && target.alias !== undefined) await drop(w, target, target.alias);
  await drop(w, before, alias);
  put(w, target, next);
  return placed;
}

/** @param own the group whose alias it is already */
async function checkFree(w: Work, { mountAccessor, name }: AliasRecord, own: string | undefined): Promise<void> {
  const holder = await idBy(w.tx, "group", { mountAccessor, aliasName: name });
  if (holder !== undefined && holder !== own) {
    throw new Fault("invalid", "combination of mount and group alias name is already in use");
  }
}

function put(w: Work, group: GroupRecord, alias: AliasRecord): void {
  indexAlias(w, "group", alias);
  saveGroup(w, { ...group, alias });
}

/** Who was in the group was there by this alias: nobody keeps its rights until a next login. */
async function drop(w: Work, group: GroupRecord, alias: AliasRecord): Promise<void> {
  unindexAlias(w, "group", alias);
  await emptyGroup(w, group.id);
  saveGroup(w, { ...group, alias: undefined });
}

/** No error when there is none: its group may have gone before it (hashicorp/vault#3771). */
export async function deleteGroupAlias(w: Work, id: string): Promise<void> {
  const group = await groupBy(w.tx, { aliasId: id });
  if (group?.alias !== undefined) await drop(w, group, group.alias);
}
