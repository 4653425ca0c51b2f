/** The heap against a sorted list, and the schedule on a clock moved by hand. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ExpiryHeap } from "../../../server/lease/heap.ts";
import { Schedule } from "../../../server/lease/schedule.ts";
import { fakeClock } from "../../fakes/clock.ts";

describe("heap", () => {
  test("property: any order of set, move, delete and take is that of a sorted list", () => {
    const step = fc.tuple(fc.constantFrom("set", "set", "delete", "take"), fc.nat(20), fc.nat(100));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new ExpiryHeap();
        const model = new Map<string, number>();
        for (const [what, id, due] of steps) {
          if (what === "set") {
            heap.set(String(id), due);
            model.set(String(id), due);
          } else if (what === "delete") {
            heap.delete(String(id));
            model.delete(String(id));
          } else {
            for (const taken of heap.takeDue(due, 3)) {
              const least = Math.min(...model.values());
              expect(model.get(taken)).toBe(least);
              expect(least).toBeLessThanOrEqual(due);
              model.delete(taken);
            }
          }
          expect(heap.size).toBe(model.size);
          expect(heap.next()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("100,000 entries go in, half of them move or leave, the rest comes out in order", () => {
    const heap = new ExpiryHeap();
    for (let i = 0; i < 100_000; i += 1) heap.set(String(i), (i * 7919) % 100_003);
    for (let i = 0; i < 100_000; i += 4) heap.delete(String(i));
    for (let i = 1; i < 100_000; i += 4) heap.set(String(i), i);
    let last = -1;
    let count = 0;
    for (let due = heap.next(); due !== undefined; due = heap.next()) {
      expect(due >= last).toBe(true);
      last = due;
      count += heap.takeDue(due, Number.POSITIVE_INFINITY).length;
    }
    expect(count).toBe(75_000);
  });
});

function scheduled(run?: (id: string) => Promise<void>) {
  const clock = fakeClock(1000);
  const done: [string, number][] = [];
  const logged: string[] = [];
  const schedule = new Schedule({
    clock,
    what: "token",
    log: (_level, message) => void logged.push(message),
    run: async (id) => {
      await run?.(id);
      done.push([id, clock.now()]);
    },
  });
  const stop = new AbortController();
  return { clock, schedule, done, logged, stop, ended: schedule.run(stop.signal) };
}

describe("schedule", () => {
  test("runs each at its time, also what is added earlier than all others", async () => {
    const { clock, schedule, done, stop, ended } = scheduled();
    schedule.set("late", 50_000);
    await clock.advance(1000);
    schedule.set("soon", 3000);
    schedule.set("moved", 4000);
    schedule.set("moved", 5000);
    schedule.set("gone", 4500);
    schedule.delete("gone");
    await clock.advance(60_000);
    expect(done).toEqual([
      ["soon", 3000],
      ["moved", 5000],
      ["late", 50_000],
    ]);
    stop.abort();
    await ended;
  });

  test("a clock that jumps ahead is noticed within a minute, one that jumps back makes nothing early", async () => {
    const { clock, schedule, done, stop } = scheduled();
    schedule.set("a", 1000 + 3_600_000);
    await clock.advance(10);
    clock.jump(3_600_000);
    await clock.advance(60_000);
    expect(done.map(([id]) => id)).toEqual(["a"]);
    schedule.set("b", clock.now() + 1000);
    clock.jump(-10_000);
    await clock.advance(5000);
    expect(done).toHaveLength(1);
    await clock.advance(6001);
    expect(done).toHaveLength(2);
    stop.abort();
  });

  test("what fails is tried again, later each time, and does not hold up the others", async () => {
    let failures = 3;
    const { clock, schedule, done, logged, stop } = scheduled((id) =>
      id === "bad" && failures-- > 0 ? Promise.reject(new Error("no")) : Promise.resolve(),
    );
    schedule.set("bad", 1000);
    schedule.set("good", 1000);
    await clock.advance(100);
    expect(done.map(([id]) => id)).toEqual(["good"]);
    await clock.advance(10_000);
    expect(done).toEqual([
      ["good", 1000],
      ["bad", 8000],
    ]);
    expect(logged).toHaveLength(3);
    stop.abort();
  });
});
