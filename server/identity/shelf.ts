/**
 * Where everything lies, and how it is read:
 *
 *     entity/ID             the record, its aliases in it        name/entity/HASH      id of the entity of this name
 *     group/ID              the record, its alias in it          name/group/HASH       id of the group
 *     alias/ID              id of the entity                     factor/ACCESSOR/HASH  id of the entity with this alias
 *     group-alias/ID        id of the group                      group-factor/…        id of the group
 *     merged/ID             id of the entity it went into
 *     member/GROUP/ENTITY   and, the other way, joined/ENTITY/GROUP
 *     child/GROUP/GROUP     and, the other way, parent/GROUP/GROUP
 *
 * A membership is a key of its own, so that the first logins of many do not wait for one record of their group.
 */
import { Fault } from "../../lib/fault.ts";
import type { AliasRecord, EntityRecord, GroupRecord, GroupView, Query } from "../contract/directory.ts";
import type { Reader } from "../contract/storage.ts";
import { nameKey } from "./names.ts";
import { decodeEntity, decodeGroup, decodeId } from "./record.ts";

export type Kind = "entity" | "group";

/** What the API calls an id may be any text: only what can be one is looked for. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ACCESSOR = /^[\w-]{1,256}$/;

export const nameAt = (kind: Kind, name: string): string => `name/${kind}/${nameKey(name)}`;
export const aliasAt = (kind: Kind, id: string): string => `${kind === "entity" ? "alias" : "group-alias"}/${id}`;
export const factorsOf = (kind: Kind, accessor: string): string =>
  `${kind === "entity" ? "factor" : "group-factor"}/${accessor}/`;
export const factorAt = (kind: Kind, accessor: string, name: string): string =>
  factorsOf(kind, accessor) + nameKey(name);

export async function readEntity(reader: Reader, id: string): Promise<EntityRecord | undefined> {
  const bytes = ID.test(id) ? await reader.get(`entity/${id}`) : undefined;
  return bytes === undefined ? undefined : decodeEntity(bytes);
}

export async function readGroup(reader: Reader, id: string): Promise<GroupRecord | undefined> {
  const bytes = ID.test(id) ? await reader.get(`group/${id}`) : undefined;
  return bytes === undefined ? undefined : decodeGroup(bytes);
}

/** The id that an index leads to. */
export async function idBy(reader: Reader, kind: Kind, query: Query): Promise<string | undefined> {
  if ("id" in query) return query.id;
  if ("name" in query) return decodeId(await reader.get(nameAt(kind, query.name)));
  if ("aliasId" in query)
    return ID.test(query.aliasId) ? decodeId(await reader.get(aliasAt(kind, query.aliasId))) : undefined;
  if (!ACCESSOR.test(query.mountAccessor)) return undefined;
  return decodeId(await reader.get(factorAt(kind, query.mountAccessor, query.aliasName)));
}

export async function entityBy(reader: Reader, query: Query): Promise<EntityRecord | undefined> {
  const id = await idBy(reader, "entity", query);
  return id === undefined ? undefined : readEntity(reader, id);
}

export async function groupBy(reader: Reader, query: Query): Promise<GroupRecord | undefined> {
  const id = await idBy(reader, "group", query);
  return id === undefined ? undefined : readGroup(reader, id);
}

/** The entity that this one went into. */
export async function mergedInto(reader: Reader, id: string): Promise<string | undefined> {
  return ID.test(id) ? decodeId(await reader.get(`merged/${id}`)) : undefined;
}

export function aliasNamed(entity: EntityRecord, id: string): AliasRecord | undefined {
  return entity.aliases.find((alias) => alias.id === id);
}

export function aliasAtMount(entity: EntityRecord, accessor: string): AliasRecord | undefined {
  return entity.aliases.find((alias) => alias.mountAccessor === accessor);
}

export interface Memberships {
  readonly direct: readonly GroupRecord[];
  readonly inherited: readonly GroupRecord[];
}

/** The groups an entity is in, and all groups those are in. */
export async function groupsOf(reader: Reader, entityId: string): Promise<Memberships> {
  const direct = await readGroups(reader, await reader.list(`joined/${entityId}/`));
  const seen = new Set(direct.map((group) => group.id));
  const inherited: GroupRecord[] = [];
  for (let level: readonly GroupRecord[] = direct; level.length > 0; ) {
    const above: string[] = [];
    for (const group of level) {
      for (const id of await reader.list(`parent/${group.id}/`)) {
        if (!seen.has(id)) above.push(id);
        seen.add(id);
      }
    }
    level = await readGroups(reader, above);
    inherited.push(...level);
  }
  return { direct, inherited: inherited.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

async function readGroups(reader: Reader, ids: readonly string[]): Promise<readonly GroupRecord[]> {
  const groups: GroupRecord[] = [];
  for (const id of ids) groups.push(await mustReadGroup(reader, id));
  return groups;
}

async function mustReadGroup(reader: Reader, id: string): Promise<GroupRecord> {
  const group = await readGroup(reader, id);
  if (group === undefined)
    throw new Fault("internal", "internal error", { cause: new Error(`group ${id} is not there`) });
  return group;
}

export async function viewOf(reader: Reader, group: GroupRecord): Promise<GroupView> {
  return {
    ...group,
    memberEntities: await reader.list(`member/${group.id}/`),
    memberGroups: await reader.list(`child/${group.id}/`),
    parentGroups: await reader.list(`parent/${group.id}/`),
  };
}
