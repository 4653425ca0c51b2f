/**
 * The Shamir seal: a random unseal key, split among people, wraps the root key; the root key wraps the barrier's
 * keyring. Only "boot/seal" is kept of it: how many shares, and the wrapped root key. The unseal key exists for
 * the moment between the last share and the root key, the root key while unsealed, both in memory only. A root key
 * that was replaced without shares ("boot/root") is wrapped by the one under the unseal key, which is then kept beside it.
 * Source: Vault documentation, "Seal/Unseal" and /sys/unseal; the layout is in docs/format.md.
 */
import type { Clock } from "../../lib/clock.ts";
import { checkSharing, splitSecret } from "../../lib/crypto/shamir.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import { type Barrier, BOOT, type KeyStatus } from "../barrier/barrier.ts";
import { Unreadable, unwrapKey, wrapKey } from "../barrier/format.ts";
import { KeyRotation } from "../barrier/rotation.ts";
import type { InitResult, Seal, SealStatus } from "../contract/seal.ts";
import type { Storage } from "../contract/storage.ts";
import type { SealKeys } from "./ceremony.ts";
import { decodeSealRecord, encodeSealRecord, type SealRecord } from "./record.ts";
import { ShamirRekey } from "./rekey.ts";
import { ShamirRootGeneration } from "./root-generation.ts";
import { decodeShare, KEY, Shares } from "./shares.ts";

const RECORD = `${BOOT}seal`;
const ROOT = `${BOOT}root`;

export interface ShamirSealOptions {
  /** The store below `barrier`. */
  readonly store: Storage;
  readonly barrier: Barrier;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function shamirSeal(options: ShamirSealOptions): Seal {
  return new ShamirSeal(options);
}

class ShamirSeal implements Seal {
  readonly storage: Storage;
  readonly rekey: ShamirRekey;
  readonly rootGeneration: ShamirRootGeneration;
  readonly rotation: KeyRotation;
  readonly #options: ShamirSealOptions;
  /** Entered so far. */
  readonly #shares = new Shares();
  #nonce = "";
  /** Init and unseal, one call at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #record: SealRecord | undefined;
  /** The root key under the unseal key, while unsealed. */
  #base: Buffer | undefined;

  constructor(options: ShamirSealOptions) {
    const { barrier, random, log } = options;
    this.#options = options;
    this.storage = barrier.storage;
    const keys: SealKeys = {
      inTurn: (step) => this.#inTurn(step),
      threshold: async () => (await this.#inForce()).threshold,
      proves: async (shares) => this.#proves(shares, await this.#inForce()),
      replace: (unsealKey, terms) => this.#replace(unsealKey, terms),
      random,
      log,
    };
    this.rekey = new ShamirRekey(keys);
    this.rootGeneration = new ShamirRootGeneration(keys);
    this.rotation = new KeyRotation(barrier, options);
  }

  async status(): Promise<SealStatus> {
    const record = await this.#read();
    return {
      type: "shamir",
      initialized: record !== undefined,
      sealed: this.#options.barrier.sealed,
      t: record?.threshold ?? 0,
      n: record?.shares ?? 0,
      progress: this.#shares.size,
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
      // One that was entered already is taken once, without a word, as in Vault.
      if (this.#shares.add(decodeShare(share, record.threshold)) && this.#nonce === "") {
        this.#nonce = this.#options.random.uuid();
      }
      if (this.#shares.size >= record.threshold) await this.#open(record);
      return this.status();
    });
  }

  reset(): void {
    this.#shares.clear();
    this.#nonce = "";
  }

  settle(): Promise<void> {
    this.rekey.reset();
    this.rootGeneration.reset();
    return this.#inTurn(() => Promise.resolve());
  }

  seal(): void {
    this.reset();
    this.rekey.reset();
    this.rootGeneration.reset();
    this.#base?.fill(0);
    this.#base = undefined;
    if (!this.#options.barrier.sealed) this.#options.log("info", "sealed");
    this.#options.barrier.seal();
  }

  // Waits for openings under way, so that it tells of the state after them.
  keyStatus(): Promise<KeyStatus> {
    return this.#inTurn(() => Promise.resolve(this.#options.barrier.keyStatus()));
  }

  rotate(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#options.barrier.rotate();
    });
  }

  rotateRoot(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#inForce();
      const { barrier, random, log } = this.#options;
      const rootKey = random.bytes(KEY);
      const wrapped = wrapKey(rootKey, { key: this.#base ?? rootKey, path: ROOT }, random);
      await barrier.replaceRoot(rootKey, (tx) => {
        tx.put(ROOT, wrapped);
      });
      log("info", "root key rotated");
    });
  }

  /** The record of an open seal. @throws Fault "sealed" */
  async #inForce(): Promise<SealRecord> {
    const record = await this.#read();
    if (record === undefined || this.#base === undefined) throw new Fault("sealed", "Vault is sealed");
    return record;
  }

  #proves(shares: Shares, record: SealRecord): boolean {
    try {
      unwrapRootKey(shares, record).fill(0);
      return true;
    } catch (error) {
      if (error instanceof Unreadable || error instanceof Fault) return false;
      throw error;
    }
  }

  /** The seal's record and the keyring under a new root key, in one transaction. */
  async #replace(unsealKey: Buffer, { shares, threshold }: Pick<SealRecord, "shares" | "threshold">): Promise<void> {
    const { barrier, random, log } = this.#options;
    const rootKey = random.bytes(KEY);
    const base = Buffer.from(rootKey);
    const wrappedRootKey = wrapKey(rootKey, { key: unsealKey, path: wrapPath(shares, threshold) }, random);
    const record = { shares, threshold, wrappedRootKey };
    try {
      await barrier.replaceRoot(rootKey, (tx) => {
        tx.put(RECORD, encodeSealRecord(record));
        tx.delete(ROOT);
      });
    } catch (error) {
      base.fill(0);
      throw error;
    }
    this.#record = record;
    this.#base?.fill(0);
    if (this.#base === undefined) base.fill(0);
    else this.#base = base;
    log("info", "rekeyed", { shares, threshold });
  }

  async #open(record: SealRecord): Promise<void> {
    const { store, barrier, log } = this.#options;
    // Nothing is waited for between the key and the barrier: a seal that comes in between would be undone.
    const wrapped = await store.get(ROOT);
    let base: Buffer;
    try {
      base = unwrapRootKey(this.#shares, record);
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
    try {
      await barrier.open(wrapped === undefined ? Buffer.from(base) : this.#currentRoot(base, wrapped));
    } catch (error) {
      base.fill(0);
      throw error;
    }
    if (barrier.sealed) base.fill(0);
    else this.#base = base;
    log("info", "unsealed");
  }

  /** @returns the barrier's to keep */
  #currentRoot(base: Buffer, wrapped: Uint8Array): Buffer {
    try {
      return unwrapKey(wrapped, { key: base, path: ROOT });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#options.log("error", "the root key cannot be opened", { error });
      throw new Fault("internal", "root key in the storage cannot be opened, see the server's log", { cause: error });
    }
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

function unwrapRootKey(shares: Shares, record: SealRecord): Buffer {
  const unsealKey = shares.combine(record.threshold);
  try {
    return unwrapKey(record.wrappedRootKey, { key: unsealKey, path: wrapPath(record.shares, record.threshold) });
  } finally {
    unsealKey.fill(0);
  }
}
