/** What storage holds of a token, and under which keys: names are HMACs, values carry a format version. */
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import { parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import type { Reader, Transaction } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import { deleteLease, putLease } from "./lease-index.ts";

const FORMAT = 1;
const ROOT = "sys/token/";
const INTERNAL_LIMITS = { depth: 1000, members: Number.MAX_SAFE_INTEGER };

export const SALT_KEY = `${ROOT}salt`;
/** Every token that ends has its lease's key: told once, by a new store or by the upgrade of an older one. */
export const INDEXED_KEY = `${ROOT}indexed`;
export const BATCH_KEY = `${ROOT}batch`;
export const ID_ROOT = `${ROOT}id/`;
/** Trees whose end was decided: named here until the last of them is deleted, so that a crash in between leaves no rest. */
export const ENDING_ROOT = `${ROOT}ending/`;

export function idKey(id: string): string {
  return ID_ROOT + id;
}

/** @param hash HMAC of the accessor */
export function accessorKey(hash: string): string {
  return `${ROOT}accessor/${hash}`;
}

/** One key a child; its value says nothing. */
export function childRoot(parent: string): string {
  return `${ROOT}child/${parent}/`;
}

/** How many tokens share a role. @param hash of role and path */
function countKey(hash: string): string {
  return `${ROOT}count/${hash}`;
}

export const NOTHING: Uint8Array = encodeStored(FORMAT, "");

/** "spent": its last use is being served. "ended": revoked, deletion under way. */
type TokenState = "live" | "spent" | "ended";

export interface TokenRecord {
  readonly entry: TokenEntry;
  readonly state: TokenState;
  /** HMAC of the accessor: names its key. */
  readonly accessorHash: string;
  /** Ancestors above it. */
  readonly depth: number;
  /** Names the counter it is counted in, when its role may have so many only. */
  readonly counted?: string;
}

type StoredEntry = Omit<TokenEntry, "metadata" | "internal"> & {
  readonly metadata: readonly (readonly [string, string])[];
  readonly internal: string;
};

function encodeRecord(record: TokenRecord): Uint8Array {
  const { metadata, internal, ...rest } = record.entry;
  const entry: StoredEntry = { ...rest, metadata: [...metadata], internal: stringifyJson(internal) };
  return encodeStored(FORMAT, JSON.stringify({ ...record, entry }));
}

function decodeRecord(bytes: Uint8Array): TokenRecord {
  const stored = JSON.parse(decodeStored(FORMAT, bytes, "token")) as Omit<TokenRecord, "entry"> & {
    readonly entry: StoredEntry;
  };
  const { metadata, internal, ...rest } = stored.entry;
  // The first release wrote no lease id: the upgrade gives one.
  const leaseId = (rest.leaseId as string | undefined) ?? "";
  const entry = { ...rest, leaseId, metadata: new Map(metadata), internal: parseJsonMap(internal, INTERNAL_LIMITS) };
  return { ...stored, entry };
}

export async function readRecord(reader: Reader, id: string): Promise<TokenRecord | undefined> {
  const bytes = await reader.get(idKey(id));
  return bytes === undefined ? undefined : decodeRecord(bytes);
}

export function putRecord(tx: Transaction, record: TokenRecord): void {
  tx.put(idKey(record.entry.id), encodeRecord(record));
}

/** All keys of a new token but its place below its parent. */
export function putNew(tx: Transaction, record: TokenRecord): void {
  putRecord(tx, record);
  const id = encodeText(record.entry.id);
  tx.put(accessorKey(record.accessorHash), id);
  putLease(tx, record.entry.leaseId, id);
}

/** Every key of the token but those of its children. */
export async function deleteRecord(tx: Transaction, { entry, accessorHash, counted }: TokenRecord): Promise<void> {
  tx.delete(idKey(entry.id));
  tx.delete(accessorKey(accessorHash));
  deleteLease(tx, entry.leaseId);
  if (entry.parent !== "") tx.delete(childRoot(entry.parent) + entry.id);
  if (counted !== undefined) await count(tx, counted, -1);
}

/** @returns how many there are with this change */
export async function count(tx: Transaction, counted: string, change: 1 | -1): Promise<number> {
  const bytes = await tx.get(countKey(counted));
  const after = Math.max(0, (bytes === undefined ? 0 : Number(decodeText(bytes))) + change);
  if (after === 0) tx.delete(countKey(counted));
  else tx.put(countKey(counted), encodeText(String(after)));
  return after;
}

export function encodeText(text: string): Uint8Array {
  return encodeStored(FORMAT, text);
}

export function decodeText(bytes: Uint8Array): string {
  return decodeStored(FORMAT, bytes, "token index");
}

/** Past its end, whether or not anyone has swept it yet. */
export function isExpired({ expireTime }: TokenEntry, now: number): boolean {
  return expireTime !== 0 && expireTime <= now;
}

/** It may be used for one more request. */
export function isLive(record: TokenRecord, now: number): boolean {
  return record.state === "live" && !isExpired(record.entry, now);
}
