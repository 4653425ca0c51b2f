/**
 * Lease ids and the keys under which they are indexed: "PATH/RANDOM", a token's with an "h" before the random part, as
 * Vault's. The keys lie in 62 shards by the first random character: no list is longer than a 62nd of all that there are,
 * and the event loop is never held up by one. Names are in clear, as in Vault: an id alone opens nothing.
 */
import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Random } from "../../lib/random.ts";
import { randomText } from "../../lib/token-string.ts";
import type { Reader } from "../contract/storage.ts";

const TAIL = 24;
/** Bytes of the path in a lease id: with root, shard and tail within the 1,000 that storage takes. */
const LONGEST_PATH = 900;
const LONGEST_KEY = 1000;
/** Names between two turns of the event loop. */
const STRIDE = 128;

/** @param mark "h" for a token's, "" for a secret's */
export function newLeaseId(path: string, mark: "h" | "", random: Random): string {
  return `${leasePath(path)}/${mark}${randomText(random, TAIL)}`;
}

/**
 * What a lease id begins with: the path, without a slash at its end. One that is too long is cut behind its mount and
 * the segments that fit, and ends in its hash: prefixes go on holding for it.
 */
function leasePath(path: string): string {
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

export class LeaseIndex {
  readonly #root: string;
  readonly #form: RegExp;

  /** @param root ends in "/"; at most 20 bytes */
  constructor(root: string, mark: "h" | "") {
    this.#root = root;
    this.#form = new RegExp(
      `^(?!/)[^\\p{Cc}\\p{Cs}]*[^\\p{Cc}\\p{Cs}/]/${mark}([0-9A-Za-z])[0-9A-Za-z]{${String(TAIL - 1)}}$`,
      "u",
    );
  }

  /** @returns undefined for what cannot be an id of this index */
  key(leaseId: string): string | undefined {
    const shard = this.#form.exec(leaseId)?.[1];
    if (shard === undefined || leaseId.includes("//")) return undefined;
    const key = `${this.#root}${shard}/${leaseId}`;
    return Buffer.byteLength(key) <= LONGEST_KEY ? key : undefined;
  }

  /** One level below `prefix` ("" or ending in "/"), as `Storage.list`. */
  async list(reader: Reader, prefix: string): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const shard of await reader.list(this.#root)) {
      for (const name of await reader.list(this.#root + shard + prefix)) names.add(name);
    }
    return [...names].sort();
  }

  /** Lease ids below `prefix` ("" or ending in "/"), in no order; reads names alone. */
  async *below(reader: Reader, prefix: string): AsyncGenerator<string> {
    let seen = 0;
    for (const shard of await reader.list(this.#root)) {
      const folders = [prefix];
      for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
        for (const name of await reader.list(this.#root + shard + folder)) {
          if (name.endsWith("/")) folders.push(folder + name);
          else yield folder + name;
          seen += 1;
          if (seen % STRIDE === 0) await nextTurn();
        }
      }
    }
  }
}
