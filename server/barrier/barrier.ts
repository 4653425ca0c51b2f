/**
 * The barrier: a storage whose values are encrypted before they reach the store. It is open from unseal to
 * seal; in between every verb answers Fault "sealed". Keys (paths) stay in clear, as in Vault.
 * What must be read before it is open lies under "boot/", which cannot be named through it.
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Reader, Snapshot, Storage, Transaction } from "../contract/storage.ts";
import { type CacheBounds, ClearCache } from "./cache.ts";
import { decryptValue, encryptValue, termOf, Unreadable, unwrapKey, wrapKey } from "./format.ts";
import {
  decodeKeyring,
  encodeKeyring,
  type Keyring,
  newestTerm,
  type TermKey,
  withNewTerm,
  withReserved,
} from "./keyring.ts";

/** What is readable without keys, or wrapped by a key that is not of the ring. */
export const BOOT = "boot/";
const KEYRING = `${BOOT}keyring`;

export interface BarrierOptions {
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  /** A new key after so many encryptions with one; half of what SP 800-38D allows for random nonces by default. */
  readonly rotateAfter?: number;
  /** How many encryptions are counted on disk in advance. */
  readonly reserve?: number;
  readonly cache?: CacheBounds;
}

export interface KeyStatus {
  readonly term: number;
  readonly installTime: number;
  /** With the newest key; never too low, after a restart up to `reserve` too high. */
  readonly encryptions: number;
}

export interface Barrier {
  readonly storage: Storage;
  readonly sealed: boolean;
  /** Puts a first keyring under `rootKey` (32 bytes, still the caller's) into `tx`. The barrier stays closed. */
  create(tx: Transaction, rootKey: Buffer): void;
  /**
   * @param rootKey becomes the barrier's: zero-filled at seal, or at once when this throws
   * @throws Fault "internal" when the keyring is missing or `rootKey` does not open it, "sealed" when `seal` came between
   */
  open(rootKey: Buffer): Promise<void>;
  /** Zero-fills the root key, drops the ring and every decrypted value. */
  seal(): void;
  /** A new key for all writes from here on; the older ones go on decrypting. @returns its term */
  rotate(): Promise<number>;
  /**
   * Wraps the keyring anew, in one step with what `also` writes to the store.
   * @param rootKey becomes the barrier's, as with `open`
   * @throws whatever kept it from being written; once it is on disk nothing is thrown, whatever happens then
   */
  replaceRoot(rootKey: Buffer, also: (tx: Transaction) => void): Promise<void>;
  /** From now on a new key after so many encryptions with one. */
  rotateAfter(encryptions: number): void;
  /** @throws Fault "sealed" */
  keyStatus(): KeyStatus;
}

export const DEFAULT_ROTATE_AFTER = 2 ** 31;
const DEFAULT_RESERVE = 2 ** 20;
const DEFAULT_CACHE: CacheBounds = { entries: 20_000, bytes: 32 * 1024 * 1024 };

/** @param store where the encrypted values go; nothing else may write to it */
export function barrier(store: Storage, options: BarrierOptions): Barrier {
  return new StorageBarrier(store, options);
}

/** What there is while unsealed. */
interface Opened {
  rootKey: Buffer;
  ring: Keyring;
  keys: ReadonlyMap<number, TermKey>;
  /** The keyring as it lies in the store. */
  stored: Uint8Array;
  /** Encryptions by term, those before the last unseal as reserved. */
  readonly used: Map<number, number>;
}

class StorageBarrier implements Barrier {
  readonly storage: Storage;
  readonly #store: Storage;
  readonly #options: BarrierOptions;
  readonly #cache: ClearCache;
  #opened: Opened | undefined;
  /** Changes of the keyring and openings, one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Counts seals, so that an opening under way learns of one. */
  #seals = 0;
  #limit: number;

  constructor(store: Storage, options: BarrierOptions) {
    this.#store = store;
    this.#options = options;
    this.#limit = options.rotateAfter ?? DEFAULT_ROTATE_AFTER;
    this.#cache = new ClearCache(options.cache ?? DEFAULT_CACHE);
    this.storage = {
      get: (key) => this.#get(key),
      list: (prefix) => this.#list(prefix),
      transact: (work) => this.#transact(work),
      snapshot: () => this.#snapshot(),
    };
  }

  get sealed(): boolean {
    return this.#opened === undefined;
  }

