/**
 * The token store. Its rules:
 *
 * 1. Nothing but HMACs of token strings and accessors names anything in storage or memory.
 * 2. A token is live only if it is neither ended, expired nor spent, and all its ancestors are live: so one write ends a tree.
 * 3. What a call acknowledges is on disk, and the next look-up sees it (`CoherentCache`).
 * 4. Expiry is wall time: an expired token is not found, whether or not the sweep has come to it.
 * 5. Batch tokens are all in their string (`batch.ts`): nothing here but their parent, their mount and the clock can end them.
 * 6. What is to fall due is read after unseal, beside requests: nothing walks the tokens before they are served.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import { CoherentCache } from "../../lib/coherent-cache.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import { Serial } from "../../lib/serial.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { NewToken, Tokens } from "../contract/tokens.ts";
import { HEAD_START, Schedule } from "../lease/schedule.ts";
import { BatchTokens, isBatch, type Unsealed } from "./batch.ts";
import { getLease, TOKEN_LEASES } from "./lease-index.ts";
import { mint, mintBatch } from "./mint.ts";
import { Names } from "./names.ts";
import {
  accessorKey,
  decodeText,
  ENDING_ROOT,
  ID_ROOT,
  INDEXED_KEY,
  isExpired,
  isLive,
  NOTHING,
  putRecord,
  readRecord,
  type TokenRecord,
} from "./record.ts";
import { tidy } from "./tidy.ts";
import { deleteAlone, deleteTree, markEnded, type TreeParts } from "./tree.ts";
import { giveLease } from "./upgrade.ts";

/** Characters of entries that are kept decrypted: some 50,000 tokens of the usual size. */
const CACHED = 50 * 1024 * 1024;
/** Records read between two turns of the event loop: a third of a millisecond, which no request notices. */
const STRIDE = 8;
/** Ended at a time by a prefix. */
const TOGETHER = 32;
/** Accessors that a list holds, unless another number is asked for. */
const MOST_ACCESSORS = 100_000;

export interface TokenStoreParts {
  /** The whole store, decrypted; everything of tokens lies below "sys/token/". */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /**
   * Deletes what others keep for a token (its secrets' leases, its cubbyhole), which no longer works. Asked before the
   * token's record is deleted, again after a crash or when it has failed: repeatable.
   */
  readonly ended?: (id: string) => Promise<void>;
  /** The mount that serves a path, for counts; without it the path's first two segments. */
  readonly mountOf?: (path: string) => string | undefined;
  /** The accessor of the mount that serves a path; without it no batch token ends with its mount. */
  readonly accessorAt?: (path: string) => string | undefined;
}

/** Does nothing until `open`. */
export function tokenStore(parts: TokenStoreParts): Tokens {
  return new TokenStore(parts);
}

class TokenStore implements Tokens {
  readonly #parts: TokenStoreParts;
  readonly #names = new Names();
  readonly #batch = new BatchTokens();
  readonly #cache = new CoherentCache<TokenRecord>(CACHED, sizeOf);
  readonly #users = new Serial();
  readonly #schedule: Schedule;
  readonly #tree: TreeParts;
  /** Every token that ends has its lease's key. */
  #indexed = false;

  constructor(parts: TokenStoreParts) {
    const { storage, clock, log } = parts;
    this.#parts = parts;
    this.#schedule = new Schedule({ clock, log, what: "token", run: (id) => this.#sweep(id) });
    const gone = (id: string): void => {
      this.#schedule.delete(id);
    };
    this.#tree = { storage, cache: this.#cache, gone, ended: parts.ended ?? (() => Promise.resolve()) };
  }

  async open(): Promise<void> {
    const { storage, random } = this.#parts;
    await this.#names.open(storage, random);
    await this.#batch.open(storage, random);
    this.#indexed = (await storage.get(INDEXED_KEY)) !== undefined;
  }

  forget(): void {
    this.#cache.clear();
    this.#schedule.clear();
    this.#names.forget();
    this.#batch.forget();
  }

