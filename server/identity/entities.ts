/** Changes of entities. Source: Vault's API page "/identity/entity". */
import { Fault } from "../../lib/fault.ts";
import type { AliasRecord, EntityChange, EntityRecord, Query } from "../contract/directory.ts";
import { checkMetadata, checkName, checkPolicies } from "./names.ts";
import { entityBy, nameAt, readEntity } from "./shelf.ts";
import { freeName, indexAlias, leave, saveEntity, takeName, unindexAlias, type Work } from "./work.ts";

/** One for each auth method that somebody really uses. */
const MOST_ALIASES = 256;

/** See `Directory.putEntity`. */
export async function putEntity(
  w: Work,
  change: EntityChange,
): Promise<{ readonly entity: EntityRecord; readonly created: boolean }> {
  const known = await existing(w, change);
  const base = known ?? (await blankEntity(w, change.name));
  const entity = {
    ...base,
    name: change.name === undefined ? base.name : checkName("name", change.name),
    metadata: change.metadata === undefined ? base.metadata : checkMetadata("metadata", change.metadata),
    policies: change.policies === undefined ? base.policies : checkPolicies(change.policies),
    disabled: change.disabled ?? base.disabled,
  };
  await takeName(w, "entity", entity, known?.name);
  return { entity: saveEntity(w, entity), created: known === undefined };
}

async function existing(w: Work, { id, name }: EntityChange): Promise<EntityRecord | undefined> {
  if (id === undefined) return name === undefined ? undefined : entityBy(w.tx, { name });
  const entity = await readEntity(w.tx, id);
  if (entity === undefined) throw new Fault("invalid", "entity not found from id");
  return entity;
}

/** Not saved yet. */
async function blankEntity(w: Work, name: string | undefined): Promise<EntityRecord> {
  return {
    id: w.random.uuid(),
    name: name ?? (await freeName(w, "entity")),
    metadata: new Map(),
    policies: [],
    disabled: false,
    merged: [],
    created: w.now,
    updated: w.now,
    aliases: [],
  };
}

/** One that nobody named, for an alias that belongs to none. */
export async function newEntity(w: Work): Promise<EntityRecord> {
  const entity = await blankEntity(w, undefined);
  await takeName(w, "entity", entity);
  return entity;
}

/** @throws Fault "invalid" when the entity has one for this mount, or too many */
export function withAlias(w: Work, entity: EntityRecord, alias: AliasRecord): EntityRecord {
  if (entity.aliases.some((other) => other.mountAccessor === alias.mountAccessor)) {
    throw new Fault("invalid", "Alias already exists for requested entity and mount accessor");
  }
  if (entity.aliases.length >= MOST_ALIASES) {
    throw new Fault("invalid", `the entity has ${String(MOST_ALIASES)} aliases already: delete one first`);
  }
  indexAlias(w, "entity", alias);
  return saveEntity(w, { ...entity, aliases: [...entity.aliases, alias] });
}

export function withoutAlias(w: Work, entity: EntityRecord, alias: AliasRecord): EntityRecord {
  unindexAlias(w, "entity", alias);
  return saveEntity(w, { ...entity, aliases: entity.aliases.filter((other) => other.id !== alias.id) });
}

/** With its aliases, its memberships, and the ids of those that went into it. */
export async function deleteEntity(w: Work, query: Query): Promise<void> {
  const entity = await entityBy(w.tx, query);
  if (entity === undefined) return;
  for (const alias of entity.aliases) unindexAlias(w, "entity", alias);
  for (const old of entity.merged) w.tx.delete(`merged/${old}`);
  for (const groupId of await w.tx.list(`joined/${entity.id}/`)) leave(w, groupId, entity.id);
  w.tx.delete(nameAt("entity", entity.name));
  w.tx.delete(`entity/${entity.id}`);
  w.touched.add(entity.id);
}
