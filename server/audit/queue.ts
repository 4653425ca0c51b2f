/**
 * The queue before one device: lines go out in the order they came, all that wait go out in one write, and whoever
 * waits hears within the deadline, also when the system call itself hangs (a dead NFS server). While a write hangs
 * past its deadline the device refuses at once, so nothing piles up behind it.
 */
import type { Clock } from "../../lib/clock.ts";

/** Where the bytes of a device go. One call at a time. */
export interface Target {
  /** All of it is there when this resolves; none of it when it rejects, as far as the target can take it back. */
  put(bytes: Buffer): Promise<void>;
  /** The next `put` opens by path again. */
  stale(): void;
  close(): Promise<void>;
}

export interface QueueLimits {
  /** Milliseconds that a line may wait for a write that is under way, and again for its own. */
  readonly deadline: number;
  /** UTF-16 units that may wait. */
  readonly waiting: number;
}

export const QUEUE_LIMITS: QueueLimits = { deadline: 2000, waiting: 64 * 1024 * 1024 };

/** Bytes that a batch begins with, and the most that is kept for the next one. */
const SMALL = 64 * 1024;
const LARGE = 1024 * 1024;

/** The lines of one write. They become bytes as they come, so nothing of them is held as text while they wait. */
class Batch {
  readonly done: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;
  #bytes: Buffer;
  #used = 0;

  /** @param bytes to write into: this batch's own until it has gone out */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get buffer(): Buffer {
    return this.#bytes;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  add(text: string): void {
    const most = this.#used + text.length * 3;
    if (most > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(most, this.#bytes.length * 2));
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#used += this.#bytes.write(text, this.#used);
  }
}

export class LineQueue {
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #ended = new AbortController();
  #waiting: Batch | undefined;
  #size = 0;
  #writing: Batch | undefined;
  /** Of a batch that has gone out: the next one writes into it. */
  #spare: Buffer | undefined;
  #since = 0;
  #busy = false;
  #hangs = false;
  #watched = false;

  constructor(target: Target, clock: Clock, limits: QueueLimits = QUEUE_LIMITS) {
    this.#target = target;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @param text whole lines, or "" to see whether the device opens */
  write(text: string): Promise<void> {
    const refusal = this.#refusal(text);
    if (refusal !== undefined) return Promise.reject(new Error(refusal));
    const batch = (this.#waiting ??= this.#newBatch());
    batch.add(text);
    this.#size += text.length;
    if (!this.#busy) {
      this.#busy = true;
      // Whatever comes in the same turn of the event loop goes into the same write.
      setImmediate(() => void this.#flush());
    }
    return batch.done;
  }

  /** Opens by path again, then resolves: for log rotation. */
  reopen(): Promise<void> {
    this.#target.stale();
    return this.write("");
  }

  /** Lines still waiting get the deadline to go out. */
  async close(): Promise<void> {
    if (!this.#hangs) await this.write("").catch(() => undefined);
    this.#ended.abort();
    await (this.#hangs ? undefined : this.#target.close());
  }

  #refusal(text: string): string | undefined {
    if (this.#ended.signal.aborted) return "the device is closed";
    if (this.#hangs) return "an earlier write is still hanging";
    return this.#size + text.length > this.#limits.waiting ? "too much is waiting" : undefined;
  }

  #newBatch(): Batch {
    const bytes = this.#spare ?? Buffer.allocUnsafeSlow(SMALL);
    this.#spare = undefined;
    return new Batch(bytes);
  }

  async #flush(): Promise<void> {
    for (let batch = this.#waiting; batch !== undefined; batch = this.#waiting) {
      this.#waiting = undefined;
      this.#size = 0;
      this.#writing = batch;
      this.#since = this.#clock.monotonic();
      void this.#watch();
      try {
        await this.#target.put(batch.bytes);
        batch.resolve();
      } catch (error) {
        batch.reject(error);
      }
      this.#hangs = false;
      if (batch.buffer.length <= LARGE) this.#spare = batch.buffer;
    }
    this.#writing = undefined;
    this.#busy = false;
  }

  /** One watchman for as long as there is work, so that a write costs no timer of its own. */
  async #watch(): Promise<void> {
    if (this.#watched) return;
    this.#watched = true;
    try {
      do {
        await this.#clock.sleep(this.#limits.deadline / 4, this.#ended.signal);
        if (this.#busy && this.#clock.monotonic() - this.#since >= this.#limits.deadline) this.#giveUp();
      } while (this.#busy);
    } catch {
      this.#giveUp();
    }
    this.#watched = false;
  }

  #giveUp(): void {
    this.#hangs = true;
    const late = [this.#writing, this.#waiting];
    this.#waiting = undefined;
    this.#size = 0;
    for (const batch of late) batch?.reject(new Error(`no answer within ${String(this.#limits.deadline)} ms`));
  }
}