  async create(token: NewToken): Promise<{ readonly token: Secret; readonly entry: TokenEntry }> {
    const { clock, random, storage } = this.#parts;
    const parts = { storage, random, names: this.#names, now: clock.now() };
    if (token.type === "batch") {
      if (token.parent !== "" && (await this.byId(token.parent)) === undefined) {
        throw new Fault("denied", "parent token lookup failed: no parent found");
      }
      return mintBatch(token, parts, this.#batch);
    }
    const made = await mint(token, parts);
    this.#plan(made.entry);
    return made;
  }

  async find(token: Secret): Promise<TokenEntry | undefined> {
    const id = this.#names.token(token);
    if (!isBatch(token)) return this.byId(id);
    const opened = this.#batch.unseal(token, id);
    if (opened === undefined || isExpired(opened.entry, this.#parts.clock.now()) || !this.#isMounted(opened)) {
      return undefined;
    }
    const { entry } = opened;
    return entry.parent === "" || (await this.byId(entry.parent)) !== undefined ? entry : undefined;
  }

  /** The method that it came by is still there, at the same path. */
  #isMounted({ entry, mount }: Unsealed): boolean {
    const { accessorAt } = this.#parts;
    return mount === "" || accessorAt === undefined || accessorAt(entry.path) === mount;
  }

  async byId(id: string): Promise<TokenEntry | undefined> {
    const now = this.#parts.clock.now();
    const record = this.#cache.get(id) ?? (await this.#load(id));
    if (record === undefined || !isLive(record, now)) return undefined;
    for (let above = record.entry.parent; above !== ""; ) {
      const ancestor = this.#cache.get(above) ?? (await this.#load(above));
      if (ancestor === undefined || !isLive(ancestor, now)) return undefined;
      above = ancestor.entry.parent;
    }
    return record.entry;
  }

  async byAccessor(accessor: string): Promise<TokenEntry | undefined> {
    const id = await this.#parts.storage.get(accessorKey(this.#names.accessor(accessor)));
    return id === undefined ? undefined : this.byId(decodeText(id));
  }

  async use(entry: TokenEntry): Promise<TokenEntry | undefined> {
    if (entry.numUses === 0) return entry;
    const { id } = entry;
    return this.#change(id, (record) => {
      const left = record.entry.numUses - 1;
      if (left > 0) return { ...record, entry: { ...record.entry, numUses: left } };
      return { ...record, entry: { ...record.entry, numUses: -1 }, state: "spent" };
    });
  }

  async spent(entry: TokenEntry): Promise<void> {
    if (entry.numUses === -1) await this.revoke(entry.id);
  }

