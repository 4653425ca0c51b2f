/**
 * The Shamir seal: a random unseal key, split among people, wraps the root key; the root key wraps the barrier's
 * keyring. Only "boot/seal" is kept of it: how many shares, and the wrapped root key. The unseal key exists for
 * the moment between the last share and the root key, the root key while unsealed, both in memory only.
 * Source: Vault documentation, "Seal/Unseal" and /sys/unseal; the layout is in docs/format.md.
 */
import { checkSharing, combineShares, splitSecret } from "../../lib/crypto/shamir.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import { type Barrier, BOOT, type KeyStatus } from "../barrier/barrier.ts";
import { Unreadable, unwrapKey, wrapKey } from "../barrier/format.ts";
import type { InitResult, Seal, SealStatus } from "../contract/seal.ts";
import type { Storage } from "../contract/storage.ts";
import { decodeSealRecord, encodeSealRecord, type SealRecord } from "./record.ts";

const RECORD = `${BOOT}seal`;
const KEY = 32;

export interface ShamirSealOptions {
  /** The store below `barrier`. */
  readonly store: Storage;
  readonly barrier: Barrier;
  readonly random: Random;
  readonly log: Log;
}

export function shamirSeal(options: ShamirSealOptions): Seal {
  return new ShamirSeal(options);
}

class ShamirSeal implements Seal {
  readonly storage: Storage;
  readonly #options: ShamirSealOptions;
  /** Entered so far. */
  #shares: Buffer[] = [];
  #nonce = "";
  /** Init and unseal, one call at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #record: SealRecord | undefined;

  constructor(options: ShamirSealOptions) {
    this.#options = options;
    this.storage = options.barrier.storage;
  }

  async status(): Promise<SealStatus> {
    const record = await this.#read();
    return {
      type: "shamir",
      initialized: record !== undefined,
      sealed: this.#options.barrier.sealed,
      t: record?.threshold ?? 0,
      n: record?.shares ?? 0,
      progress: this.#shares.length,
      nonce: this.#nonce,
    };
  }

  init(shares: number, threshold: number): Promise<InitResult> {
    return this.#inTurn(async () => {
      checkSharing(shares, threshold);
      const { store, barrier, random, log } = this.#options;
      const unsealKey = random.bytes(KEY);
      const rootKey = random.bytes(KEY);
      try {
        await store.transact(async (tx) => {
          if ((await tx.get(RECORD)) !== undefined) throw new Fault("invalid", "Vault is already initialized");
          if ((await tx.list("")).some((name) => name !== BOOT)) {
            throw new Fault("invalid", "storage holds data but no seal: it is not empty and was not initialized here");
          }
          const wrapped = wrapKey(rootKey, { key: unsealKey, path: wrapPath(shares, threshold) }, random);
          tx.put(RECORD, encodeSealRecord({ shares, threshold, wrappedRootKey: wrapped }));
          barrier.create(tx, rootKey);
        });
        log("info", "storage initialized", { shares, threshold });
        return { shares: splitSecret(unsealKey, shares, threshold, random) };
      } finally {
        unsealKey.fill(0);
        rootKey.fill(0);
      }
    });
  }

  unseal(share: Secret): Promise<SealStatus> {
    return this.#inTurn(async () => {
      const record = await this.#read();
      if (record === undefined) throw new Fault("invalid", "Vault is not initialized");
      if (!this.#options.barrier.sealed) return this.status();
      this.#take(decodeShare(share, record));
      if (this.#shares.length >= record.threshold) await this.#open(record);
      return this.status();
    });
  }

  reset(): void {
    for (const share of this.#shares) share.fill(0);
    this.#shares = [];
    this.#nonce = "";
  }

  seal(): void {
    this.reset();
    if (!this.#options.barrier.sealed) this.#options.log("info", "sealed");
    this.#options.barrier.seal();
  }

  // Waits for openings under way, so that it tells of the state after them.
  keyStatus(): Promise<KeyStatus> {
    return this.#inTurn(() => Promise.resolve(this.#options.barrier.keyStatus()));
  }

  /** A share that was entered already is taken once, without a word, as in Vault. */
  #take(share: Buffer): void {
    if (this.#shares.some((known) => known.equals(share))) {
      share.fill(0);
      return;
    }
    if (this.#nonce === "") this.#nonce = this.#options.random.uuid();
    this.#shares.push(share);
  }

  async #open(record: SealRecord): Promise<void> {
    const { barrier, log } = this.#options;
    let rootKey: Buffer;
    try {
      rootKey = unwrapRootKey(this.#shares, record);
    } catch (error) {
      if (!(error instanceof Unreadable) && !(error instanceof Fault)) throw error;
      log("warn", "unseal failed: the shares do not make the key");
      throw new Fault(
        "invalid",
        "Unseal failed, invalid key: the shares entered do not belong together or to this storage",
        {
          cause: error,
        },
      );
    } finally {
      this.reset();
    }
    await barrier.open(rootKey);
    log("info", "unsealed");
  }

  async #read(): Promise<SealRecord | undefined> {
    if (this.#record !== undefined) return this.#record;
    const bytes = await this.#options.store.get(RECORD);
    if (bytes !== undefined) this.#record = decodeSealRecord(bytes);
    return this.#record;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(step);
    this.#turn = run.catch(() => undefined);
    return run;
  }
}

/** Binds the numbers to the wrapped key: a record whose threshold was changed does not open. */
function wrapPath(shares: number, threshold: number): string {
  return `${RECORD} ${String(shares)} ${String(threshold)}`;
}

function unwrapRootKey(shares: readonly Buffer[], record: SealRecord): Buffer {
  const [only] = shares;
  const unsealKey = record.threshold === 1 && only !== undefined ? Buffer.from(only) : combineShares(shares);
  try {
    return unwrapKey(record.wrappedRootKey, { key: unsealKey, path: wrapPath(record.shares, record.threshold) });
  } finally {
    unsealKey.fill(0);
  }
}

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Hex first, then base64, as Vault does. */
function decodeShare(share: Secret, record: SealRecord): Buffer {
  const text = share.reveal().trim();
  let bytes: Buffer;
  if (HEX.test(text)) bytes = Buffer.from(text, "hex");
  else if (text !== "" && BASE64.test(text)) bytes = Buffer.from(text, "base64");
  else throw new Fault("invalid", "'key' must be a valid hex or base64 string");
  const length = record.threshold === 1 ? KEY : KEY + 1;
  if (bytes.length !== length) {
    const is = bytes.length;
    bytes.fill(0);
    throw new Fault("invalid", `key has ${String(is)} bytes, a share of this storage has ${String(length)}`);
  }
  return bytes;
}
