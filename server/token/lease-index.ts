/**
 * The leases that stand for tokens: a key for each, so that one is found by its id, listed by path and ended by prefix
 * without a look at any other. The keys lie in 62 shards by the first random character of the id: no list is longer than
 * a 62nd of all, and the event loop is never held up by one.
 */
import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reader, Transaction } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";

const ROOT = "sys/token/lease/";
/** As the last segment of Vault's: the "h" tells a token's lease from a secret's. */
const FORM = /^(?!\/)[^\p{Cc}\p{Cs}]*[^\p{Cc}\p{Cs}/]\/h([0-9A-Za-z])[0-9A-Za-z]{23}$/u;
/** Bytes of the path in a lease id: with root, shard and tail within the 1,000 that storage takes. */
const LONGEST_PATH = 900;
/** Names between two turns of the event loop. */
const STRIDE = 128;

/**
 * What a lease id begins with: the path, without a slash at its end. One that is too long is cut behind its mount and
 * the segments that fit, and ends in its hash: prefixes go on holding for it.
 */
export function leasePath(path: string): string {
  const plain = path.replace(/\/+$/, "");
  if (Buffer.byteLength(plain) <= LONGEST_PATH) return plain;
  const kept: string[] = [];
  let size = 66;
  for (const segment of plain.split("/")) {
    size += Buffer.byteLength(segment) + 1;
    if (size > LONGEST_PATH) break;
    kept.push(segment);
  }
  return [...kept, `~${hash("sha256", plain, "hex")}`].join("/");
}

/** @returns undefined for what cannot be a token's lease id */
function keyOf(leaseId: string): string | undefined {
  const shard = FORM.exec(leaseId)?.[1];
  if (shard === undefined || leaseId.includes("//")) return undefined;
  const key = `${ROOT}${shard}/${leaseId}`;
  return Buffer.byteLength(key) <= 1000 ? key : undefined;
}

export function putLease(tx: Transaction, { leaseId }: TokenEntry, value: Uint8Array): void {
  const key = keyOf(leaseId);
  if (key !== undefined) tx.put(key, value);
}

export function deleteLease(tx: Transaction, leaseId: string): void {
  const key = keyOf(leaseId);
  if (key !== undefined) tx.delete(key);
}

/** @returns what `putLease` has put */
export async function getLease(reader: Reader, leaseId: string): Promise<Uint8Array | undefined> {
  const key = keyOf(leaseId);
  return key === undefined ? undefined : reader.get(key);
}

/** One level below `prefix` ("" or ending in "/"), as `Storage.list`. */
export async function listLeases(reader: Reader, prefix: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const shard of await reader.list(ROOT)) {
    for (const name of await reader.list(ROOT + shard + prefix)) names.add(name);
  }
  return [...names].sort();
}

/** Lease ids below `prefix` ("" or ending in "/"), in no order; reads names alone. */
export async function* leasesBelow(reader: Reader, prefix: string): AsyncGenerator<string> {
  let seen = 0;
  for (const shard of await reader.list(ROOT)) {
    const folders = [prefix];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const name of await reader.list(ROOT + shard + folder)) {
        if (name.endsWith("/")) folders.push(folder + name);
        else yield folder + name;
        seen += 1;
        if (seen % STRIDE === 0) await nextTurn();
      }
    }
  }
}
