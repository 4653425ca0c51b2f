/** The cache's promise: no read after a write shows what was there before it. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { CoherentCache } from "../../lib/coherent-cache.ts";
import { Lru } from "../../lib/lru.ts";
import { Serial } from "../../lib/serial.ts";

test("a read under way when a write ends leaves nothing behind", async () => {
  const cache = new CoherentCache<string>(10);
  let release = (): void => undefined;
  const slow = cache.load("k", async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return "old";
  });
  await cache.write(["k"], () => Promise.resolve());
  release();
  expect(await slow).toBe("old");
  expect(cache.get("k")).toBeUndefined();
});

test("a read that begins while a write is under way leaves nothing behind; one of another key does", async () => {
  const cache = new CoherentCache<string>(10);
  await cache.load("k", () => Promise.resolve("old"));
  await cache.write(["k", "l"], async () => {
    expect(cache.get("k")).toBeUndefined();
    expect(await cache.load("k", () => Promise.resolve("old"))).toBe("old");
    expect(cache.get("k")).toBeUndefined();
    await cache.load("m", () => Promise.resolve("kept"));
  });
  expect(cache.get("k")).toBeUndefined();
  expect(cache.get("m")).toBe("kept");
});

test("a write that fails drops the value all the same; clear drops reads under way", async () => {
  const cache = new CoherentCache<string>(10);
  await cache.load("k", () => Promise.resolve("old"));
  await expect(cache.write(["k"], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(cache.get("k")).toBeUndefined();
  const reading = cache.load("k", () => Promise.resolve("old"));
  cache.clear();
  await reading;
  expect(cache.get("k")).toBeUndefined();
});

test("property: readers and writers in any order, a read never goes back behind an acknowledged write", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean(), { minLength: 2, maxLength: 12 }), async (s, steps) => {
      const cache = new CoherentCache<number>(10);
      let stored = 1;
      let acknowledged = 1;
      const read = async (): Promise<void> => {
        const floor = acknowledged;
        const value =
          cache.get("k") ??
          (await cache.load("k", async () => {
            const seen = stored;
            await s.schedule(Promise.resolve());
            return seen;
          }));
        expect(value).toBeGreaterThanOrEqual(floor);
      };
      let next = 1;
      const writers = new Serial();
      const write = (): Promise<void> =>
        writers.run("k", async () => {
          next += 1;
          const mine = next;
          await cache.write(["k"], async () => {
            await s.schedule(Promise.resolve());
            stored = mine;
            await s.schedule(Promise.resolve());
          });
          acknowledged = mine;
        });
      const all = steps.map((isWrite) => s.schedule(Promise.resolve()).then(isWrite ? write : read));
      await s.waitFor(Promise.all(all));
      expect(await cache.load("k", () => Promise.resolve(stored))).toBe(stored);
    }),
    { numRuns: 200 },
  );
});

test("the least used goes first, by cost", () => {
  const lru = new Lru<string>(10);
  lru.set("a", "A", 4);
  lru.set("b", "B", 4);
  lru.get("a");
  lru.set("c", "C", 4);
  expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual(["A", undefined, "C"]);
  lru.set("big", "X", 11);
  expect([lru.get("big"), lru.size]).toEqual([undefined, 2]);
  lru.set("a", "A2", 10);
  expect([lru.get("a"), lru.size]).toEqual(["A2", 1]);
});

test("work on one key is in order, a failure stops nobody, other keys go beside it", async () => {
  const serial = new Serial();
  const order: string[] = [];
  const step = (key: string, name: string, ok = true) =>
    serial.run(key, async () => {
      order.push(`${name} starts`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
      if (!ok) throw new Error(name);
    });
  const all = await Promise.allSettled([step("k", "1"), step("k", "2", false), step("k", "3"), step("l", "4")]);
  expect(all.map((o) => o.status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(order.filter((o) => !o.startsWith("4"))).toEqual([
    "1 starts",
    "1 ends",
    "2 starts",
    "2 ends",
    "3 starts",
    "3 ends",
  ]);
  expect(order.indexOf("4 starts")).toBeLessThan(order.indexOf("1 ends"));
});
