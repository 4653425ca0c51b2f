/**
 * Where roles lie: `role/NAME`, and `role-id/HMAC` to find one by its role id. `base` holds the mount's own key, which
 * names role ids, and a role that nobody has: a login with an unknown role id is tried against it, with the same work.
 */
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import type { Secret } from "../../../lib/secret.ts";
import { readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader, Storage, Transaction } from "../../contract/storage.ts";
import { hmacOf, keyFrom, LONGEST_ID, newHmacKey } from "./hmac-key.ts";
import { newRole, type Role, roleFrom, roleRecord } from "./role.ts";

export const ROLES = "role/";
/** Roles that were deleted while their secret ids still have to go: `gone/UUID`. */
export const GONE = "gone/";
const BASE = "base";

const NAME = /^\w(?:[\w.-]*\w)?$/;

/** In lower case, as Vault keeps the names of new roles. @throws Fault "invalid" for a name that cannot be one */
export function roleName(sent: string): string {
  if (!NAME.test(sent)) throw new Fault("invalid", 'role_name may hold letters, digits, "_", "-" and "."');
  return sent.toLowerCase();
}

export async function readRole(reader: Reader, name: string): Promise<Role | undefined> {
  const record = await readRecord(reader, ROLES + name.toLowerCase());
  return record === undefined ? undefined : roleFrom(record);
}

/** @throws Fault "not-found" as Vault has it for all that lies below a role */
export async function requireRole(reader: Reader, name: string): Promise<Role> {
  const role = await readRole(reader, name);
  if (role === undefined) throw new Fault("not-found", `role ${JSON.stringify(name)} does not exist`);
  return role;
}

export function freshRole(name: string, random: Random): Role {
  return newRole({ name, uuid: random.uuid(), roleId: random.uuid(), key: newHmacKey(random) });
}

/**
 * @param before as this transaction has read it
 * @throws Fault "invalid" when its role id is another role's
 */
export async function putRole(tx: Transaction, role: Role, before: Role | undefined, random: Random): Promise<void> {
  const base = await ensureBase(tx, random);
  const index = indexOf(base, role.roleId);
  const taken = await readRecord(tx, index);
  if (taken !== undefined && textIn(taken, "name") !== role.name) {
    throw new Fault("invalid", "role_id already in use");
  }
  if (before !== undefined && before.roleId !== role.roleId) tx.delete(indexOf(base, before.roleId));
  tx.put(ROLES + role.name, recordBytes(roleRecord(role)));
  if (taken === undefined) tx.put(index, recordBytes({ name: role.name }));
}

/** From here on nobody logs in with it; its secret ids are named by `gone/` until they have been removed. */
export function removeRole(storage: Storage, name: string): Promise<Role | undefined> {
  return storage.transact(async (tx) => {
    const [role, base] = [await readRole(tx, name), await readRecord(tx, BASE)];
    if (role === undefined || base === undefined) return undefined;
    tx.delete(ROLES + role.name);
    tx.delete(indexOf(keyFrom(base, "salt"), role.roleId));
    tx.put(GONE + role.uuid, recordBytes(roleRecord(role)));
    return role;
  });
}

export interface Found {
  readonly role: Role;
  /** false: no such role id; `role` is the one that nobody has. */
  readonly known: boolean;
}

/** The same reads whether there is such a role or not. @returns undefined while the mount has never had a role */
export async function findByRoleId(reader: Reader, roleId: string): Promise<Found | undefined> {
  const base = await readRecord(reader, BASE);
  if (base === undefined) return undefined;
  const id = Buffer.byteLength(roleId) > LONGEST_ID ? "" : roleId;
  const index = await readRecord(reader, indexOf(keyFrom(base, "salt"), id));
  const record = index === undefined ? undefined : await readRecord(reader, ROLES + textIn(index, "name"));
  if (record !== undefined) return { role: roleFrom(record), known: true };
  return { role: roleFrom((await readRecord(reader, BASE)) ?? base), known: false };
}

async function ensureBase(tx: Transaction, random: Random): Promise<Secret> {
  const found = await readRecord(tx, BASE);
  if (found !== undefined) return keyFrom(found, "salt");
  const salt = random.bytes(32).toString("hex");
  tx.put(BASE, recordBytes({ ...roleRecord(freshRole("", random)), salt }));
  return keyFrom(new Map([["salt", salt]]), "salt");
}

function indexOf(salt: Secret, roleId: string): string {
  return `role-id/${hmacOf(salt, roleId)}`;
}
