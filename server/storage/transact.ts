/**
 * `transact` for every engine: optimistic transactions over a snapshot. An engine gives a snapshot and one
 * step that compares the recorded reads with the state of now and applies the writes; this file records,
 * buffers, retries and keeps order among those who lost.
 *
 * Losers of a conflict wait for their turn at the place (key or folder) they lost on, first come, first
 * served, and whoever has read that place without the turn loses to the one who holds it. So fifty writers
 * of one key need two attempts each, not fifty.
 */
import { Fault } from "../../lib/fault.ts";
import type { Reader, Snapshot, Transaction } from "../contract/storage.ts";
import { checkKey, checkPrefix, compareKeys } from "./keys.ts";

const ATTEMPTS = 16;

/** What one attempt has read and wants written. */
export interface Change {
  /** The snapshot the reads come from. */
  readonly from: Snapshot;
  readonly reads: ReadonlyMap<string, Uint8Array | undefined>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** `undefined` deletes. */
  readonly writes: ReadonlyMap<string, Uint8Array | undefined>;
}

/** Names what was read: a key as it is, a folder with its trailing slash, the root as "/". */
export type Place = string;

export interface Engine {
  snapshot(): Snapshot;
  /**
   * In one step that nothing can come between: compares the reads with the state of now, asks `hindered`,
   * then applies all writes. Resolves when the outcome is on disk.
   * @returns the place in conflict, with nothing written; undefined when all is written
   */
  commit(change: Change, hindered: () => Place | undefined): Promise<Place | undefined>;
}

/** Runs transactions on one engine. */
export class Transactor {
  readonly #engine: Engine;
  readonly #turns = new Turns();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** See `Storage.transact`. */
  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let turn: Turn | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const outcome = await this.#attempt(work, turn);
        if (outcome.done) return outcome.value;
        turn?.end();
        turn = await this.#turns.take(outcome.lostOn, turn?.ticket);
      }
    } finally {
      turn?.end();
    }
    throw new Fault("conflict", "too many writers of the same data at the same time, try again");
  }

  async #attempt<T>(
    work: (tx: Transaction) => Promise<T>,
    turn: Turn | undefined,
  ): Promise<{ readonly done: true; readonly value: T } | { readonly done: false; readonly lostOn: Place }> {
    const from = this.#engine.snapshot();
    try {
      const tx = new Recorder(from);
      const value = await work(tx).finally(() => {
        tx.end();
      });
      if (tx.writes.size === 0) return { done: true, value };
      const lostOn = await this.#engine.commit({ from, reads: tx.reads, lists: tx.lists, writes: tx.writes }, () =>
        this.#turns.hindered(tx, turn),
      );
      return lostOn === undefined ? { done: true, value } : { done: false, lostOn };
    } finally {
      from.close();
    }
  }
}

interface Turn {
  readonly place: Place;
  /** Given at the first loss and kept: of two who hold turns at different places the older one goes first. */
  readonly ticket: number;
  end(): void;
}

/** Who may go at each contended place; a place nobody waits for costs nothing. */
class Turns {
  readonly #queues = new Map<Place, Turn[]>();
  readonly #wake = new Map<Turn, () => void>();
  #tickets = 0;

  async take(place: Place, ticket = (this.#tickets += 1)): Promise<Turn> {
    const turn: Turn = {
      place,
      ticket,
      end: () => {
        this.#end(turn);
      },
    };
    const queue = this.#queues.get(place);
    if (queue === undefined) {
      this.#queues.set(place, [turn]);
      return turn;
    }
    queue.push(turn);
    await new Promise<void>((resolve) => {
      this.#wake.set(turn, resolve);
    });
    return turn;
  }

  #end(turn: Turn): void {
    const queue = this.#queues.get(turn.place) ?? [];
    const [holder, next] = queue;
    if (holder !== turn) return;
    queue.shift();
    if (next === undefined) this.#queues.delete(turn.place);
    else {
      this.#wake.get(next)?.();
      this.#wake.delete(next);
    }
  }

  /** The place that `tx` has read while another holds the turn there. */
  hindered(tx: Recorder, own: Turn | undefined): Place | undefined {
    for (const [place, [holder]] of this.#queues) {
      if (holder === undefined || holder === own || !tx.hasRead(place)) continue;
      if (own === undefined || holder.ticket < own.ticket) return place;
    }
    return undefined;
  }
}

const ROOT = "/";

function folderPlace(prefix: string): Place {
  return prefix === "" ? ROOT : prefix;
}

/** The transaction that `work` sees: the snapshot under its own writes. */
class Recorder implements Transaction {
  readonly reads = new Map<string, Uint8Array | undefined>();
  readonly lists = new Map<string, readonly string[]>();
  readonly writes = new Map<string, Uint8Array | undefined>();
  readonly #from: Reader;
  #ended = false;

  constructor(from: Reader) {
    this.#from = from;
  }

  hasRead(place: Place): boolean {
    if (place === ROOT) return this.lists.has("");
    return this.reads.has(place) || this.lists.has(place);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    checkKey(key);
    if (this.writes.has(key)) return this.writes.get(key);
    if (this.reads.has(key)) return this.reads.get(key);
    const value = await this.#from.get(key);
    this.reads.set(key, value);
    return value;
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#check();
    checkPrefix(prefix);
    const names = new Set(await this.#base(prefix));
    const doubtful = new Set<string>();
    for (const [key, value] of this.writes) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const slash = rest.indexOf("/");
      const name = slash < 0 ? rest : rest.slice(0, slash + 1);
      if (value !== undefined) names.add(name);
      else if (slash < 0) names.delete(name);
      else doubtful.add(name);
    }
    for (const folder of doubtful) {
      if (names.has(folder) && (await this.list(prefix + folder)).length === 0) names.delete(folder);
    }
    return [...names].sort(compareKeys);
  }

  async #base(prefix: string): Promise<readonly string[]> {
    const known = this.lists.get(prefix);
    if (known !== undefined) return known;
    const names = await this.#from.list(prefix);
    this.lists.set(prefix, names);
    return names;
  }

  put(key: string, value: Uint8Array): void {
    this.#check();
    checkKey(key);
    this.writes.set(key, value);
  }

  delete(key: string): void {
    this.#check();
    checkKey(key);
    this.writes.set(key, undefined);
  }

  end(): void {
    this.#ended = true;
  }

  /** A write after `work` has ended would be lost without a word. */
  #check(): void {
    if (this.#ended) throw new Error("transaction used after its work has ended");
  }
}

/** The first read that no longer holds. Both readers answer at once, so the two together are one step. */
export function lostRead(
  change: Change,
  get: (key: string) => Uint8Array | undefined,
  list: (prefix: string) => readonly string[],
): Place | undefined {
  for (const [key, seen] of change.reads) {
    if (!sameBytes(seen, get(key))) return key;
  }
  for (const [prefix, seen] of change.lists) {
    const now = list(prefix);
    if (now.length !== seen.length || now.some((name, i) => name !== seen[i])) return folderPlace(prefix);
  }
  return undefined;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
