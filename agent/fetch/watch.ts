/** Who says that a secret may have changed. Polling knows nothing and says it of every path in turn; a push would know. */
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";

export interface Watch {
  /**
   * Calls `changed` with those of `paths()` that may differ from what was last read. Runs until `signal` aborts.
   * @param paths asked anew each time: what is watched grows and shrinks
   * @param changed must not throw
   */
  watch(
    paths: () => readonly string[],
    changed: (paths: readonly string[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Jitter takes up to this part of an interval away, never adds to it: nothing comes later than was promised. */
const JITTER = 0.1;

/** @param interval milliseconds, at most, between two looks */
export function pollingWatch(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly interval: number;
}): Watch {
  const { clock, random, interval } = options;
  return {
    async watch(paths, changed, signal) {
      for (;;) {
        try {
          await clock.sleep(interval * (1 - JITTER * random.fraction()), signal);
        } catch (error) {
          if (signal.aborted) return;
          throw error;
        }
        changed(paths());
      }
    },
  };
}
