/** Changes of the names that entities have in auth methods. Source: Vault's API page "/identity/entity-alias". */
import { Fault } from "../../lib/fault.ts";
import type { AliasChange, AliasRecord, EntityRecord, Placed } from "../contract/directory.ts";
import { newEntity, withAlias, withoutAlias } from "./entities.ts";
import { checkAliasName, checkMetadata, sameTexts } from "./names.ts";
import { aliasNamed, entityBy, idBy, readEntity } from "./shelf.ts";
import { indexAlias, saveEntity, unindexAlias, type Work } from "./work.ts";

interface Found {
  readonly entity: EntityRecord;
  readonly alias: AliasRecord;
}

/** See `Directory.putAlias`: with `id` an update; without it by name and mount, a new one when there is none. */
export async function putAlias(w: Work, change: AliasChange): Promise<Placed | undefined> {
  if (change.customMetadata !== undefined) checkMetadata("custom_metadata", change.customMetadata);
  if (change.name !== undefined) checkAliasName(change.name);
  if (change.id !== undefined) {
    const entity = await entityBy(w.tx, { aliasId: change.id });
    const alias = entity === undefined ? undefined : aliasNamed(entity, change.id);
    if (entity === undefined || alias === undefined) throw new Fault("invalid", "invalid alias ID provided");
    return updateAlias(w, { entity, alias }, change);
  }
  const { mountAccessor, name } = change;
  if (mountAccessor === undefined || name === undefined) {
    throw new Fault("invalid", "'id' or 'mount_accessor' and 'name' must be provided");
  }
  const entity = await entityBy(w.tx, { mountAccessor, aliasName: name });
  const alias = entity?.aliases.find((one) => one.mountAccessor === mountAccessor);
  if (entity !== undefined && alias !== undefined) return updateAlias(w, { entity, alias }, change);
  return createAlias(w, { ...change, mountAccessor, name });
}

type Factors = Pick<AliasRecord, "name" | "mountAccessor">;

async function createAlias(w: Work, change: AliasChange & Factors): Promise<Placed> {
  const { canonicalId } = change;
  const entity = canonicalId === undefined ? await newEntity(w) : await readEntity(w.tx, canonicalId);
  if (entity === undefined) throw new Fault("invalid", "invalid canonical ID");
  const alias = blankAlias(w, entity.id, change, change.customMetadata ?? new Map());
  withAlias(w, entity, alias);
  return { id: alias.id, canonicalId: entity.id };
}

/** Not saved yet. */
export function blankAlias(
  w: Work,
  canonicalId: string,
  { name, mountAccessor }: Factors,
  customMetadata: ReadonlyMap<string, string> = new Map(),
): AliasRecord {
  const times = { created: w.now, updated: w.now };
  return {
    id: w.random.uuid(),
    canonicalId,
    mountAccessor,
    name,
    metadata: new Map(),
    customMetadata,
    mergedFrom: [],
    ...times,
  };
}

async function updateAlias(w: Work, found: Found, change: AliasChange): Promise<Placed | undefined> {
  const { entity, alias } = found;
  const next: AliasRecord = {
    ...alias,
    name: change.name ?? alias.name,
    mountAccessor: change.mountAccessor ?? alias.mountAccessor,
    canonicalId: change.canonicalId ?? alias.canonicalId,
    customMetadata: change.customMetadata ?? alias.customMetadata,
    updated: w.now,
  };
  if (isSame(alias, next)) return undefined;
  const factors = { mountAccessor: next.mountAccessor, aliasName: next.name };
  const holder = await idBy(w.tx, "entity", factors);
  const isOwn = holder === entity.id && next.mountAccessor === alias.mountAccessor;
  if (holder !== undefined && !isOwn) {
    throw new Fault("invalid", "alias with combination of mount accessor and name already exists");
  }
  // What a login at one mount has told is never shown as told by another (CVE-2022-40186).
  const metadata = next.mountAccessor === alias.mountAccessor ? next.metadata : new Map<string, string>();
  if (next.canonicalId === entity.id) replace(w, found, { ...next, metadata });
  else await move(w, found, { ...next, metadata });
  return { id: next.id, canonicalId: next.canonicalId };
}

function isSame(one: AliasRecord, other: AliasRecord): boolean {
  return (
    one.name === other.name &&
    one.mountAccessor === other.mountAccessor &&
    one.canonicalId === other.canonicalId &&
    sameTexts(one.customMetadata, other.customMetadata)
  );
}

function replace(w: Work, { entity, alias }: Found, next: AliasRecord): void {
  const others = entity.aliases.filter((one) => one.id !== alias.id);
  if (others.some((one) => one.mountAccessor === next.mountAccessor)) {
    throw new Fault(
      "invalid",
      "Alias cannot be updated as the entity already has an alias for the given 'mount_accessor' ",
    );
  }
  unindexAlias(w, "entity", alias);
  indexAlias(w, "entity", next);
  saveEntity(w, { ...entity, aliases: entity.aliases.map((one) => (one.id === alias.id ? next : one)) });
}

async function move(w: Work, { entity, alias }: Found, next: AliasRecord): Promise<void> {
  const target = await readEntity(w.tx, next.canonicalId);
  if (target === undefined) throw new Fault("invalid", "given 'canonical_id' is not associated with an entity");
  if (target.aliases.some((one) => one.mountAccessor === next.mountAccessor)) {
    throw new Fault("invalid", "Alias cannot be updated as the given entity already has an alias for this mount ");
  }
  withoutAlias(w, entity, alias);
  withAlias(w, target, next);
}

/** No error when there is none. */
export async function deleteAlias(w: Work, id: string): Promise<void> {
  const entity = await entityBy(w.tx, { aliasId: id });
  const alias = entity === undefined ? undefined : aliasNamed(entity, id);
  if (entity !== undefined && alias !== undefined) withoutAlias(w, entity, alias);
}
