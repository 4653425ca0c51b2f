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

interface Line {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class LineQueue {
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #ended = new AbortController();
  #waiting: Line[] = [];
  #size = 0;
  #writing: readonly Line[] = [];
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
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#size += text.length;
      if (this.#busy) return;
      this.#busy = true;
      // Whatever comes in the same turn of the event loop goes into the same write.
      setImmediate(() => void this.#flush());
    });
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

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#size = 0;
      this.#writing = lines;
      this.#since = this.#clock.monotonic();
      void this.#watch();
      try {
        const text = lines.length === 1 ? (lines[0]?.text ?? "") : lines.map((line) => line.text).join("");
        await this.#target.put(Buffer.from(text));
        for (const line of lines) line.resolve();
      } catch (error) {
        for (const line of lines) line.reject(error);
      }
      this.#hangs = false;
    }
    this.#writing = [];
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
    const late = [...this.#writing, ...this.#waiting];
    this.#waiting = [];
    this.#size = 0;
    for (const line of late) line.reject(new Error(`no answer within ${String(this.#limits.deadline)} ms`));
  }
}
