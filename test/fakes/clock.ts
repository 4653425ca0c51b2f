/** A clock that moves only when told. `sleep` resolves when `advance` passes its due time. */
import type { Clock } from "../../lib/clock.ts";

export interface FakeClock extends Clock {
  /** Moves time by `ms` milliseconds in steps, waking each sleeper at its due time, earliest first. */
  advance(ms: number): Promise<void>;
  /** Sets wall time alone, as an NTP step or an operator does; sleepers do not notice. */
  jump(ms: number): void;
}

export function fakeClock(start = 0): FakeClock {
  let now = 0;
  let offset = start;
  let sleepers: { due: number; wake: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now + offset,
    monotonic: () => now,
    jump: (ms) => {
      offset += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = (): void => {
          sleepers = sleepers.filter((s) => s !== sleeper);
          reject(signal.reason as Error);
        };
        const wake = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        const sleeper = { due: now + Math.max(0, ms), wake };
        sleepers.push(sleeper);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const next = sleepers.filter((s) => s.due <= end).sort((a, b) => a.due - b.due)[0];
        if (next === undefined) break;
        sleepers = sleepers.filter((s) => s !== next);
        now = Math.max(now, next.due);
        next.wake();
      }
      now = end;
      await settle();
    },
  };
}
