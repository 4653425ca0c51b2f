/** The barrier over a store in memory: storage conformance, tampering, seals, rotation and its count, the cache. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";
import { type Barrier, type BarrierOptions, barrier } from "../../../server/barrier/barrier.ts";
import { ClearCache } from "../../../server/barrier/cache.ts";
import { decryptValue, encryptValue, termOf, unwrapKey, VALUE_OVERHEAD } from "../../../server/barrier/format.ts";
import { decodeKeyring } from "../../../server/barrier/keyring.ts";
import type { Storage, Store } from "../../../server/contract/storage.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { storageConformance } from "../../conformance/storage.ts";
import { bytes, put, text } from "../../conformance/storage-values.ts";

const random = systemRandom();

interface Under {
  readonly store: Store;
  readonly wall: Barrier;
  readonly root: Buffer;
  readonly logged: string[];
}

async function walled(options: Partial<BarrierOptions> = {}, store = memoryStore()): Promise<Under> {
  const logged: string[] = [];
  const wall = barrier(store, {
    random,
    clock: systemClock,
    log: (level, message) => logged.push(`${level} ${message}`),
    ...options,
  });
  const root = random.bytes(32);
  await store.transact((tx) => {
    wall.create(tx, root);
    return Promise.resolve();
  });
  await wall.open(Buffer.from(root));
  return { store, wall, root, logged };
}

storageConformance("barrier over memory", {
  open: async () => {
    const { wall, store } = await walled();
    return { ...wall.storage, close: () => store.close() };
  },
  clean: () => Promise.resolve(),
});

test("the store holds no byte run of a value; equal values lie there as different bytes", async () => {
  const { wall, store } = await walled();
  await put(wall.storage, { a: "a very recognisable secret", b: "a very recognisable secret" });
  const [a = bytes(""), b = bytes("")] = [await store.get("a"), await store.get("b")];
  expect(Buffer.from(a).includes("recognisable")).toBe(false);
  expect(Buffer.compare(a, b)).not.toBe(0);
  expect(a.length).toBe("a very recognisable secret".length + VALUE_OVERHEAD);
});

test("a changed byte anywhere, a cut value and a moved value are faults, never data, and are logged", async () => {
  const { wall, store, logged } = await walled();
  await put(wall.storage, { a: "1", b: "2" });
  const good = Buffer.from((await store.get("a")) ?? "");
  const variants = [
    ...Array.from(good, (byte, at) => Buffer.from(good).fill(byte ^ 0x80, at, at + 1)),
    ...Array.from(good, (_, length) => good.subarray(0, length)),
    Buffer.concat([good, Buffer.from([0])]),
    Buffer.from((await store.get("b")) ?? ""),
  ];
  for (const bad of variants) {
    await store.transact((tx) => {
      tx.put("a", bad);
      return Promise.resolve();
    });
    const fault = expect.objectContaining({ kind: "internal" });
    await expect(wall.storage.get("a")).rejects.toEqual(fault);
    await expect(wall.storage.transact((tx) => tx.get("a"))).rejects.toEqual(fault);
    const shot = wall.storage.snapshot();
    await expect(shot.get("a")).rejects.toEqual(fault);
    shot.close();
  }
  expect(logged.filter((line) => line === "error stored value cannot be decrypted").length).toBe(3 * variants.length);
});

test("sealed: every verb answers so, what was under way too, and the root key is zeros", async () => {
  const { wall, root } = await walled();
  await put(wall.storage, { a: "1" });
  wall.seal();
  const mine = Buffer.from(root);
  await wall.open(mine);
  await wall.storage.get("a");
  const shot = wall.storage.snapshot();
  const reading = wall.storage.get("uncached");
  const writing = wall.storage.transact(async (tx) => {
    await tx.get("a");
    wall.seal();
    tx.put("a", bytes("2"));
  });
  const sealed = { kind: "sealed" };
  await expect(writing).rejects.toMatchObject(sealed);
  await Promise.allSettled([reading]);
  expect(mine.every((byte) => byte === 0)).toBe(true);
  expect(wall.sealed).toBe(true);
  await expect(wall.storage.get("a")).rejects.toMatchObject(sealed);
  await expect(wall.storage.list("")).rejects.toMatchObject(sealed);
  await expect(put(wall.storage, { a: "2" })).rejects.toMatchObject(sealed);
  await expect(shot.get("a")).rejects.toMatchObject(sealed);
  expect(() => wall.storage.snapshot()).toThrow(expect.objectContaining(sealed));
  expect(() => wall.keyStatus()).toThrow(expect.objectContaining(sealed));
  shot.close();
  await wall.open(Buffer.from(root));
  expect(text(await wall.storage.get("a"))).toBe("1");
});

test("a wrong root key does not open it and is zero-filled", async () => {
  const { wall } = await walled();
  wall.seal();
  const wrong = random.bytes(32);
  await expect(wall.open(wrong)).rejects.toMatchObject({ kind: "internal" });
  expect(wrong.every((byte) => byte === 0)).toBe(true);
  expect(wall.sealed).toBe(true);
});

test("what lies under boot/ cannot be named through it", async () => {
  const { wall, store } = await walled();
  await expect(wall.storage.get("boot/keyring")).rejects.toMatchObject({ kind: "invalid" });
  await expect(wall.storage.list("boot/")).rejects.toMatchObject({ kind: "invalid" });
  await expect(put(wall.storage, { "boot/x": "1" })).rejects.toMatchObject({ kind: "invalid" });
  expect(await wall.storage.list("")).toEqual([]);
  expect(await store.list("")).toEqual(["boot/"]);
});

test("rotation: new writes use the new term, old values still open, also after the next unseal", async () => {
  const { wall, store, root } = await walled();
  await put(wall.storage, { old: "1" });
  expect(await wall.rotate()).toBe(2);
  await put(wall.storage, { new: "2" });
  expect([termOf((await store.get("old")) ?? bytes("")), termOf((await store.get("new")) ?? bytes(""))]).toEqual([
    1, 2,
  ]);
  wall.seal();
  await wall.open(Buffer.from(root));
  expect([text(await wall.storage.get("old")), text(await wall.storage.get("new"))]).toEqual(["1", "2"]);
  expect(wall.keyStatus().term).toBe(2);
});

test("at its limit of encryptions the key rotates by itself: not one before, not one after", async () => {
  const { wall, store } = await walled({ rotateAfter: 10 });
  for (let i = 1; i <= 10; i += 1) await put(wall.storage, { k: String(i) });
  expect(wall.keyStatus()).toMatchObject({ term: 1, encryptions: 10 });
  await put(wall.storage, { k: "11" });
  expect(wall.keyStatus()).toMatchObject({ term: 2, encryptions: 1 });
  expect(termOf((await store.get("k")) ?? bytes(""))).toBe(2);
});

test("the count on disk is never below the encryptions on disk, whenever the process dies", async () => {
  const { wall, store, root } = await walled({ reserve: 4 });
  for (let i = 1; i <= 20; i += 1) {
    await put(wall.storage, { [`k${String(i)}`]: "v" });
    const after = barrier(store, { random, clock: systemClock, log: () => undefined, reserve: 4 });
    await after.open(Buffer.from(root));
    const counted = after.keyStatus().encryptions;
    expect(counted).toBeGreaterThanOrEqual(i);
    expect(counted).toBeLessThanOrEqual(i + 4);
    after.seal();
  }
});

test("a keyring that another process has changed is not overwritten", async () => {
  const { wall, store, root } = await walled();
  const other = barrier(store, { random, clock: systemClock, log: () => undefined });
  await other.open(Buffer.from(root));
  await other.rotate();
  await expect(wall.rotate()).rejects.toMatchObject({ kind: "internal" });
  expect(wall.keyStatus().term).toBe(1);
});

test("a read that began before a write never puts the old value into the cache", async () => {
  const inner = memoryStore();
  let gate: Promise<void> = Promise.resolve();
  const slow: Storage = {
    ...inner,
    get: async (key) => {
      const value = await inner.get(key);
      await gate;
      return value;
    },
  };
  const { wall } = await walled({}, { ...slow, close: () => inner.close() });
  await put(wall.storage, { k: "old" });
  let open: () => void = () => undefined;
  gate = new Promise((resolve) => {
    open = resolve;
  });
  const early = wall.storage.get("k");
  await put(wall.storage, { k: "new" });
  open();
  expect(text(await early)).toBe("old");
  expect(text(await wall.storage.get("k"))).toBe("new");
});

test("the cache keeps within both bounds, drops the least recently used, and takes no value above its share", () => {
  const cache = new ClearCache({ entries: 3, bytes: 1600 });
  const fill = (key: string, size: number): void => {
    cache.fill(key, cache.begin(key), Buffer.alloc(size));
  };
  for (const key of ["a", "b", "c"]) fill(key, 10);
  cache.get("a");
  fill("d", 10);
  expect(["a", "b", "c", "d"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
  fill("e", 98);
  fill("f", 99);
  expect([cache.get("e") !== undefined, cache.get("f") !== undefined]).toEqual([true, false]);
  cache.writing("e");
  fill("e", 1);
  expect(cache.get("e")).toBeUndefined();
  cache.written("e");
  fill("e", 1);
  expect(cache.get("e")).toBeDefined();
  cache.clear();
  expect(cache.size).toEqual({ entries: 0, bytes: 0 });
});

test("no bytes from outside are taken for a value, a wrapped key or a keyring", () => {
  const by = { key: random.bytes(32), path: "p" };
  const refused = { name: "Unreadable" };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (junk, versioned) => {
      if (versioned && junk.length > 0) junk[0] = 1;
      expect(() => decryptValue(junk, by)).toThrow(expect.objectContaining(refused));
      expect(() => unwrapKey(junk, by)).toThrow(expect.objectContaining(refused));
      expect(() => decodeKeyring(Buffer.from(junk))).toThrow(expect.objectContaining(refused));
    }),
    { numRuns: 300 },
  );
});

test("any value comes back; under another path, term or key it does not", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.string(),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (clear, path, term) => {
        const key = random.bytes(32);
        const stored = encryptValue(clear, term, { key, path }, random);
        expect(termOf(stored)).toBe(term);
        expect(Buffer.compare(decryptValue(stored, { key, path }), clear)).toBe(0);
        expect(() => decryptValue(stored, { key, path: `${path}x` })).toThrow(
          expect.objectContaining({ name: "Unreadable" }),
        );
        expect(() => decryptValue(stored, { key: random.bytes(32), path })).toThrow(
          expect.objectContaining({ name: "Unreadable" }),
        );
      },
    ),
    { numRuns: 150 },
  );
});