  create(tx: Transaction, rootKey: Buffer): void {
    const { clock, random } = this.#options;
    tx.put(KEYRING, this.#wrap(withNewTerm({ terms: [] }, clock.now(), random), rootKey));
  }

  async open(rootKey: Buffer): Promise<void> {
    const seals = this.#seals;
    try {
      await this.#inTurn(async () => {
        const stored = await this.#store.get(KEYRING);
        if (seals !== this.#seals) throw sealedFault();
        if (stored === undefined) throw new Fault("internal", "keyring is missing from the storage");
        const ring = this.#unwrap(stored, rootKey);
        this.#opened?.rootKey.fill(0);
        const used = new Map(ring.terms.map(({ term, reserved }) => [term, reserved]));
        this.#opened = { rootKey, ring, keys: byTerm(ring), stored, used };
      });
    } catch (error) {
      rootKey.fill(0);
      throw error;
    }
  }

  seal(): void {
    this.#seals += 1;
    this.#opened?.rootKey.fill(0);
    this.#opened?.used.clear();
    this.#opened = undefined;
    this.#cache.clear();
  }

  async rotate(): Promise<number> {
    const opened = this.#now();
    const { clock, random, log } = this.#options;
    await this.#change(opened, (ring) => withNewTerm(ring, clock.now(), random));
    const { term } = newestTerm(opened.ring);
    log("info", "barrier key rotated", { term });
    return term;
  }

