/** What falls due when: a binary heap in which each id has one place, so it can be moved and taken out in O(log n). */

interface Item {
  readonly id: string;
  readonly due: number;
}

export class ExpiryHeap {
  readonly #items: Item[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#items.length;
  }

  /** Adds `id`, or moves it. @param due wall-clock milliseconds */
  set(id: string, due: number): void {
    const place = this.#places.get(id);
    if (place === undefined) {
      this.#items.push({ id, due });
      this.#up(this.#items.length - 1);
      return;
    }
    const before = this.#at(place);
    this.#put(place, { id, due });
    if (due < before.due) this.#up(place);
    else this.#down(place);
  }

  delete(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    const last = this.#items.pop();
    if (last === undefined || last.id === id) return;
    this.#put(place, last);
    this.#up(place);
    this.#down(this.#places.get(last.id) ?? place);
  }

  /** The earliest due time; undefined when empty. */
  next(): number | undefined {
    return this.#items[0]?.due;
  }

  /** Takes out up to `most` ids that are due at `now`, the earliest first. */
  takeDue(now: number, most: number): readonly string[] {
    const out: string[] = [];
    for (
      let first = this.#items[0];
      first !== undefined && first.due <= now && out.length < most;
      first = this.#items[0]
    ) {
      out.push(first.id);
      this.delete(first.id);
    }
    return out;
  }

  clear(): void {
    this.#items.length = 0;
    this.#places.clear();
  }

  #up(from: number): void {
    let place = from;
    const item = this.#at(place);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#at(above);
      if (other.due <= item.due) break;
      this.#put(place, other);
      place = above;
    }
    this.#put(place, item);
  }

  #down(from: number): void {
    let place = from;
    const item = this.#at(place);
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#items.length) break;
      const right = left + 1;
      const below = right < this.#items.length && this.#at(right).due < this.#at(left).due ? right : left;
      const other = this.#at(below);
      if (item.due <= other.due) break;
      this.#put(place, other);
      place = below;
    }
    this.#put(place, item);
  }

  #at(place: number): Item {
    const item = this.#items[place];
    if (item === undefined) throw new Error("place beyond the heap");
    return item;
  }

  #put(place: number, item: Item): void {
    this.#items[place] = item;
    this.#places.set(item.id, place);
  }
}
