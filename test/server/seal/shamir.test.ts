/** The Shamir seal over a store in memory: Vault's rules for init and unseal (documentation of /sys/init, /sys/unseal). */
import { expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import type { Log } from "../../../lib/log.ts";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import { barrier } from "../../../server/barrier/barrier.ts";
import type { Seal } from "../../../server/contract/seal.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { shamirSeal } from "../../../server/seal/shamir.ts";
import { memoryStore } from "../../../server/storage/memory.ts";

const quiet: Log = () => undefined;

function sealOver(store: Storage = memoryStore()): { seal: Seal; store: Storage } {
  const random = systemRandom();
  const wall = barrier(store, { random, clock: systemClock, log: quiet });
  return { seal: shamirSeal({ store, barrier: wall, clock: systemClock, random, log: quiet }), store };
}

const hex = (share: Buffer | undefined): Secret => new Secret((share ?? Buffer.alloc(0)).toString("hex"));
const base64 = (share: Buffer | undefined): Secret => new Secret((share ?? Buffer.alloc(0)).toString("base64"));

async function putOne(storage: Storage, key: string, value: string): Promise<void> {
  await storage.transact((tx) => {
    tx.put(key, Buffer.from(value));
    return Promise.resolve();
  });
}

test("before init it is sealed and says so", async () => {
  const { seal } = sealOver();
  expect(await seal.status()).toEqual({
    type: "shamir",
    initialized: false,
    sealed: true,
    t: 0,
    n: 0,
    progress: 0,
    nonce: "",
  });
  await expect(seal.unseal(new Secret("00".repeat(33)))).rejects.toMatchObject({
    kind: "invalid",
    message: "Vault is not initialized",
  });
  await expect(seal.storage.get("a")).rejects.toMatchObject({ kind: "sealed" });
});

test.each([
  [1, 1, true],
  [2, 2, true],
  [5, 3, true],
  [255, 255, true],
  [256, 3, false],
  [0, 1, false],
  [1, 0, false],
  [3, 1, false],
  [3, 4, false],
  [2.5, 2, false],
  [-1, -1, false],
])("init with %d shares, threshold %d", async (n, t, fits) => {
  const { seal } = sealOver();
  if (!fits) {
    await expect(seal.init(n, t)).rejects.toMatchObject({ kind: "invalid" });
    expect((await seal.status()).initialized).toBe(false);
    return;
  }
  const { shares } = await seal.init(n, t);
  expect(shares.map((share) => share.length)).toEqual(Array.from({ length: n }, () => (n === 1 ? 32 : 33)));
  expect(await seal.status()).toMatchObject({ initialized: true, sealed: true, n, t, progress: 0 });
  for (const share of shares.slice(n - t)) await seal.unseal(base64(share));
  expect(await seal.status()).toMatchObject({ sealed: false, progress: 0, nonce: "" });
});

test("unseal counts shares, keeps one nonce, and opens at the threshold with any of them in any order", async () => {
  const { seal, store } = sealOver();
  const { shares } = await seal.init(5, 3);
  for (const order of [
    [0, 1, 2],
    [4, 2, 0],
    [3, 1, 4],
  ]) {
    const first = await seal.unseal(hex(shares[order[0] ?? 0]));
    expect(first).toMatchObject({ sealed: true, progress: 1 });
    expect(first.nonce).not.toBe("");
    expect(await seal.unseal(base64(shares[order[1] ?? 0]))).toMatchObject({
      sealed: true,
      progress: 2,
      nonce: first.nonce,
    });
    expect(await seal.unseal(hex(shares[order[2] ?? 0]))).toMatchObject({ sealed: false, progress: 0, nonce: "" });
    await putOne(seal.storage, "k", "clear text of the value");
    seal.seal();
    expect(await seal.status()).toMatchObject({ sealed: true, progress: 0 });
    await expect(seal.storage.get("k")).rejects.toMatchObject({ kind: "sealed" });
    const stored = Buffer.from((await store.get("k")) ?? "");
    expect(stored.length).toBeGreaterThan("clear text of the value".length);
    expect(stored.includes("clear text")).toBe(false);
  }
});

test("a share entered twice counts once", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(3, 2);
  await seal.unseal(hex(shares[0]));
  expect(await seal.unseal(base64(shares[0]))).toMatchObject({ sealed: true, progress: 1 });
  expect(await seal.unseal(hex(shares[1]))).toMatchObject({ sealed: false });
});

test("another share when it is open already changes nothing", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(3, 2);
  for (const share of shares) await seal.unseal(hex(share));
  expect(await seal.status()).toMatchObject({ sealed: false, progress: 0 });
});

test("wrong shares at the threshold are refused and progress starts over", async () => {
  const { seal } = sealOver();
  const { seal: stranger } = sealOver();
  const { shares } = await seal.init(5, 3);
  const foreign = (await stranger.init(5, 3)).shares;
  await seal.unseal(hex(shares[0]));
  await seal.unseal(hex(shares[1]));
  await expect(seal.unseal(hex(foreign[2]))).rejects.toMatchObject({ kind: "invalid" });
  expect(await seal.status()).toMatchObject({ sealed: true, progress: 0, nonce: "" });
  for (const share of shares.slice(0, 3)) await seal.unseal(hex(share));
  expect((await seal.status()).sealed).toBe(false);
});

test("two different shares of one coordinate are refused", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(3, 2);
  const forged = Buffer.from(shares[0] ?? "");
  forged[0] = (forged[0] ?? 0) ^ 1;
  await seal.unseal(hex(shares[0]));
  await expect(seal.unseal(hex(forged))).rejects.toMatchObject({ kind: "invalid" });
});

