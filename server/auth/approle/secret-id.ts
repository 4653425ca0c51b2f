/**
 * Secret ids. `secret-id/ROLE/HMAC` is one of them, `accessor/ROLE/HMAC` leads to it, and `expiry/HOUR/MS.ROLE.HMAC` names
 * it by its end; ROLE is the role's UUID, so an accessor can only ever be found under its own role (CVE-2023-24999).
 * All three are written and deleted together. Source: Vault API, AppRole auth method, "Read AppRole secret ID".
 */
import { toSeconds } from "../../../lib/duration.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { type Encodable, isJsonMap, type JsonMap } from "../../../lib/wire/json.ts";
import { listIn, numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader, Transaction } from "../../contract/storage.ts";
import { hmacOf } from "./hmac-key.ts";
import type { Role } from "./role.ts";

export const EXPIRY = "expiry/";
const HOUR = 3_600_000;
/** As Go prints a time that is not set. */
const NEVER = "0001-01-01T00:00:00Z";

export interface SecretId {
  readonly accessor: string;
  /** Logins left; 0 = without limit. */
  readonly numUses: number;
  /** Milliseconds as asked for; 0 = without end. */
  readonly ttl: number;
  readonly creationTime: number;
  /** 0 = never. */
  readonly expirationTime: number;
  readonly lastUpdatedTime: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly cidrList: readonly string[];
  readonly tokenBoundCidrs: readonly string[];
}

type Owner = Pick<Role, "uuid" | "key">;

/** Below it lie the HMACs of a role's secret ids. */
export function folderOf({ uuid }: Pick<Role, "uuid">): string {
  return `secret-id/${uuid}/`;
}

export function hmacOfSecret({ key }: Owner, secretId: string): string {
  return hmacOf(key, secretId);
}

/** @returns undefined also when it has ended: what the sweep has not come to is as good as gone */
export async function readSecretId(
  reader: Reader,
  role: Owner,
  hmac: string,
  now: number,
): Promise<SecretId | undefined> {
  const record = await readRecord(reader, folderOf(role) + hmac);
  if (record === undefined) return undefined;
  const entry = entryFrom(record);
  return entry.expirationTime !== 0 && entry.expirationTime <= now ? undefined : entry;
}

/** @returns the HMAC of the secret id that this accessor of this role leads to */
export async function hmacByAccessor(reader: Reader, role: Owner, accessor: string): Promise<string | undefined> {
  const record = await readRecord(reader, accessorKey(role, accessor));
  return record === undefined ? undefined : textIn(record, "secret");
}

export function putSecretId(tx: Transaction, role: Owner, hmac: string, entry: SecretId): void {
  const [own, accessor] = [folderOf(role) + hmac, accessorKey(role, entry.accessor)];
  tx.put(own, recordBytes(entryRecord(entry)));
  tx.put(accessor, recordBytes({ secret: hmac }));
  if (entry.expirationTime !== 0) tx.put(expiryKey(role, hmac, entry), recordBytes({ names: [own, accessor] }));
}

/** Also one that has ended. Nothing when there is none. */
export async function deleteSecretId(tx: Transaction, role: Owner, hmac: string): Promise<void> {
  const record = await readRecord(tx, folderOf(role) + hmac);
  if (record === undefined) return;
  const entry = entryFrom(record);
  tx.delete(folderOf(role) + hmac);
  tx.delete(accessorKey(role, entry.accessor));
  if (entry.expirationTime !== 0) tx.delete(expiryKey(role, hmac, entry));
}

/** The folder of the hour in which it ends; ordered as text. */
export function hourOf(ms: number): string {
  return String(Math.floor(ms / HOUR)).padStart(9, "0");
}

/** @returns the wall-clock milliseconds that an expiry's name begins with */
export function endOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Removes what an expiry names; it knows the names of all three. */
export async function deleteExpired(tx: Transaction, key: string): Promise<void> {
  const record = await readRecord(tx, key);
  if (record === undefined) return;
  for (const name of listIn(record, "names")) tx.delete(name);
  tx.delete(key);
}

function expiryKey({ uuid }: Owner, hmac: string, { expirationTime }: SecretId): string {
  return `${EXPIRY}${hourOf(expirationTime)}/${String(expirationTime).padStart(16, "0")}.${uuid}.${hmac}`;
}

function accessorKey({ uuid, key }: Owner, accessor: string): string {
  return `accessor/${uuid}/${hmacOf(key, accessor)}`;
}

export function secretIdReply(entry: SecretId): Record<string, Encodable> {
  return {
    secret_id_accessor: entry.accessor,
    secret_id_num_uses: entry.numUses,
    secret_id_ttl: toSeconds(entry.ttl),
    creation_time: formatTime(entry.creationTime),
    expiration_time: entry.expirationTime === 0 ? NEVER : formatTime(entry.expirationTime),
    last_updated_time: formatTime(entry.lastUpdatedTime),
    metadata: entry.metadata,
    cidr_list: entry.cidrList,
    token_bound_cidrs: entry.tokenBoundCidrs,
  };
}

function entryRecord(entry: SecretId): Record<string, Encodable> {
  return { ...entry };
}

function entryFrom(record: JsonMap): SecretId {
  return {
    accessor: textIn(record, "accessor"),
    numUses: numberIn(record, "numUses"),
    ttl: numberIn(record, "ttl"),
    creationTime: numberIn(record, "creationTime"),
    expirationTime: numberIn(record, "expirationTime"),
    lastUpdatedTime: numberIn(record, "lastUpdatedTime"),
    metadata: textsIn(record, "metadata"),
    cidrList: listIn(record, "cidrList"),
    tokenBoundCidrs: listIn(record, "tokenBoundCidrs"),
  };
}

function textsIn(record: JsonMap, name: string): ReadonlyMap<string, string> {
  const value = record.get(name);
  const out = new Map<string, string>();
  if (isJsonMap(value)) for (const [key, text] of value) if (typeof text === "string") out.set(key, text);
  return out;
}
