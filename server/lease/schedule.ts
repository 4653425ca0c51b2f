/**
 * Does what falls due, by wall time. It looks at the clock at least once a minute and never trusts how long it slept,
 * so a clock that jumps delays or hastens work by a minute at most.
 */
import { type BackoffLimits, backoff } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { Doorbell } from "../../lib/doorbell.ts";
import type { Log } from "../../lib/log.ts";
import { ExpiryHeap } from "./heap.ts";

const LONGEST_SLEEP = 60_000;
/** After an unseal: what waits for the server is served first, then what is to fall due is read. Milliseconds. */
export const HEAD_START = 1000;
/** At a time: enough for the store's group commit, few enough to leave it to the requests. */
const TOGETHER = 16;
const RETRY: BackoffLimits = { first: 1000, most: 60_000 };

export interface ScheduleParts {
  readonly clock: Clock;
  readonly log: Log;
  /** What is due is what is called: "token". For the log. */
  readonly what: string;
  /** Called with an id that was due; it must look itself whether that still holds. When it throws it is called again later. */
  readonly run: (id: string) => Promise<void>;
  /** From 1 s to a minute, unless given. */
  readonly retry?: BackoffLimits;
}

export class Schedule {
  readonly #parts: ScheduleParts;
  readonly #heap = new ExpiryHeap();
  readonly #failures = new Map<string, number>();
  readonly #bell = new Doorbell();

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** @param due wall-clock milliseconds; moves the id when it is in already */
  set(id: string, due: number): void {
    const before = this.#heap.next();
    this.#heap.set(id, due);
    if (before === undefined || due < before) this.#bell.ring();
  }

  delete(id: string): void {
    this.#heap.delete(id);
    this.#failures.delete(id);
  }

  clear(): void {
    this.#heap.clear();
    this.#failures.clear();
  }

  /** Ends when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#heap.takeDue(this.#parts.clock.now(), TOGETHER);
      if (due.length === 0) await this.#sleep(signal);
      else await Promise.all(due.map((id) => this.#do(id)));
    }
  }

  async #do(id: string): Promise<void> {
    try {
      await this.#parts.run(id);
      this.#failures.delete(id);
    } catch (error) {
      const failures = this.#failures.get(id) ?? 0;
      this.#failures.set(id, failures + 1);
      this.#heap.set(id, this.#parts.clock.now() + backoff(failures, this.#parts.retry ?? RETRY, 0));
      const fields = { what: this.#parts.what, failures: failures + 1 };
      this.#parts.log(
        "warn",
        "expiry failed, will be tried again",
        error instanceof Error ? { ...fields, error } : fields,
      );
    }
  }

  /** Until the next is due or something earlier is added. */
  async #sleep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const left = (this.#heap.next() ?? Number.POSITIVE_INFINITY) - clock.now();
    try {
      await this.#bell.wait(clock, Math.min(LONGEST_SLEEP, Math.max(0, left)), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
