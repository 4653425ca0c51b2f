/** What every store must do. Each engine's test calls `storageConformance` with its own constructor. */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Storage, Store } from "../../server/contract/storage.ts";
import { contention } from "./storage-contention.ts";
import { bytes, put, text } from "./storage-values.ts";

export interface StoreUnderTest {
  /** An empty store. */
  open(): Promise<Store>;
  /** Frees what `open` made; the store is closed already. */
  clean(): Promise<void>;
}

export function storageConformance(name: string, under: StoreUnderTest): void {
  describe(`${name}: storage conformance`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await under.open();
    });
    afterEach(async () => {
      await store.close();
      await under.clean();
    });
    const current = (): Store => store;
    keysAndValues(current);
    lists(current);
    transactions(current);
    contention(current);
    snapshots(current);
    model(current);
    closing(current);
  });
}

function keysAndValues(store: () => Store): void {
  test("what was put is read back; what was deleted is gone; an absent key is undefined", async () => {
    await put(store(), { "a/b": "1", "a/c": "" });
    expect(text(await store().get("a/b"))).toBe("1");
    expect(text(await store().get("a/c"))).toBe("");
    expect(await store().get("a")).toBeUndefined();
    await put(store(), { "a/b": undefined, "never/was": undefined });
    expect(await store().get("a/b")).toBeUndefined();
    expect(text(await store().get("a/c"))).toBe("");
  });

  const long = "k".repeat(1000);
  const wide = "é".repeat(500);
  test.each([
    ["1,000 bytes", long, true],
    ["1,001 bytes", `${long}k`, false],
    ["500 characters of two bytes", wide, true],
    ["501 characters of two bytes", `${wide}é`, false],
    ["one byte", "k", true],
    ["empty", "", false],
    ["leading slash", "/a", false],
    ["trailing slash", "a/", false],
    ["empty segment", "a//b", false],
    ["NUL", "a\u0000b", false],
    ["line feed", "a\nb", false],
    ["DEL", "a\u007fb", false],
    ["a C1 control", "a\u0085b", false],
    ["a lone surrogate", "a\ud800b", false],
    ["a pair of surrogates", "a\u{1f600}b", true],
    ["names JavaScript gives a meaning", "__proto__", true],
    ["dots are ordinary here", "../..", true],
    ["blanks", " a b ", true],
  ])("key: %s", async (_, key, fits) => {
    const write = put(store(), Object.fromEntries([[key, "v"]]));
    const read = store().get(key);
    if (fits) {
      await write;
      expect(text(await store().get(key))).toBe("v");
      await expect(read).resolves.not.toThrow();
    } else {
      await expect(write).rejects.toMatchObject({ kind: "invalid" });
      await expect(read).rejects.toMatchObject({ kind: "invalid" });
    }
  });

  test.each([0, 1, 4095, 4096, 32_768, 32_769, 1_048_576, 33_554_432])("a value of %d bytes", async (size) => {
    const value = Buffer.alloc(size, "x");
    if (size > 0) value[size - 1] = 1;
    await store().transact((tx) => {
      tx.put("big", value);
      tx.put("after", bytes("1"));
      return Promise.resolve();
    });
    expect(Buffer.compare((await store().get("big")) ?? Buffer.alloc(0), value)).toBe(0);
    expect(text(await store().get("after"))).toBe("1");
  });

  test("bytes that were read stay as they are when the key is written again", async () => {
    await put(store(), { a: "first" });
    const read = await store().get("a");
    await put(store(), { a: "later" });
    await store().get("a");
    expect(text(read)).toBe("first");
  });
}