test("reset forgets the shares", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(3, 2);
  const before = await seal.unseal(hex(shares[0]));
  seal.reset();
  expect(await seal.status()).toMatchObject({ progress: 0, nonce: "" });
  const after = await seal.unseal(hex(shares[1]));
  expect(after.progress).toBe(1);
  expect(after.nonce).not.toBe(before.nonce);
});

test.each([
  ["empty", ""],
  ["no hex, no base64", "not a share!"],
  ["hex of 32 bytes", "ab".repeat(32)],
  ["hex of 34 bytes", "ab".repeat(34)],
  ["base64 of 32 bytes", Buffer.alloc(32, 7).toString("base64")],
  ["base64 without padding", Buffer.alloc(34, 7).toString("base64").replace(/=+$/, "")],
])("a malformed share: %s", async (_, share) => {
  const { seal } = sealOver();
  await seal.init(3, 2);
  const refused = await seal.unseal(new Secret(share)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ kind: "invalid" });
  if (share !== "") expect((refused as Error).message).not.toContain(share);
  expect((await seal.status()).progress).toBe(0);
});

test("a share of the right length with blanks around it is taken", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(1, 1);
  expect(await seal.unseal(new Secret(` ${base64(shares[0]).reveal()}\n`))).toMatchObject({ sealed: false });
});

test("init runs once, however many call it at the same time and through however many seals", async () => {
  const store = memoryStore();
  const seals = [sealOver(store).seal, sealOver(store).seal, sealOver(store).seal];
  const tries = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => (seals[i % 3] ?? sealOver(store).seal).init(3, 2)),
  );
  const won = tries.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const lost = tries.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  expect(won).toHaveLength(1);
  expect(new Set(lost.map((error) => error.message))).toEqual(new Set(["Vault is already initialized"]));
  const { seal } = sealOver(store);
  for (const share of won[0]?.shares.slice(0, 2) ?? []) await seal.unseal(hex(share));
  expect((await seal.status()).sealed).toBe(false);
});

test("init is all or nothing: when the store fails nothing is there and it can run again", async () => {
  const inner = memoryStore();
  let broken = true;
  const store: Storage = {
    ...inner,
    transact: (work) =>
      inner.transact(async (tx) => {
        const result = await work(tx);
        if (broken) throw new Error("disk is gone");
        return result;
      }),
  };
  const { seal } = sealOver(store);
  await expect(seal.init(3, 2)).rejects.toThrow("disk is gone");
  expect(await inner.list("")).toEqual([]);
  expect((await seal.status()).initialized).toBe(false);
  broken = false;
  await seal.init(3, 2);
  expect((await seal.status()).initialized).toBe(true);
});

test("a store with data and no seal is not initialized over", async () => {
  const store = memoryStore();
  await putOne(store, "someone/elses", "data");
  await expect(sealOver(store).seal.init(1, 1)).rejects.toMatchObject({ kind: "invalid" });
});

test("no part of the root key, the unseal key or a share is in the store", async () => {
  const { seal, store } = sealOver();
  const { shares } = await seal.init(3, 2);
  for (const share of shares.slice(0, 2)) await seal.unseal(hex(share));
  const all = Buffer.concat([...(await everything(store))]);
  for (const share of shares) {
    for (let at = 0; at + 8 <= 32; at += 8) expect(all.includes(share.subarray(at, at + 8))).toBe(false);
  }
  expect(all.length).toBeGreaterThan(100);
});

async function everything(store: Storage, prefix = ""): Promise<Uint8Array[]> {
  const values: Uint8Array[] = [];
  for (const name of await store.list(prefix)) {
    if (name.endsWith("/")) values.push(...(await everything(store, prefix + name)));
    else values.push((await store.get(prefix + name)) ?? Buffer.alloc(0));
  }
  return values;
}

test("every single changed byte of the record or the keyring is refused, and the right one opens again", async () => {
  const { seal, store } = sealOver();
  const { shares } = await seal.init(1, 1);
  for (const name of ["boot/seal", "boot/keyring"]) {
    const good = Buffer.from((await store.get(name)) ?? "");
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x01;
      await store.transact((tx) => {
        tx.put(name, bad);
        return Promise.resolve();
      });
      const { seal: fresh } = sealOver(store);
      await expect(fresh.unseal(hex(shares[0]))).rejects.toMatchObject({ name: "Fault" });
      await expect(fresh.storage.get("x")).rejects.toMatchObject({ kind: "sealed" });
    }
    await store.transact((tx) => {
      tx.put(name, good);
      return Promise.resolve();
    });
  }
  expect(await sealOver(store).seal.unseal(hex(shares[0]))).toMatchObject({ sealed: false });
});

test("a seal that comes while the last share is being worked on wins", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(1, 1);
  await seal.status();
  const opening = seal.unseal(hex(shares[0]));
  for (let i = 0; i < 3; i += 1) await Promise.resolve();
  seal.seal();
  await Promise.allSettled([opening]);
  seal.seal();
  expect((await seal.status()).sealed).toBe(true);
});

test("key status is refused while sealed and tells the term after", async () => {
  const { seal } = sealOver();
  const { shares } = await seal.init(1, 1);
  await expect(seal.keyStatus()).rejects.toMatchObject({ kind: "sealed" });
  await seal.unseal(hex(shares[0]));
  expect(await seal.keyStatus()).toMatchObject({ term: 1, encryptions: 0 });
});
