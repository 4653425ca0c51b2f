/**
 * A login finds its entity or makes one, tells the alias what it knows and joins or leaves the external groups of its
 * mount, in one transaction: it writes nothing when nothing has changed. Source: Vault's page "Identity: entities and
 * groups", sections "Implicit entities" and "External groups".
 */
import { Fault } from "../../lib/fault.ts";
import type { AliasRecord, EntityRecord } from "../contract/directory.ts";
import type { LoginName } from "../contract/identity.ts";
import { blankAlias } from "./aliases.ts";
import { newEntity, withAlias } from "./entities.ts";
import { checkAliasName, loginMetadata, nameKey, sameTexts } from "./names.ts";
import { decodeId } from "./record.ts";
import { aliasAtMount, entityBy, factorsOf, readGroup } from "./shelf.ts";
import { join, leave, mayJoin, saveEntity, type Work } from "./work.ts";

export interface Found {
  readonly entityId: string;
  readonly created: boolean;
}

/** @throws Fault "denied" when the entity is disabled */
export async function findOrMake(w: Work, mountAccessor: string, name: LoginName): Promise<Found> {
  checkAliasName(name.alias);
  const metadata = loginMetadata(name.metadata);
  const known = await entityBy(w.tx, { mountAccessor, aliasName: name.alias });
  const alias = known === undefined ? undefined : aliasAtMount(known, mountAccessor);
  if (known?.disabled === true) throw new Fault("denied", "permission denied");
  if (known === undefined || alias === undefined) {
    const entity = await newEntity(w);
    withAlias(w, entity, { ...blankAlias(w, entity.id, { name: name.alias, mountAccessor }), metadata });
    if (name.groups !== undefined) await refreshGroups(w, mountAccessor, entity.id, name.groups);
    return { entityId: entity.id, created: true };
  }
  if (!sameTexts(alias.metadata, metadata)) saveEntity(w, told(known, alias, { metadata, updated: w.now }));
  if (name.groups !== undefined) await refreshGroups(w, mountAccessor, known.id, name.groups);
  return { entityId: known.id, created: false };
}

function told(entity: EntityRecord, alias: AliasRecord, change: Partial<AliasRecord>): EntityRecord {
  return { ...entity, aliases: entity.aliases.map((one) => (one.id === alias.id ? { ...one, ...change } : one)) };
}

/** Only groups whose alias is one of this mount are joined or left; past the bound none is joined. */
export async function refreshGroups(
  w: Work,
  mountAccessor: string,
  entityId: string,
  names: readonly string[],
): Promise<void> {
  const wanted = await groupsNamed(w, mountAccessor, names);
  for (const groupId of await w.tx.list(`joined/${entityId}/`)) {
    const group = await readGroup(w.tx, groupId);
    if (group?.type !== "external" || group.alias?.mountAccessor !== mountAccessor) continue;
    if (!wanted.delete(groupId)) leave(w, groupId, entityId);
  }
  for (const groupId of wanted) {
    if (!(await mayJoin(w, entityId))) return;
    if ((await readGroup(w.tx, groupId)) !== undefined) join(w, groupId, entityId);
  }
}

async function groupsNamed(w: Work, mountAccessor: string, names: readonly string[]): Promise<Set<string>> {
  const folder = factorsOf("group", mountAccessor);
  const there = new Set(await w.tx.list(folder));
  const wanted = new Set<string>();
  for (const key of new Set(names.map(nameKey))) {
    const id = there.has(key) ? decodeId(await w.tx.get(folder + key)) : undefined;
    if (id !== undefined) wanted.add(id);
  }
  return wanted;
}