function lists(store: () => Store): void {
  test("one level, ordered by UTF-8 bytes, a key and a folder of one name are two names", async () => {
    const keys = ["a", "a/x", "a/y/z", "a-b", "a0", "A", "é", "\uffee", "\u{1f600}", "10", "9", "a.b", "z/1", "z/2"];
    await put(store(), Object.fromEntries(keys.map((key) => [key, "v"])));
    expect(await store().list("")).toEqual([
      "10",
      "9",
      "A",
      "a",
      "a-b",
      "a.b",
      "a/",
      "a0",
      "z/",
      "é",
      "\uffee",
      "\u{1f600}",
    ]);
    expect(await store().list("a/")).toEqual(["x", "y/"]);
    expect(await store().list("a/y/")).toEqual(["z"]);
    expect(await store().list("none/")).toEqual([]);
    expect(await store().list("a/x/")).toEqual([]);
  });

  test("a folder goes with its last key", async () => {
    await put(store(), { "f/a": "1", "f/g/b": "1" });
    await put(store(), { "f/g/b": undefined });
    expect(await store().list("f/")).toEqual(["a"]);
    await put(store(), { "f/a": undefined });
    expect(await store().list("")).toEqual([]);
  });

  test.each([
    ["", true],
    ["a/", true],
    [`${"p".repeat(1000)}/`, true],
    [`${"p".repeat(1001)}/`, false],
    ["a", false],
    ["/", false],
    ["a//", false],
  ])("prefix %j", async (prefix, fits) => {
    const listing = store().list(prefix);
    if (fits) expect(await listing).toEqual([]);
    else await expect(listing).rejects.toMatchObject({ kind: "invalid" });
  });
}

function transactions(store: () => Store): void {
  test("what a failed work wrote is not there, and its error comes out unchanged", async () => {
    const failure = new Error("as thrown");
    const run = store().transact((tx) => {
      tx.put("a", bytes("1"));
      return Promise.reject(failure);
    });
    await expect(run).rejects.toBe(failure);
    expect(await store().get("a")).toBeUndefined();
  });

  test("a work that waits 100 ms and throws takes no other's acknowledged write with it and shows nobody its own", async () => {
    const a = store().transact(async (tx) => {
      tx.put("a", bytes("1"));
      await delay(100);
      tx.put("a2", bytes("1"));
      throw new Error("changed my mind");
    });
    const failed = expect(a).rejects.toThrow("changed my mind");
    await delay(5);
    await put(store(), { b: "1" });
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 30; i += 1) {
      seen.push(text(await store().get("a")), text(await store().get("a2")));
      seen.push(...(await store().list("")).filter((name) => name !== "b"));
      await delay(5);
    }
    await failed;
    expect(seen.filter((value) => value !== undefined)).toEqual([]);
    expect(text(await store().get("b"))).toBe("1");
    expect(await store().list("")).toEqual(["b"]);
  });

  test("a transaction sees its own writes, deletes and folders", async () => {
    await put(store(), { "d/one/x": "1", "d/two/x": "1", "d/two/y": "1", "d/k": "1" });
    const seen = await store().transact(async (tx) => {
      tx.put("d/new/z", bytes("n"));
      tx.delete("d/one/x");
      tx.delete("d/two/x");
      tx.delete("d/k");
      tx.put("d/k2", bytes("k2"));
      return {
        names: await tx.list("d/"),
        k2: text(await tx.get("d/k2")),
        k: await tx.get("d/k"),
        two: await tx.list("d/two/"),
      };
    });
    expect(seen).toEqual({ names: ["k2", "new/", "two/"], k2: "k2", k: undefined, two: ["y"] });
    expect(await store().list("d/")).toEqual(["k2", "new/", "two/"]);
  });

  test("a transaction cannot be used after its work has ended", async () => {
    const tx = await store().transact((inner) => Promise.resolve(inner));
    expect(() => {
      tx.put("late", bytes("1"));
    }).toThrow("after its work has ended");
    expect(await store().get("late")).toBeUndefined();
  });

  test("the result is visible to a read that begins after the acknowledgement", async () => {
    for (let i = 0; i < 50; i += 1) {
      await put(store(), { k: String(i) });
      expect(text(await store().get("k"))).toBe(String(i));
    }
  });
}

