/** The doorbell: a ring ends a wait, or the next one; two rings are one; an abort ends it with its reason. */
import { expect, test } from "@jest/globals";
import { Doorbell } from "../../lib/doorbell.ts";
import { fakeClock } from "../fakes/clock.ts";

const never = new AbortController().signal;

test("a ring ends the wait at once; without one it is the time", async () => {
  const [bell, clock] = [new Doorbell(), fakeClock()];
  const rung = bell.wait(clock, 1_000, never);
  bell.ring();
  expect(await rung).toBe(true);
  const timed = bell.wait(clock, 1_000, never);
  await clock.advance(999);
  expect(await Promise.race([timed, Promise.resolve("still waiting")])).toBe("still waiting");
  await clock.advance(1);
  expect(await timed).toBe(false);
});

test("a ring that nobody waits for is kept once: two are one", async () => {
  const [bell, clock] = [new Doorbell(), fakeClock()];
  bell.ring();
  bell.ring();
  expect(await bell.wait(clock, Infinity, never)).toBe(true);
  const next = bell.wait(clock, 5, never);
  await clock.advance(5);
  expect(await next).toBe(false);
});

test("without an end it waits for a ring alone", async () => {
  const [bell, clock] = [new Doorbell(), fakeClock()];
  const waiting = bell.wait(clock, Infinity, never);
  await clock.advance(365 * 86_400_000);
  bell.ring();
  expect(await waiting).toBe(true);
});

test("an abort ends it with its own reason, before and during the wait, and a ring is not lost over it", async () => {
  const [bell, clock] = [new Doorbell(), fakeClock()];
  const stop = new AbortController();
  const waiting = bell.wait(clock, Infinity, stop.signal);
  stop.abort(new Error("over"));
  await expect(waiting).rejects.toThrow("over");
  bell.ring();
  await expect(bell.wait(clock, 1, stop.signal)).rejects.toThrow("over");
  expect(await bell.wait(clock, Infinity, never)).toBe(true);
});
