/** The queue before a device: order, grouping, deadlines, and what hangs. */
import { expect, test } from "@jest/globals";
import { LineQueue, type Target } from "../../../server/audit/queue.ts";
import { fakeClock } from "../../fakes/clock.ts";

interface FakeTarget extends Target {
  readonly puts: string[];
  closed: number;
  work: (text: string) => Promise<void>;
}

function fakeTarget(): FakeTarget {
  const target: FakeTarget = {
    puts: [],
    closed: 0,
    work: () => Promise.resolve(),
    put: async (bytes) => {
      const text = bytes.toString();
      target.puts.push(text);
      await target.work(text);
    },
    stale: () => {
      target.puts.push("<stale>");
    },
    close: () => {
      target.closed += 1;
      return Promise.resolve();
    },
  };
  return target;
}

const LIMITS = { deadline: 1000, waiting: 20 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<void>(() => undefined);

test("lines of one turn go out together, in order; those that come meanwhile go next", async () => {
  const target = fakeTarget();
  const queue = new LineQueue(target, fakeClock(), LIMITS);
  let release: () => void = () => undefined;
  target.work = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const first = [queue.write("a\n"), queue.write("b\n")];
  await turn();
  const second = [queue.write("c\n"), queue.write("d\n")];
  target.work = () => Promise.resolve();
  release();
  await Promise.all([...first, ...second]);
  expect(target.puts).toEqual(["a\nb\n", "c\nd\n"]);
});

test("a failed write fails everyone in it and nobody after it", async () => {
  const target = fakeTarget();
  const queue = new LineQueue(target, fakeClock(), LIMITS);
  target.work = () => Promise.reject(new Error("disk full"));
  const lost = [queue.write("a\n"), queue.write("b\n")];
  for (const result of await Promise.allSettled(lost)) expect(result).toMatchObject({ status: "rejected" });
  target.work = () => Promise.resolve();
  await queue.write("c\n");
  expect(target.puts).toEqual(["a\nb\n", "c\n"]);
});

test("a write that hangs fails at the deadline with all behind it; the device refuses until it comes back", async () => {
  const target = fakeTarget();
  const clock = fakeClock();
  const queue = new LineQueue(target, clock, LIMITS);
  let release: () => void = () => undefined;
  target.work = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const results = Promise.allSettled([queue.write("a\n")]);
  await turn();
  const behind = Promise.allSettled([queue.write("b\n")]);
  await clock.advance(900);
  expect(target.puts).toEqual(["a\n"]);
  await clock.advance(350);
  expect((await results)[0]).toMatchObject({ status: "rejected", reason: { message: "no answer within 1000 ms" } });
  expect((await behind)[0]).toMatchObject({ status: "rejected" });
  await expect(queue.write("c\n")).rejects.toThrow("still hanging");
  target.work = () => Promise.resolve();
  release();
  await turn();
  await queue.write("d\n");
  expect(target.puts).toEqual(["a\n", "d\n"]);
});

test("what waits is bounded, both sides", async () => {
  const target = fakeTarget();
  const queue = new LineQueue(target, fakeClock(), LIMITS);
  const taken = queue.write("x".repeat(20));
  await expect(queue.write("y")).rejects.toThrow("too much is waiting");
  await taken;
  await queue.write("z");
});

test("reopen goes by the same queue", async () => {
  const target = fakeTarget();
  const queue = new LineQueue(target, fakeClock(), LIMITS);
  await Promise.all([queue.write("a\n"), queue.reopen()]);
  await queue.write("b\n");
  expect(target.puts).toEqual(["<stale>", "a\n", "b\n"]);
});

test("close waits for what is queued, then refuses", async () => {
  const target = fakeTarget();
  const queue = new LineQueue(target, fakeClock(), LIMITS);
  const last = queue.write("a\n");
  await queue.close();
  await last;
  expect(target.closed).toBe(1);
  await expect(queue.write("b\n")).rejects.toThrow("closed");
});

test("close does not wait for a write that hangs", async () => {
  const target = fakeTarget();
  const clock = fakeClock();
  const queue = new LineQueue(target, clock, LIMITS);
  target.work = () => never;
  const hung = Promise.allSettled([queue.write("a\n")]);
  await clock.advance(1500);
  expect((await hung)[0]).toMatchObject({ status: "rejected" });
  await queue.close();
  expect(target.closed).toBe(0);
});
