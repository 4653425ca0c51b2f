/** A bounded map that drops what was not used for longest. The bound is a sum of costs, so a few large values do not hide behind a count. */

export class Lru<V> {
  readonly #items = new Map<string, { readonly key: string; readonly value: V; readonly cost: number }>();
  readonly #most: number;
  #total = 0;

  /** @param most the largest sum of costs; a value that costs more is not kept at all */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): V | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    this.#items.delete(key);
    // Under the string that is kept already: the caller's, and what it was cut from, can go.
    this.#items.set(item.key, item);
    return item.value;
  }

  set(key: string, value: V, cost = 1): void {
    this.delete(key);
    if (cost > this.#most) return;
    this.#items.set(key, { key, value, cost });
    this.#total += cost;
    for (const oldest of this.#items.keys()) {
      if (this.#total <= this.#most) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    this.#total -= item.cost;
  }

  clear(): void {
    this.#items.clear();
    this.#total = 0;
  }
}
