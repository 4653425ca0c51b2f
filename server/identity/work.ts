/** What one change of the store is made with, and the writes that several kinds of change share. */
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import type { AliasRecord, EntityRecord, GroupRecord } from "../contract/directory.ts";
import type { Transaction } from "../contract/storage.ts";
import { encodeEntity, encodeGroup, encodeId } from "./record.ts";
import { aliasAt, factorAt, type Kind, nameAt, readGroup } from "./shelf.ts";

export interface Work {
  readonly tx: Transaction;
  /** Ids of the entities and groups that this change is about: what was made of them is dropped once it is done. */
  readonly touched: Set<string>;
  readonly now: number;
  readonly random: Random;
}

const PRESENT = encodeId("");
/** That one entity is in directly. */
const MOST_GROUPS = 1_000;

export function saveEntity({ tx, touched, now }: Work, entity: EntityRecord): EntityRecord {
  const saved = { ...entity, updated: now };
  tx.put(`entity/${entity.id}`, encodeEntity(saved));
  touched.add(entity.id);
  return saved;
}

export function saveGroup({ tx, touched, now }: Work, group: GroupRecord): GroupRecord {
  const saved = { ...group, updated: now, modified: group.modified + 1 };
  tx.put(`group/${group.id}`, encodeGroup(saved));
  touched.add(group.id);
  return saved;
}

export function indexAlias({ tx }: Work, kind: Kind, alias: AliasRecord): void {
  tx.put(aliasAt(kind, alias.id), encodeId(alias.canonicalId));
  tx.put(factorAt(kind, alias.mountAccessor, alias.name), encodeId(alias.canonicalId));
}

export function unindexAlias({ tx }: Work, kind: Kind, alias: AliasRecord): void {
  tx.delete(aliasAt(kind, alias.id));
  tx.delete(factorAt(kind, alias.mountAccessor, alias.name));
}

export function join({ tx, touched }: Work, groupId: string, entityId: string): void {
  tx.put(`member/${groupId}/${entityId}`, PRESENT);
  tx.put(`joined/${entityId}/${groupId}`, PRESENT);
  touched.add(entityId);
}

/** Whether one more group would not be too many. */
export async function mayJoin({ tx }: Work, entityId: string): Promise<boolean> {
  return (await tx.list(`joined/${entityId}/`)).length < MOST_GROUPS;
}

export function leave({ tx, touched }: Work, groupId: string, entityId: string): void {
  tx.delete(`member/${groupId}/${entityId}`);
  tx.delete(`joined/${entityId}/${groupId}`);
  touched.add(entityId);
}

/** Whatever hangs on `child` is about to change: whoever is in it is touched. */
export function nest({ tx, touched }: Work, parentId: string, childId: string): void {
  tx.put(`child/${parentId}/${childId}`, PRESENT);
  tx.put(`parent/${childId}/${parentId}`, PRESENT);
  touched.add(childId);
}

export function unnest({ tx, touched }: Work, parentId: string, childId: string): void {
  tx.delete(`child/${parentId}/${childId}`);
  tx.delete(`parent/${childId}/${parentId}`);
  touched.add(childId);
}

/** @param text of the fault; @throws Fault "invalid" when the name is another's */
export async function takeName(
  w: Work,
  kind: Kind,
  owner: { id: string; name: string },
  before?: string,
): Promise<void> {
  const key = nameAt(kind, owner.name);
  const old = before === undefined ? undefined : nameAt(kind, before);
  if (key === old) return;
  if ((await w.tx.get(key)) !== undefined) throw new Fault("invalid", `${kind} name is already in use`);
  if (old !== undefined) w.tx.delete(old);
  w.tx.put(key, encodeId(owner.id));
}

/** "entity_1f3a09b2", as Vault names what nobody named. */
export async function freeName({ tx, random }: Work, kind: Kind): Promise<string> {
  for (;;) {
    const name = `${kind}_${random.bytes(4).toString("hex")}`;
    if ((await tx.get(nameAt(kind, name))) === undefined) return name;
  }
}

/** The members that its alias has put into an external group. */
export async function emptyGroup(w: Work, groupId: string): Promise<void> {
  for (const entityId of await w.tx.list(`member/${groupId}/`)) leave(w, groupId, entityId);
}

export async function mustHaveGroup({ tx }: Work, id: string, field: string): Promise<GroupRecord> {
  const group = await readGroup(tx, id);
  if (group === undefined) throw new Fault("invalid", `${field} names a group that is not there`);
  return group;
}