function snapshots(store: () => Store): void {
  test("a snapshot goes on showing its state: values, absences, lists", async () => {
    await put(store(), { a: "old", "f/x": "1", gone: "1" });
    const shot = store().snapshot();
    await put(store(), { a: "new", "f/x": undefined, "f/y": "1", gone: undefined, later: "1" });
    await put(store(), { a: "newer" });
    await delay(5);
    expect([text(await shot.get("a")), text(await shot.get("gone")), await shot.get("later")]).toEqual([
      "old",
      "1",
      undefined,
    ]);
    expect([await shot.list("f/"), await shot.list("")]).toEqual([["x"], ["a", "f/", "gone"]]);
    const second = store().snapshot();
    shot.close();
    shot.close();
    expect([text(await second.get("a")), await second.list("f/")]).toEqual(["newer", ["y"]]);
    second.close();
    await expect(second.get("a")).rejects.toMatchObject({ kind: "internal" });
    expect(text(await store().get("a"))).toBe("newer");
  });

  test("500 snapshots at the same time, each with a state of its own", async () => {
    const shots = [];
    for (let i = 0; i < 500; i += 1) {
      if (i % 10 === 0) await put(store(), { n: String(i) });
      shots.push({ shot: store().snapshot(), n: String(i - (i % 10)) });
    }
    for (const { shot, n } of shots) expect(text(await shot.get("n"))).toBe(n);
    for (const { shot } of shots) shot.close();
    expect(text(await store().get("n"))).toBe("490");
  });
}

function model(store: () => Store): void {
  const key = fc
    .array(fc.constantFrom("a", "b", "ab", "é", "\u{1f600}", "-", "0"), { minLength: 1, maxLength: 4 })
    .map((s) => s.join("/"));
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(3000, 5000, 40_000).map((n) => "v".repeat(n)),
  );
  const step = fc.record({
    writes: fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), { minLength: 1, maxLength: 6 }),
    fails: fc.boolean(),
  });

  test("agrees with a model after any sequence of transactions", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.array(key, { minLength: 1, maxLength: 5 }),
        async (steps, asked) => {
          await clear(store());
          const expected = new Map<string, string>();
          for (const { writes, fails } of steps) {
            const run = store().transact((tx) => {
              for (const [k, v] of writes) {
                if (v === undefined) tx.delete(k);
                else tx.put(k, bytes(v));
              }
              return fails ? Promise.reject(new Error("fails")) : Promise.resolve();
            });
            await (fails ? expect(run).rejects.toThrow("fails") : run);
            if (fails) continue;
            for (const [k, v] of writes) {
              if (v === undefined) expected.delete(k);
              else expected.set(k, v);
            }
          }
          for (const k of [...asked, ...expected.keys()]) {
            expect(text(await store().get(k))).toBe(expected.get(k));
            const prefix = k.slice(0, k.lastIndexOf("/") + 1);
            expect(await store().list(prefix)).toEqual(namesBelow(expected, prefix));
          }
          expect(await store().list("")).toEqual(namesBelow(expected, ""));
        },
      ),
      { numRuns: 60 },
    );
  });
}

async function clear(store: Storage, prefix = ""): Promise<void> {
  for (const name of await store.list(prefix)) {
    if (name.endsWith("/")) await clear(store, prefix + name);
    else await put(store, Object.fromEntries([[prefix + name, undefined]]));
  }
}

function namesBelow(expected: ReadonlyMap<string, string>, prefix: string): string[] {
  const names = new Set<string>();
  for (const key of expected.keys()) {
    if (key.startsWith(prefix)) names.add(key.slice(prefix.length).replace(/\/.*$/s, "/"));
  }
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function closing(store: () => Store): void {
  test("close waits for writes under way; calls after it are refused", async () => {
    const write = put(store(), { last: "1" });
    const shot = store().snapshot();
    await delay(0);
    await store().close();
    await expect(Promise.allSettled([write])).resolves.toHaveLength(1);
    await expect(store().get("last")).rejects.toMatchObject({ kind: "unavailable" });
    await expect(store().list("")).rejects.toMatchObject({ kind: "unavailable" });
    await expect(put(store(), { x: "1" })).rejects.toMatchObject({ kind: "unavailable" });
    await expect(shot.get("last")).rejects.toMatchObject({ kind: "unavailable" });
    expect(() => store().snapshot()).toThrow(expect.objectContaining({ kind: "unavailable" }));
    shot.close();
    await store().close();
  });
}
