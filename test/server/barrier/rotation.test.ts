/** When the barrier's key is replaced by itself: after so many encryptions, after so long; both sides of each bound. */
import { expect, test } from "@jest/globals";
import { systemRandom } from "../../../lib/random.ts";
import { type Barrier, barrier } from "../../../server/barrier/barrier.ts";
import { KeyRotation } from "../../../server/barrier/rotation.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { put } from "../../conformance/storage-values.ts";
import { type FakeClock, fakeClock } from "../../fakes/clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const random = systemRandom();
const log = () => undefined;

async function walled(clock: FakeClock = fakeClock(0), store = memoryStore()) {
  const wall = barrier(store, { random, clock, log });
  const root = random.bytes(32);
  await store.transact((tx) => {
    wall.create(tx, root);
    return Promise.resolve();
  });
  await wall.open(root);
  const rotation = new KeyRotation(wall, { clock, log });
  await rotation.open();
  return { wall, rotation, clock };
}

const term = (wall: Barrier): number => wall.keyStatus().term;

test.each([
  [{ interval: DAY - 1 }, false],
  [{ interval: DAY }, true],
  [{ interval: 0 }, true],
  [{ maxOperations: 999_999 }, false],
  [{ maxOperations: 1_000_000 }, true],
  [{ maxOperations: 3_865_470_566 }, true],
  [{ maxOperations: 3_865_470_567 }, false],
  [{ enabled: false }, true],
])("%j is taken: %p", async (change, fits) => {
  const { rotation, wall, clock } = await walled();
  const before = rotation.read();
  expect(before).toEqual({ enabled: true, maxOperations: 2 ** 31, interval: 0 });
  if (fits) await rotation.write(change);
  else await expect(rotation.write(change)).rejects.toMatchObject({ kind: "invalid" });
  expect(rotation.read()).toEqual(fits ? { ...before, ...change } : before);
  const again = new KeyRotation(wall, { clock, log });
  await again.open();
  expect(again.read()).toEqual(rotation.read());
});

test("rotates when the key is as old as the interval, at once when it is older, not when switched off", async () => {
  const { wall, rotation, clock } = await walled();
  const stop = new AbortController();
  const running = rotation.run(stop.signal);
  await clock.advance(10 * DAY);
  expect(term(wall)).toBe(1);
  await rotation.write({ interval: 12 * DAY });
  await clock.advance(2 * DAY - 1);
  expect(term(wall)).toBe(1);
  await clock.advance(1);
  expect(term(wall)).toBe(2);
  await rotation.write({ enabled: false });
  await clock.advance(30 * DAY);
  expect(term(wall)).toBe(2);
  await rotation.write({ enabled: true });
  await clock.advance(0);
  expect(term(wall)).toBe(3);
  stop.abort();
  await running;
});

test("rotates after as many encryptions as are set", async () => {
  const { wall } = await walled();
  wall.rotateAfter(3);
  for (const key of ["a", "b", "c"]) await put(wall.storage, { [key]: "1" });
  expect(term(wall)).toBe(1);
  await put(wall.storage, { d: "1" });
  expect(term(wall)).toBe(2);
});
