/** A wait that someone else may end early. A ring that nobody waits for is kept for the next wait; two are one. */
import type { Clock } from "./clock.ts";

export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /**
   * @param ms milliseconds; Infinity waits for a ring alone
   * @returns whether it was a ring that ended the wait
   * @throws the signal's reason when it aborts first
   */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (!this.#rung) await this.#sleep(clock, ms, signal);
    signal.throwIfAborted();
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }

  async #sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const end = (): void => {
      early.abort();
    };
    this.#wake = end;
    signal.addEventListener("abort", end, { once: true });
    try {
      await clock.sleep(Math.min(ms, Number.MAX_SAFE_INTEGER), early.signal);
    } catch (error) {
      if (!early.signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", end);
      this.#wake = undefined;
    }
  }
}
