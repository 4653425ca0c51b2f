/**
 * A cache in front of storage that never shows a value older than an acknowledged write.
 *
 * 1. While a key is being written, reads of it go past the cache and leave nothing in it.
 * 2. A read that began before a write ended leaves nothing in it either: it may have seen the old value.
 * 3. `clear` counts as a write of everything.
 */
import { Lru } from "./lru.ts";

export class CoherentCache<V> {
  readonly #items: Lru<V>;
  readonly #cost: (value: V) => number;
  readonly #writing = new Map<string, number>();
  /** Rises at the start and at the end of every write. */
  #epoch = 0;

  constructor(most: number, cost: (value: V) => number = () => 1) {
    this.#items = new Lru(most);
    this.#cost = cost;
  }

  get(key: string): V | undefined {
    return this.#items.get(key);
  }

  /** `read` answers undefined for what does not exist; that is not remembered. */
  async load(key: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const epoch = this.#epoch;
    const value = await read();
    if (value !== undefined && epoch === this.#epoch && !this.#writing.has(key)) {
      this.#items.set(key, value, this.#cost(value));
    }
    return value;
  }

  /** Runs the write of `key`; afterwards, however it ended, the next read asks storage. */
  async write<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#drop(key);
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#writing.get(key) ?? 1) - 1;
      if (left === 0) this.#writing.delete(key);
      else this.#writing.set(key, left);
      this.#drop(key);
    }
  }

  clear(): void {
    this.#epoch += 1;
    this.#items.clear();
  }

  #drop(key: string): void {
    this.#epoch += 1;
    this.#items.delete(key);
  }
}
