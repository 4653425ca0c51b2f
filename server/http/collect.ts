/**
 * The memory that bodies take, bounded per listener set: who has no token can send bodies too, and a server that runs out
 * of memory comes back sealed. Pieces are joined as they come, since a body sent in chunks of one byte would cost a
 * hundred times its size as a list of them.
 */

/** Taken even when all memory is: so that small requests go on while somebody fills it. */
const SMALL = 64 * 1024;
const LEAST = 4096;

/** Bytes of bodies that may be held at the same time, by all listeners together. */
export class BodyMemory {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get held(): number {
    return this.#held;
  }

  share(): MemoryShare {
    let mine = 0;
    return {
      grow: (size) => {
        if (size > SMALL && this.#held - mine + size > this.#most) return false;
        this.#held += size - mine;
        mine = size;
        return true;
      },
      release: () => {
        this.#held -= mine;
        mine = 0;
      },
    };
  }
}

/** What one request holds of it, from the first byte of its body until it has been answered. */
export interface MemoryShare {
  /** @param size bytes held from now on. @returns false, with nothing changed, when there is no room for so many */
  grow(size: number): boolean;
  release(): void;
}

/** A body as it arrives. */
export class Collected {
  readonly #share: MemoryShare;
  readonly #declared: number;
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;

  /** @param declared bytes by Content-Length, 0 when it says nothing */
  constructor(share: MemoryShare, declared: number) {
    this.#share = share;
    this.#declared = declared;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns false when there is no room for it */
  add(chunk: Buffer): boolean {
    const size = this.#size + chunk.length;
    if (chunk.length === 0) return true;
    if (chunk.length === this.#declared) {
      if (!this.#share.grow(size)) return false;
      this.#bytes = chunk;
    } else if (!this.#fit(size)) return false;
    // A part is copied: it holds on to the 64 KiB that the socket was read into, for as long as the rest takes to come.
    else chunk.copy(this.#bytes, this.#size);
    this.#size = size;
    return true;
  }

  /** The whole; its memory is the caller's. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Doubles, so that each byte is moved twice at most. */
  #fit(size: number): boolean {
    if (size <= this.#bytes.length) return true;
    const room = Math.max(size, 2 * this.#bytes.length, LEAST);
    if (!this.#share.grow(room)) return false;
    const wider = Buffer.allocUnsafeSlow(room);
    this.#bytes.copy(wider, 0, 0, this.#size);
    this.#bytes = wider;
    return true;
  }
}
