/** Changes of groups and of who is in them. Source: Vault's API page "/identity/group". */
import { Fault } from "../../lib/fault.ts";
import type { GroupChange, GroupRecord, Query } from "../contract/directory.ts";
import { checkMetadata, checkName, checkPolicies } from "./names.ts";
import { checkNesting } from "./nesting.ts";
import { groupBy, nameAt, readEntity, readGroup } from "./shelf.ts";
import {
  emptyGroup,
  freeName,
  join,
  leave,
  mayJoin,
  mustHaveGroup,
  nest,
  saveGroup,
  takeName,
  unindexAlias,
  unnest,
  type Work,
} from "./work.ts";

/** In one request; an external group may have more. */
const MOST_MEMBERS = 10_000;

/** See `Directory.putGroup`. */
export async function putGroup(
  w: Work,
  change: GroupChange,
  byName: boolean,
): Promise<{ readonly group: GroupRecord; readonly created: boolean }> {
  const known = await existing(w, change, byName);
  const base = known ?? (await blankGroup(w, change));
  const type = typeOf(known, change.type);
  const group: GroupRecord = {
    ...base,
    type,
    name: change.name === undefined ? base.name : checkName("name", change.name),
    metadata: change.metadata === undefined ? base.metadata : checkMetadata("metadata", change.metadata),
    policies: change.policies === undefined ? base.policies : checkPolicies(change.policies),
  };
  checkMembers(type, change);
  await takeName(w, "group", group, known?.name);
  const saved = saveGroup(w, group);
  if (change.memberEntities !== undefined) await setEntities(w, group.id, change.memberEntities);
  if (change.memberGroups !== undefined) await setGroups(w, group.id, change.memberGroups);
  return { group: saved, created: known === undefined };
}

async function existing(w: Work, { id, name }: GroupChange, byName: boolean): Promise<GroupRecord | undefined> {
  if (id === undefined) return byName && name !== undefined ? groupBy(w.tx, { name }) : undefined;
  const group = await readGroup(w.tx, id);
  if (group === undefined) throw new Fault("invalid", "invalid group ID");
  return group;
}

/** Not saved yet. */
export async function blankGroup(w: Work, { name }: Pick<GroupChange, "name">): Promise<GroupRecord> {
  return {
    id: w.random.uuid(),
    name: name ?? (await freeName(w, "group")),
    type: "internal",
    metadata: new Map(),
    policies: [],
    alias: undefined,
    created: w.now,
    updated: w.now,
    modified: 0,
  };
}

function typeOf(known: GroupRecord | undefined, given: string | undefined): GroupRecord["type"] {
  const type = given ?? known?.type ?? "internal";
  if (known !== undefined && type !== known.type) throw new Fault("invalid", "group type cannot be changed");
  if (type !== "internal" && type !== "external") {
    throw new Fault("invalid", "invalid group type: it is internal or external");
  }
  return type;
}

function checkMembers(type: GroupRecord["type"], { memberEntities, memberGroups }: GroupChange): void {
  if (type === "external" && memberEntities !== undefined) {
    throw new Fault("invalid", "member entities can't be set manually for external groups");
  }
  if (type === "external" && memberGroups !== undefined) {
    throw new Fault("invalid", "member groups can't be set for external groups");
  }
  for (const [field, list] of Object.entries({ member_entity_ids: memberEntities, member_group_ids: memberGroups })) {
    if (list !== undefined && list.length > MOST_MEMBERS) {
      throw new Fault("invalid", `${field} has more than ${String(MOST_MEMBERS)} ids: nest smaller groups`);
    }
  }
}

async function setEntities(w: Work, groupId: string, given: readonly string[]): Promise<void> {
  const wanted = new Set(given);
  const before = new Set(await w.tx.list(`member/${groupId}/`));
  for (const id of before) if (!wanted.has(id)) leave(w, groupId, id);
  for (const id of wanted) {
    if (before.has(id)) continue;
    if ((await readEntity(w.tx, id)) === undefined) {
      throw new Fault("invalid", "member_entity_ids names an entity that is not there");
    }
    if (!(await mayJoin(w, id))) {
      throw new Fault(
        "invalid",
        "member_entity_ids names an entity that is in as many groups as it may be: nest groups",
      );
    }
    join(w, groupId, id);
  }
}

async function setGroups(w: Work, groupId: string, given: readonly string[]): Promise<void> {
  const wanted = new Set(given);
  const before = new Set(await w.tx.list(`child/${groupId}/`));
  for (const id of before) if (!wanted.has(id)) unnest(w, groupId, id);
  for (const id of wanted) {
    if (before.has(id)) continue;
    await mustHaveGroup(w, id, "member_group_ids");
    nest(w, groupId, id);
  }
  await checkNesting(w.tx, groupId);
}

/** With its alias and its memberships, in both directions. */
export async function deleteGroup(w: Work, query: Query): Promise<void> {
  const group = await groupBy(w.tx, query);
  if (group === undefined) return;
  if (group.alias !== undefined) unindexAlias(w, "group", group.alias);
  await emptyGroup(w, group.id);
  for (const child of await w.tx.list(`child/${group.id}/`)) unnest(w, group.id, child);
  for (const parent of await w.tx.list(`parent/${group.id}/`)) unnest(w, parent, group.id);
  w.tx.delete(nameAt("group", group.name));
  w.tx.delete(`group/${group.id}`);
  w.touched.add(group.id);
}
