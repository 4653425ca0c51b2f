/**
 * Several entities become one. Their aliases, external and internal groups come along, their metadata and policies do not;
 * tokens of theirs belong to the one that is left. Source: Vault's API page "/identity/entity/merge".
 */
import { Fault } from "../../lib/fault.ts";
import type { AliasRecord, Clash, EntityRecord, Merge } from "../contract/directory.ts";
import { encodeId } from "./record.ts";
import { aliasAtMount, nameAt, readEntity } from "./shelf.ts";
import { indexAlias, join, leave, saveEntity, unindexAlias, type Work } from "./work.ts";

/** @returns the clashes, with nothing changed, when there are some that `keep` says nothing of. @throws Fault "invalid" */
export async function mergeEntities(w: Work, merge: Merge): Promise<{ readonly clashes: readonly Clash[] }> {
  const ids = [...new Set(merge.from)];
  const to = await readEntity(w.tx, merge.to);
  if (to === undefined) throw new Fault("invalid", "entity id to merge to is invalid");
  if (ids.includes(to.id)) throw new Fault("invalid", "to_entity_id should not be present in from_entity_ids");
  if (ids.length > 1 && merge.keep.length > 1) {
    throw new Fault(
      "invalid",
      "aliases conflicts cannot be resolved with multiple from entity ids - merge one entity at a time",
    );
  }
  const from = await Promise.all(ids.map((id) => mustRead(w, id)));
  if (merge.keep.length === 0) {
    const clashes = clashesOf(to, from);
    if (clashes.length > 0) return { clashes };
  }
  let merged = to;
  for (const one of from) merged = await absorb(w, merged, one, merge.keep);
  saveEntity(w, merged);
  return { clashes: [] };
}

async function mustRead(w: Work, id: string): Promise<EntityRecord> {
  const entity = await readEntity(w.tx, id);
  if (entity === undefined) throw new Fault("invalid", "entity id to merge from is invalid");
  return entity;
}

/** @throws Fault "invalid" when those to be merged clash among themselves: that is for one at a time */
function clashesOf(to: EntityRecord, from: readonly EntityRecord[]): readonly Clash[] {
  const clashes: Clash[] = [];
  const seen = new Set<string>();
  for (const one of from) {
    for (const alias of one.aliases) {
      if (seen.has(alias.mountAccessor)) {
        throw new Fault(
          "invalid",
          `mount accessor ${alias.mountAccessor} found in multiple fromEntities, merge should be done with one fromEntity at a time`,
        );
      }
      seen.add(alias.mountAccessor);
      const other = aliasAtMount(to, alias.mountAccessor);
      if (other !== undefined) clashes.push(clashOf(to, other), clashOf(one, alias));
    }
  }
  return clashes;
}

function clashOf(entity: EntityRecord, { name, mountAccessor }: AliasRecord): Clash {
  return { entity: entity.name, entityId: entity.id, alias: name, mountAccessor };
}

async function absorb(w: Work, to: EntityRecord, from: EntityRecord, keep: readonly string[]): Promise<EntityRecord> {
  let aliases = to.aliases;
  for (const alias of from.aliases) {
    const other = aliases.find(({ mountAccessor }) => mountAccessor === alias.mountAccessor);
    const loser = other === undefined ? undefined : loserOf(other, alias, keep);
    if (loser !== undefined) {
      unindexAlias(w, "entity", loser);
      aliases = aliases.filter(({ id }) => id !== loser.id);
    }
    if (loser === alias) continue;
    const moved = { ...alias, canonicalId: to.id, mergedFrom: [...alias.mergedFrom, from.id], updated: w.now };
    indexAlias(w, "entity", moved);
    aliases = [...aliases, moved];
  }
  for (const groupId of await w.tx.list(`joined/${from.id}/`)) {
    leave(w, groupId, from.id);
    join(w, groupId, to.id);
  }
  const merged = [...from.merged, from.id];
  for (const old of merged) w.tx.put(`merged/${old}`, encodeId(to.id));
  w.tx.delete(nameAt("entity", from.name));
  w.tx.delete(`entity/${from.id}`);
  w.touched.add(from.id);
  return { ...to, aliases, merged: [...to.merged, ...merged] };
}

function loserOf(mine: AliasRecord, theirs: AliasRecord, keep: readonly string[]): AliasRecord {
  if (keep.includes(mine.id)) return theirs;
  if (keep.includes(theirs.id)) return mine;
  throw new Fault(
    "invalid",
    `conflicting mount accessors in following alias IDs and neither were present in conflicting_alias_ids_to_keep: ${theirs.id}, ${mine.id}`,
  );
}