  async renew(entry: TokenEntry, expireTime: number, lastRenewalTime = this.#parts.clock.now()): Promise<TokenEntry> {
    const after = await this.#change(entry.id, (record) => ({
      ...record,
      entry: { ...record.entry, expireTime, lastRenewalTime },
    }));
    if (after === undefined) throw new Fault("invalid", "token not found");
    this.#plan(after);
    return after;
  }

  async revoke(id: string): Promise<void> {
    if (!(await markEnded(this.#tree, id))) return;
    try {
      await deleteTree(this.#tree, id);
    } catch (error) {
      // It is ended all the same; the sweep deletes what is left.
      this.#schedule.set(id, this.#parts.clock.now());
      throw error;
    }
  }

  async revokeOrphan(id: string): Promise<void> {
    try {
      await deleteAlone(this.#tree, id);
    } catch (error) {
      this.#schedule.set(id, this.#parts.clock.now());
      throw error;
    }
  }

  async revokePrefix(prefix: string): Promise<void> {
    const folder = prefix.endsWith("/") ? prefix : `${prefix}/`;
    let ids: string[] = [];
    const revoke = async (): Promise<void> => {
      await Promise.all(ids.map((id) => this.revoke(id)));
      ids = [];
    };
    for await (const leaseId of TOKEN_LEASES.below(this.#parts.storage, folder)) {
      const id = await getLease(this.#parts.storage, leaseId);
      if (id !== undefined) ids.push(decodeText(id));
      if (ids.length === TOGETHER) await revoke();
    }
    await revoke();
    if (this.#indexed) return;
    await this.#walk(async ({ entry }) => {
      if (entry.path.startsWith(folder)) await this.revoke(entry.id);
    });
  }

  async accessors(most = MOST_ACCESSORS): Promise<readonly string[]> {
    const out: string[] = [];
    await this.#walk(async ({ entry }) => {
      if (out.length < most && (await this.byId(entry.id)) !== undefined) out.push(entry.accessor);
    });
    return out.sort();
  }

  async byLease(leaseId: string): Promise<TokenEntry | undefined> {
    const id = await getLease(this.#parts.storage, leaseId);
    return id === undefined ? undefined : this.byId(decodeText(id));
  }

  leases(prefix: string): Promise<readonly string[]> {
    return TOKEN_LEASES.list(this.#parts.storage, prefix);
  }

  async count(): Promise<ReadonlyMap<string, number>> {
    const mountOf = this.#parts.mountOf ?? ((path) => path.split("/", 2).join("/"));
    const counts = new Map<string, number>();
    for await (const leaseId of TOKEN_LEASES.below(this.#parts.storage, "")) {
      const mount = mountOf(leaseId) ?? "";
      counts.set(mount, (counts.get(mount) ?? 0) + 1);
    }
    return counts;
  }

  tidy(): Promise<void> {
    return tidy(this.#parts.storage, (id) => this.revoke(id));
  }

  async expire(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#recall(signal), this.#schedule.run(signal)]);
  }

  /** Plans the end of everything that is stored, at once for what was to end before. */
  async #recall(signal: AbortSignal): Promise<void> {
    const now = this.#parts.clock.now();
    for (const id of await this.#parts.storage.list(ENDING_ROOT)) this.#schedule.set(id, now);
    await this.#parts.clock.sleep(HEAD_START, signal).catch(() => undefined);
    if (!this.#indexed) await this.#upgrade(signal);
    let visited = 0;
    for await (const leaseId of TOKEN_LEASES.below(this.#parts.storage, "")) {
      if (signal.aborted) return;
      const id = await getLease(this.#parts.storage, leaseId);
      const record = id === undefined ? undefined : await readRecord(this.#parts.storage, decodeText(id));
      if (record?.state === "live") this.#plan(record.entry);
      else if (record !== undefined) this.#schedule.set(record.entry.id, now);
      visited += 1;
      if (visited % STRIDE === 0) await nextTurn();
    }
  }

  /** An older store: each token that ends gets its lease's key. */
  async #upgrade(signal: AbortSignal): Promise<void> {
    const { storage, random, log } = this.#parts;
    let given = 0;
    await this.#walk(async ({ entry }) => {
      const there = await this.#cache.write([entry.id], () => giveLease(storage, entry.id, random));
      if (there) given += 1;
    }, signal);
    if (signal.aborted) return;
    await storage.transact((tx) => {
      tx.put(INDEXED_KEY, NOTHING);
      return Promise.resolve();
    });
    this.#indexed = true;
    log("info", "tokens of an older store can be found by their leases", { tokens: given });
  }

  #plan({ id, expireTime }: TokenEntry): void {
    if (expireTime !== 0) this.#schedule.set(id, expireTime);
  }

  /** Ends what is really due: a renewal may have come between. */
  async #sweep(id: string): Promise<void> {
    const now = this.#parts.clock.now();
    const due = await markEnded(this.#tree, id, (record) => record.state !== "live" || isExpired(record.entry, now));
    if (due) await deleteTree(this.#tree, id);
    else this.#replan(await readRecord(this.#parts.storage, id));
  }

  #replan(record: TokenRecord | undefined): void {
    if (record !== undefined) this.#plan(record.entry);
  }

  async #load(id: string): Promise<TokenRecord | undefined> {
    return this.#cache.load(id, () => readRecord(this.#parts.storage, id));
  }

  /** Changes a live token after the earlier changes of it. @returns undefined, with nothing written, when it is not live */
  #change(id: string, change: (record: TokenRecord) => TokenRecord): Promise<TokenEntry | undefined> {
    const { storage, clock } = this.#parts;
    return this.#users.run(id, () =>
      this.#cache.write([id], () =>
        storage.transact(async (tx) => {
          const record = await readRecord(tx, id);
          if (record === undefined || !isLive(record, clock.now())) return undefined;
          const after = change(record);
          putRecord(tx, after);
          if (after.state !== "live") tx.put(ENDING_ROOT + id, NOTHING);
          return after.entry;
        }),
      ),
    );
  }

  async #walk(visit: (record: TokenRecord) => Promise<void>, signal?: AbortSignal): Promise<void> {
    let visited = 0;
    for (const id of await this.#parts.storage.list(ID_ROOT)) {
      if (signal?.aborted === true) return;
      const record = await readRecord(this.#parts.storage, id);
      if (record !== undefined) await visit(record);
      visited += 1;
      if (visited % STRIDE === 0) await nextTurn();
    }
  }
}

/** Metadata and lists have no limit of their own: they count for what they take. */
function sizeOf({ entry }: TokenRecord): number {
  let size = 1024 + entry.displayName.length + entry.path.length;
  for (const [name, text] of entry.metadata) size += name.length + text.length + 64;
  for (const text of [...entry.policies, ...entry.boundCidrs]) size += text.length + 32;
  return size;
}
