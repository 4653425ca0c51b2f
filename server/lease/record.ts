/** What storage holds of a secret's lease, and under which keys; values carry a format version. */
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import { parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import type { LeaseEntry } from "../contract/leases.ts";
import type { Reader, Transaction } from "../contract/storage.ts";
import { LeaseIndex } from "./names.ts";

const FORMAT = 1;
const ROOT = "sys/lease/";
const INTERNAL_LIMITS = { depth: 1000, members: Number.MAX_SAFE_INTEGER };

export const LEASES = new LeaseIndex(`${ROOT}id/`, "");
/** Folders named by tokens, in them the last segments of lease ids. */
export const OWNERS = `${ROOT}of/`;
/** Last segments of the ids of those that are given up. */
export const STUCK = `${ROOT}stuck/`;

export interface LeaseRecord {
  readonly entry: LeaseEntry;
  /** Milliseconds, as at first. */
  readonly ttl: number;
  /** When a batch token it was handed to ends; 0 = it ends with its token's record. */
  readonly latest: number;
  /** Revoked or expired: nobody finds it any more, what it stands for is being undone. */
  readonly ended: boolean;
  /** So often the engine could not undo it. */
  readonly failures: number;
  /** Given up; says why. */
  readonly stuck: string;
}

export async function readLease(reader: Reader, id: string): Promise<LeaseRecord | undefined> {
  const key = LEASES.key(id);
  const bytes = key === undefined ? undefined : await reader.get(key);
  if (bytes === undefined) return undefined;
  const stored = JSON.parse(decodeStored(FORMAT, bytes, "lease")) as Omit<LeaseRecord, "entry"> & {
    readonly entry: Omit<LeaseEntry, "internal"> & { readonly internal: string };
  };
  const internal = parseJsonMap(stored.entry.internal, INTERNAL_LIMITS);
  return { ...stored, entry: { ...stored.entry, internal } };
}

/** The record and its place with its token. */
export function putLease(tx: Transaction, record: LeaseRecord): void {
  const { id, tokenId, internal } = record.entry;
  const entry = { ...record.entry, internal: stringifyJson(internal) };
  tx.put(keyOf(id), encodeStored(FORMAT, JSON.stringify({ ...record, entry })));
  if (tokenId !== "") tx.put(ownerKey(tokenId, id), encodeStored(FORMAT, id));
  if (record.stuck !== "") tx.put(STUCK + tailOf(id), encodeStored(FORMAT, id));
}

export function deleteLease(tx: Transaction, { entry: { id, tokenId }, stuck }: LeaseRecord): void {
  tx.delete(keyOf(id));
  if (tokenId !== "") tx.delete(ownerKey(tokenId, id));
  if (stuck !== "") tx.delete(STUCK + tailOf(id));
}

/** @returns the lease id that lies at a key of `OWNERS` or `STUCK` */
export async function readId(reader: Reader, key: string): Promise<string | undefined> {
  const bytes = await reader.get(key);
  return bytes === undefined ? undefined : decodeStored(FORMAT, bytes, "lease index");
}

function keyOf(id: string): string {
  const key = LEASES.key(id);
  if (key === undefined) throw new Error("no lease has such an id");
  return key;
}

function ownerKey(tokenId: string, id: string): string {
  return `${OWNERS}${tokenId}/${tailOf(id)}`;
}

function tailOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
