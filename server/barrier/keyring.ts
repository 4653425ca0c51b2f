/**
 * The keys that encrypt values: one a term, the newest encrypts, all decrypt. It lies in the store wrapped by the root key:
 *
 *   count (4 bytes) | per term: term (4) | installed at (8, milliseconds) | encryptions reserved (8) | key (32)
 *
 * all big-endian, terms rising. "Reserved" is the number of encryptions up to which the key may have been used:
 * it is on disk before they are, so a crash can only make the count too high.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import type { Random } from "../../lib/random.ts";
import { Unreadable } from "./format.ts";

const KEY = 32;
const ENTRY = 4 + 8 + 8 + KEY;

export interface TermKey {
  readonly term: number;
  /** Wall-clock milliseconds. */
  readonly installTime: number;
  readonly key: KeyObject;
  /** On disk. */
  readonly reserved: number;
}

export interface Keyring {
  /** Rising; at least one. */
  readonly terms: readonly TermKey[];
}

export function newestTerm(ring: Keyring): TermKey {
  const newest = ring.terms.at(-1);
  if (newest === undefined) throw new Error("keyring without a key");
  return newest;
}

/** The ring with one more term, whose key is new. */
export function withNewTerm(ring: Keyring, now: number, random: Random): Keyring {
  const term = (ring.terms.at(-1)?.term ?? 0) + 1;
  const raw = random.bytes(KEY);
  const key = createSecretKey(raw);
  raw.fill(0);
  return { terms: [...ring.terms, { term, installTime: now, key, reserved: 0 }] };
}

/** The ring with `ahead` more encryptions reserved for each key that has used up its own. */
export function withReserved(ring: Keyring, used: ReadonlyMap<number, number>, ahead: number): Keyring {
  return {
    terms: ring.terms.map((key) => {
      const count = used.get(key.term) ?? 0;
      return count > key.reserved ? { ...key, reserved: count + ahead } : key;
    }),
  };
}

/** @returns clear key material, for the caller to zero-fill */
export function encodeKeyring(ring: Keyring): Buffer {
  const out = Buffer.alloc(4 + ring.terms.length * ENTRY);
  out.writeUInt32BE(ring.terms.length, 0);
  for (const [i, { term, installTime, reserved, key }] of ring.terms.entries()) {
    const at = 4 + i * ENTRY;
    out.writeUInt32BE(term, at);
    out.writeBigUInt64BE(BigInt(installTime), at + 4);
    out.writeBigUInt64BE(BigInt(reserved), at + 12);
    const raw = key.export();
    raw.copy(out, at + 20);
    raw.fill(0);
  }
  return out;
}

/** @throws Unreadable when the bytes are not exactly one keyring */
export function decodeKeyring(bytes: Buffer): Keyring {
  const count = bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
  if (count === 0 || bytes.length !== 4 + count * ENTRY) throw new Unreadable("keyring has the wrong length");
  const terms: TermKey[] = [];
  for (let at = 4; at < bytes.length; at += ENTRY) {
    const term = bytes.readUInt32BE(at);
    if (term <= (terms.at(-1)?.term ?? 0)) throw new Unreadable("terms of the keyring do not rise");
    terms.push({
      term,
      installTime: safe(bytes.readBigUInt64BE(at + 4)),
      reserved: safe(bytes.readBigUInt64BE(at + 12)),
      key: createSecretKey(bytes.subarray(at + 20, at + ENTRY)),
    });
  }
  return { terms };
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Unreadable("number in the keyring is out of range");
  return number;
}
