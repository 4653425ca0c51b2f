/** Randomness as a dependency: handed in by a `main.ts`, replaced by a counted source in tests. */
import { randomBytes, randomFillSync, randomUUID } from "node:crypto";

export interface Random {
  /** `size` bytes fit for keys, ids and nonces. */
  bytes(size: number): Buffer;
  /** A number in [0, 1) for jitter: never for anything an attacker must not guess. */
  fraction(): number;
  /** A random (version 4) UUID, RFC 9562 section 5.4. */
  uuid(): string;
}

const POOL = 4096;

/** Small requests are cut from a pool that is filled at once: one system call serves some two hundred of them. */
export function systemRandom(): Random {
  let pool = Buffer.alloc(0);
  const bytes = (size: number): Buffer => {
    if (size > 256) return randomBytes(size);
    if (pool.length < size) pool = randomFillSync(Buffer.alloc(POOL));
    const out = Buffer.from(pool.subarray(0, size));
    pool.fill(0, 0, size);
    pool = pool.subarray(size);
    return out;
  };
  return {
    bytes,
    fraction: () => bytes(4).readUInt32BE() / 2 ** 32,
    uuid: () => randomUUID(),
  };
}
