/**
 * A cache in front of storage that never shows a value older than an acknowledged write.
 *
 * 1. While a key is being written, reads of it go past the cache and leave nothing in it.
 * 2. A read that was under way when a write of its key began or ended leaves nothing either: it may have seen the old value.
 * 3. `clear` counts as a write of every key.
 */
import { Lru } from "./lru.ts";

interface Reading {
  stale: boolean;
}

export class CoherentCache<V> {
  readonly #items: Lru<V>;
  readonly #cost: (value: V) => number;
  readonly #writing = new Map<string, number>();
  readonly #reading = new Map<string, Set<Reading>>();

  /** @param most the largest sum of costs; @param cost of one value, 1 unless given */
  constructor(most: number, cost: (value: V) => number = () => 1) {
    this.#items = new Lru(most);
    this.#cost = cost;
  }

  get(key: string): V | undefined {
    return this.#items.get(key);
  }

  /** `read` answers undefined for what does not exist; that is not remembered. */
  async load(key: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const reading = { stale: this.#writing.has(key) };
    const beside = this.#reading.get(key) ?? new Set();
    this.#reading.set(key, beside.add(reading));
    try {
      const value = await read();
      if (value !== undefined && !reading.stale) this.#items.set(key, value, this.#cost(value));
      return value;
    } finally {
      beside.delete(reading);
      if (beside.size === 0 && this.#reading.get(key) === beside) this.#reading.delete(key);
    }
  }

  /** Runs a write of these keys; afterwards, however it ended, the next read of each asks storage. */
  async write<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    for (const key of keys) {
      this.#drop(key);
      this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    }
    try {
      return await work();
    } finally {
      for (const key of keys) {
        const left = (this.#writing.get(key) ?? 1) - 1;
        if (left === 0) this.#writing.delete(key);
        else this.#writing.set(key, left);
        this.#drop(key);
      }
    }
  }

  clear(): void {
    this.#items.clear();
    for (const beside of this.#reading.values()) for (const reading of beside) reading.stale = true;
  }

  #drop(key: string): void {
    this.#items.delete(key);
    for (const reading of this.#reading.get(key) ?? []) reading.stale = true;
  }
}