  async replaceRoot(rootKey: Buffer, also: (tx: Transaction) => void): Promise<void> {
    const opened = this.#now();
    try {
      await this.#inTurn(async () => {
        this.#still(opened);
        await this.#commit(opened, this.#wrap(opened.ring, rootKey), also);
      });
    } catch (error) {
      rootKey.fill(0);
      throw error;
    }
    opened.rootKey.fill(0);
    if (this.#opened === opened) opened.rootKey = rootKey;
    else rootKey.fill(0);
  }

  rotateAfter(encryptions: number): void {
    this.#limit = encryptions;
  }

  keyStatus(): KeyStatus {
    const { ring, used } = this.#now();
    const { term, installTime } = newestTerm(ring);
    return { term, installTime, encryptions: used.get(term) ?? 0 };
  }

  async #get(key: string): Promise<Uint8Array | undefined> {
    const opened = this.#now();
    checkClear(key);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const read = this.#cache.begin(key);
    const stored = await this.#store.get(key);
    const value = this.#decrypt(opened, key, stored);
    this.#cache.fill(key, read, value);
    return value;
  }

  async #list(prefix: string): Promise<readonly string[]> {
    const opened = this.#now();
    const names = await listClear(this.#store, prefix);
    this.#still(opened);
    return names;
  }

  async #transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const opened = this.#now();
    await this.#rotateWhenDue(opened);
    const written = new Set<string>();
    const release = (): void => {
      for (const key of written) this.#cache.written(key);
      written.clear();
    };
    try {
      return await this.#store.transact(async (raw) => {
        release();
        const puts = new Set<string>();
        const result = await work(this.#transaction(opened, raw, puts));
        await this.#reserve(opened);
        for (const key of puts) {
          this.#cache.writing(key);
          written.add(key);
        }
        return result;
      });
    } finally {
      release();
    }
  }

  #transaction(opened: Opened, raw: Transaction, puts: Set<string>): Transaction {
    return {
      ...this.#reader(opened, raw),
      put: (key, value) => {
        checkClear(key);
        raw.put(key, this.#encrypt(opened, key, value));
        puts.add(key);
      },
      delete: (key) => {
        checkClear(key);
        raw.delete(key);
        puts.add(key);
      },
    };
  }

  #snapshot(): Snapshot {
    const opened = this.#now();
    const shot = this.#store.snapshot();
    return {
      ...this.#reader(opened, shot),
      close: () => {
        shot.close();
      },
    };
  }

  #reader(opened: Opened, raw: Reader): Reader {
    return {
      get: async (key) => {
        this.#still(opened);
        checkClear(key);
        return this.#decrypt(opened, key, await raw.get(key));
      },
      list: async (prefix) => {
        this.#still(opened);
        const names = await listClear(raw, prefix);
        this.#still(opened);
        return names;
      },
    };
  }

  #encrypt(opened: Opened, path: string, clear: Uint8Array): Buffer {
    this.#still(opened);
    const { term, key } = newestTerm(opened.ring);
    opened.used.set(term, (opened.used.get(term) ?? 0) + 1);
    return encryptValue(clear, term, { key, path }, this.#options.random);
  }

  #decrypt(opened: Opened, path: string, stored: Uint8Array | undefined): Uint8Array | undefined {
    this.#still(opened);
    if (stored === undefined) return undefined;
    try {
      const term = termOf(stored);
      const key = opened.keys.get(term)?.key;
      if (key === undefined) throw new Unreadable(`no key of term ${String(term)}`);
      return decryptValue(stored, { key, path });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#options.log("error", "stored value cannot be decrypted", { path, error });
      throw new Fault("internal", "stored value cannot be decrypted, see the server's log", { cause: error });
    }
  }

  async #rotateWhenDue(opened: Opened): Promise<void> {
    const due = (): boolean => (opened.used.get(newestTerm(opened.ring).term) ?? 0) >= this.#limit;
    if (!due()) return;
    const { clock, random, log } = this.#options;
    await this.#change(opened, (ring) => (due() ? withNewTerm(ring, clock.now(), random) : undefined));
    log("info", "barrier key rotated at its limit of encryptions", { term: newestTerm(opened.ring).term });
  }

  /** Sees to it that the count on disk covers every encryption made so far. */
  async #reserve(opened: Opened): Promise<void> {
    const short = (ring: Keyring): boolean => ring.terms.some((key) => (opened.used.get(key.term) ?? 0) > key.reserved);
    if (short(opened.ring)) await this.#change(opened, (ring) => (short(ring) ? ring : undefined));
    this.#still(opened);
  }

  /** Writes what `next` makes of the keyring, with its counts brought up to date; then it is the one in use. */
  #change(opened: Opened, next: (ring: Keyring) => Keyring | undefined): Promise<void> {
    return this.#inTurn(async () => {
      this.#still(opened);
      const changed = next(opened.ring);
      if (changed === undefined) return;
      const ring = withReserved(changed, opened.used, this.#options.reserve ?? DEFAULT_RESERVE);
      await this.#commit(opened, this.#wrap(ring, opened.rootKey));
      this.#still(opened);
      opened.ring = ring;
      opened.keys = byTerm(ring);
    });
  }

  /** A failure after the commit is none: which keyring lies there is looked up. */
  async #commit(opened: Opened, stored: Buffer, also?: (tx: Transaction) => void): Promise<void> {
    try {
      await this.#store.transact(async (tx) => {
        const found = await tx.get(KEYRING);
        if (found === undefined || Buffer.compare(found, opened.stored) !== 0) {
          throw new Fault("internal", "keyring in the storage was changed by another process");
        }
        tx.put(KEYRING, stored);
        also?.(tx);
      });
    } catch (error) {
      const found = await this.#store.get(KEYRING).catch(() => undefined);
      if (found === undefined || Buffer.compare(found, stored) !== 0) throw error;
    }
    opened.stored = stored;
  }

  async #inTurn(step: () => Promise<void>): Promise<void> {
    const run = this.#turn.then(step);
    this.#turn = run.catch(() => undefined);
    await run;
  }

  #wrap(ring: Keyring, rootKey: Buffer): Buffer {
    const clear = encodeKeyring(ring);
    try {
      return wrapKey(clear, { key: rootKey, path: KEYRING }, this.#options.random);
    } finally {
      clear.fill(0);
    }
  }

  #unwrap(stored: Uint8Array, rootKey: Buffer): Keyring {
    let clear: Buffer | undefined;
    try {
      clear = unwrapKey(stored, { key: rootKey, path: KEYRING });
      return decodeKeyring(clear);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#options.log("error", "keyring cannot be opened", { error });
      throw new Fault("internal", "keyring cannot be opened with this root key", { cause: error });
    } finally {
      clear?.fill(0);
    }
  }

  #now(): Opened {
    if (this.#opened === undefined) throw sealedFault();
    return this.#opened;
  }

  /** What began before a seal does not go on after it, even when the barrier is open again. */
  #still(opened: Opened): void {
    if (this.#opened !== opened) throw sealedFault();
  }
}

function byTerm(ring: Keyring): ReadonlyMap<number, TermKey> {
  return new Map(ring.terms.map((key) => [key.term, key]));
}

function sealedFault(): Fault {
  return new Fault("sealed", "Vault is sealed");
}

function checkClear(key: string): void {
  if (key.startsWith(BOOT)) throw new Fault("invalid", `path begins with the reserved ${BOOT}`);
}

async function listClear(raw: Reader, prefix: string): Promise<readonly string[]> {
  checkClear(prefix);
  const names = await raw.list(prefix);
  return prefix === "" ? names.filter((name) => name !== BOOT) : names;
}
