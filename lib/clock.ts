/** Time as a dependency: nothing below a `main.ts` calls `Date.now`, `setTimeout` or `new Date()`. */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. Use it for what others must agree on: expiry, timestamps. */
  now(): number;
  /** Milliseconds on a clock that never jumps. Use it for backoff and time-outs. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds (any length); rejects with `signal.reason` when aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** setTimeout fires at once beyond this (Node documentation, `setTimeout`); Vault's default TTL of 32 days is longer. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let left = ms;
    while (left > LONGEST_TIMER) {
      await timer(LONGEST_TIMER, signal);
      left -= LONGEST_TIMER;
    }
    await timer(left, signal);
  },
};

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(handle);
      reject(signal.reason as Error);
    };
    const handle = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
