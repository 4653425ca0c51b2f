/**
 * Decrypted values, the least recently used dropped first. A value may enter only when no write to its key
 * was under way or has ended since the read of it began, so what is found here is never older than what any
 * finished write has left.
 */

export interface CacheBounds {
  readonly entries: number;
  /** Of keys and values together. */
  readonly bytes: number;
}

/** One value may take this part of the whole. */
const SHARE = 16;

export class ClearCache {
  readonly #bounds: CacheBounds;
  readonly #entries = new Map<string, Uint8Array>();
  /** Keys that are being written, with the number of their writers. */
  readonly #writing = new Map<string, number>();
  /** The newest read under way of each key. */
  readonly #reading = new Map<string, symbol>();
  #bytes = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes };
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** To be called before a read of the store. @returns what `fill` asks for */
  begin(key: string): symbol {
    const read = Symbol(key);
    if (!this.#writing.has(key)) this.#reading.set(key, read);
    return read;
  }

  /** Ends the read: keeps `value` unless a write came between; `undefined` keeps nothing. */
  fill(key: string, read: symbol, value: Uint8Array | undefined): void {
    if (this.#reading.get(key) !== read) return;
    this.#reading.delete(key);
    if (value === undefined) return;
    const cost = costOf(key, value);
    if (cost > this.#bounds.bytes / SHARE) return;
    this.#drop(key);
    this.#entries.set(key, value);
    this.#bytes += cost;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.entries && this.#bytes <= this.#bounds.bytes) break;
      this.#drop(oldest);
    }
  }

  /** A write of `key` is about to be committed. Each call needs one `written`. */
  writing(key: string): void {
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    this.#forget(key);
  }

  /** The write has landed or failed. */
  written(key: string): void {
    const left = (this.#writing.get(key) ?? 1) - 1;
    if (left > 0) this.#writing.set(key, left);
    else this.#writing.delete(key);
    this.#forget(key);
  }

  /** Forgets all values; writes under way stay known. */
  clear(): void {
    this.#entries.clear();
    this.#reading.clear();
    this.#bytes = 0;
  }

  #forget(key: string): void {
    this.#reading.delete(key);
    this.#drop(key);
  }

  #drop(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= costOf(key, value);
  }
}

function costOf(key: string, value: Uint8Array): number {
  return key.length * 2 + value.length;
}
