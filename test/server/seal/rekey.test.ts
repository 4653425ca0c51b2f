/** New shares while open: Vault's rules for rekey and its verification, and what a crash or a seal in between leaves. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemClock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Log } from "../../../lib/log.ts";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import { barrier } from "../../../server/barrier/barrier.ts";
import type { Seal } from "../../../server/contract/seal.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { shamirSeal } from "../../../server/seal/shamir.ts";
import { memoryStore } from "../../../server/storage/memory.ts";

const quiet: Log = () => undefined;
const random = systemRandom();

function sealOver(store: Storage): Seal {
  const wall = barrier(store, { random, clock: systemClock, log: quiet });
  return shamirSeal({ store, barrier: wall, clock: systemClock, random, log: quiet });
}

const hex = (share: Buffer | undefined): Secret => new Secret((share ?? Buffer.alloc(0)).toString("hex"));

async function opened(n = 3, t = 2, store: Storage = memoryStore()) {
  const seal = sealOver(store);
  const { shares } = await seal.init(n, t);
  for (const share of shares.slice(0, t)) await seal.unseal(hex(share));
  await seal.storage.transact((tx) => {
    tx.put("k", Buffer.from("v"));
    return Promise.resolve();
  });
  return { seal, store, shares };
}

/** Whether a program that starts over `store` opens with these shares and reads what was there. */
async function opens(store: Storage, shares: readonly Buffer[], t: number): Promise<boolean> {
  const seal = sealOver(store);
  try {
    for (const share of shares.slice(0, t)) await seal.unseal(hex(share));
  } catch {
    return false;
  }
  if ((await seal.status()).sealed) return false;
  expect(Buffer.from((await seal.storage.get("k")) ?? "").toString()).toBe("v");
  return true;
}

async function updateAll(seal: Seal, shares: readonly Buffer[], nonce: string) {
  const last = shares.at(-1);
  for (const share of shares.slice(0, -1)) expect(await seal.rekey.update(hex(share), nonce)).toBeUndefined();
  const made = await seal.rekey.update(hex(last), nonce);
  if (made === undefined) throw new Error("no new shares");
  return made;
}

const IDLE = {
  started: false,
  nonce: "",
  t: 0,
  n: 0,
  progress: 0,
  required: 2,
  verificationRequired: false,
  verificationNonce: "",
};

test.each([
  [1, 1, 1, 1],
  [3, 2, 5, 3],
  [3, 2, 1, 1],
  [1, 1, 3, 3],
])("from %d shares of which %d unseal to %d of which %d do", async (n, t, newN, newT) => {
  const { seal, store, shares } = await opened(n, t);
  expect(await seal.rekey.status()).toEqual({ ...IDLE, required: t });
  const begun = await seal.rekey.start({ shares: newN, threshold: newT, verify: false });
  expect(begun).toMatchObject({ started: true, t: newT, n: newN, progress: 0, required: t });
  const made = await updateAll(seal, shares.slice(0, t), begun.nonce);
  expect(made.shares).toHaveLength(newN);
  expect(made.verificationNonce).toBe("");
  expect(await seal.rekey.status()).toEqual({ ...IDLE, required: newT });
  expect(await seal.status()).toMatchObject({ n: newN, t: newT, sealed: false });
  expect(await opens(store, shares, t)).toBe(false);
  expect(await opens(store, made.shares, newT)).toBe(true);
  seal.seal();
  for (const share of made.shares.slice(newN - newT)) await seal.unseal(hex(share));
  expect((await seal.status()).sealed).toBe(false);
});

test.each([
  [0, 0],
  [256, 3],
  [3, 4],
  [3, 1],
])("%d new shares of which %d unseal are refused", async (n, t) => {
  const { seal } = await opened();
  await expect(seal.rekey.start({ shares: n, threshold: t, verify: false })).rejects.toMatchObject({ kind: "invalid" });
  expect(await seal.rekey.status()).toEqual(IDLE);
});

test("one at a time; shares count only with its nonce, once each, and wrong ones start over", async () => {
  const { seal, shares, store } = await opened();
  await expect(seal.rekey.update(hex(shares[0]), "x")).rejects.toMatchObject({
    message: "no barrier rekey in progress",
  });
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: false });
  await expect(seal.rekey.start({ shares: 3, threshold: 2, verify: false })).rejects.toMatchObject({
    message: "rekey already in progress",
  });
  for (const wrong of ["", "other", `${nonce} `]) {
    const fault = await seal.rekey.update(hex(shares[0]), wrong).catch((error: unknown) => error as Error);
    expect(fault).toMatchObject({ kind: "invalid" });
    expect((fault as Error).message).not.toContain(nonce);
  }
  expect(await seal.rekey.update(hex(shares[0]), nonce)).toBeUndefined();
  await expect(seal.rekey.update(hex(shares[0]), nonce)).rejects.toMatchObject({
    message: expect.stringContaining("already been provided"),
  });
  expect((await seal.rekey.status()).progress).toBe(1);
  await expect(seal.rekey.update(hex(random.bytes(33)), nonce)).rejects.toMatchObject({
    message: expect.stringContaining("do not make the key"),
  });
  expect(await seal.rekey.status()).toMatchObject({ started: true, nonce, progress: 0 });
  expect(await opens(store, shares, 2)).toBe(true);
  await updateAll(seal, shares.slice(1), nonce);
});

test("who cancels brings its nonce, or has been allowed to without", async () => {
  const { seal } = await opened();
  await seal.rekey.cancel("no rekey, no nonce");
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: true });
  for (const wrong of ["", "other"]) {
    await expect(seal.rekey.cancel(wrong)).rejects.toMatchObject({ kind: "invalid" });
    expect((await seal.rekey.status()).started).toBe(true);
  }
  await seal.rekey.cancel(nonce);
  expect(await seal.rekey.status()).toEqual(IDLE);
  await seal.rekey.start({ shares: 3, threshold: 2, verify: true });
  await seal.rekey.cancel(undefined);
  expect(await seal.rekey.status()).toEqual(IDLE);
});

test("with verification the old shares hold until a threshold of the new ones was entered", async () => {
  const { seal, shares, store } = await opened();
  await expect(seal.rekey.verification()).rejects.toMatchObject({ message: "no rekey configuration found" });
  const { nonce } = await seal.rekey.start({ shares: 4, threshold: 3, verify: true });
  expect(await seal.rekey.verification()).toMatchObject({ started: false, nonce: "", t: 3, n: 4 });
  await expect(seal.rekey.verify(hex(shares[0]), nonce)).rejects.toMatchObject({
    message: "no rekey verification in progress",
  });
  const made = await updateAll(seal, shares.slice(0, 2), nonce);
  await expect(seal.rekey.update(hex(shares[0]), nonce)).rejects.toMatchObject({
    message: expect.stringContaining("verification must be performed"),
  });
  expect(await opens(store, shares, 2)).toBe(true);
  expect(await opens(store, made.shares, 3)).toBe(false);
  const first = made.verificationNonce;
  expect(await seal.rekey.verification()).toEqual({ started: true, nonce: first, t: 3, n: 4, progress: 0 });
  await expect(seal.rekey.verify(hex(made.shares[0]), nonce)).rejects.toMatchObject({ kind: "invalid" });
  expect(await seal.rekey.verify(hex(made.shares[0]), first)).toBeUndefined();
  await expect(seal.rekey.restartVerification(nonce)).rejects.toMatchObject({ kind: "invalid" });
  await seal.rekey.restartVerification(first);
  const again = (await seal.rekey.verification()).nonce;
  expect(again).not.toBe(first);
  expect(await seal.rekey.verify(hex(made.shares[0]), again)).toBeUndefined();
  expect(await seal.rekey.verify(hex(made.shares[1]), again)).toBeUndefined();
  const wrong = await seal.rekey.verify(hex(random.bytes(33)), again);
  expect(wrong?.complete).toBe(false);
  expect(await opens(store, shares, 2)).toBe(true);
  const third = wrong?.nonce ?? "";
  expect((await seal.rekey.verification()).nonce).toBe(third);
  for (const share of made.shares.slice(1, 3)) expect(await seal.rekey.verify(hex(share), third)).toBeUndefined();
  expect(await seal.rekey.verify(hex(made.shares[3]), third)).toEqual({ complete: true, nonce: third });
  expect(await opens(store, shares, 2)).toBe(false);
  expect(await opens(store, made.shares, 3)).toBe(true);
  expect(await seal.rekey.status()).toEqual({ ...IDLE, required: 3 });
});

test("a seal ends it; nothing goes on afterwards", async () => {
  const { seal, shares } = await opened();
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: false });
  await seal.rekey.update(hex(shares[0]), nonce);
  seal.seal();
  await expect(seal.rekey.status()).rejects.toMatchObject({ kind: "sealed" });
  await expect(seal.rekey.update(hex(shares[1]), nonce)).rejects.toMatchObject({ kind: "sealed" });
  for (const share of shares.slice(0, 2)) await seal.unseal(hex(share));
  expect(await seal.rekey.status()).toEqual(IDLE);
});

/** A store that is gone from one transaction on: before it is applied, or after. */
function breaking(inner: Storage) {
  let left = Number.POSITIVE_INFINITY;
  let applied = false;
  let transactions = 0;
  const store: Storage = {
    get: (key) => (left < 0 && !applied ? Promise.reject(new Error("the machine is gone")) : inner.get(key)),
    list: (prefix) => inner.list(prefix),
    snapshot: () => inner.snapshot(),
    transact: async (work) => {
      left -= 1;
      transactions += 1;
      if (left >= 0) return inner.transact(work);
      if (applied && left === -1) await inner.transact(work);
      throw new Error("the machine is gone");
    },
  };
  return {
    store,
    count: () => transactions,
    breakAfter: (transactions: number, options: { applied: boolean }) => {
      left = transactions;
      applied = options.applied;
    },
  };
}

test("rekey, verified or not, and rotation of the root key are one write each", async () => {
  const { store, count } = breaking(memoryStore());
  const { seal, shares } = await opened(3, 2, store);
  const before = count();
  await seal.rotateRoot();
  expect(count() - before).toBe(1);
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: true });
  const made = await updateAll(seal, shares.slice(0, 2), nonce);
  expect(count() - before).toBe(1);
  await seal.rekey.verify(hex(made.shares[0]), made.verificationNonce);
  await seal.rekey.verify(hex(made.shares[1]), made.verificationNonce);
  expect(count() - before).toBe(2);
});

test.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])("killed at the write (applied: %p, after a rotation of the root key: %p): exactly one set of shares opens", async (applied, rotated) => {
  const inner = memoryStore();
  const { store, breakAfter } = breaking(inner);
  const { seal, shares } = await opened(3, 2, store);
  if (rotated) await seal.rotateRoot();
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: true });
  const made = await updateAll(seal, shares.slice(0, 2), nonce);
  await seal.rekey.verify(hex(made.shares[0]), made.verificationNonce);
  breakAfter(0, { applied });
  await seal.rekey.verify(hex(made.shares[1]), made.verificationNonce).catch(() => undefined);
  expect([await opens(inner, shares, 2), await opens(inner, made.shares, 2)]).toEqual([!applied, applied]);
});

test("an error after the commit is none: the new shares are told", async () => {
  const { store, breakAfter } = breaking(memoryStore());
  const { seal, shares } = await opened(3, 2, store);
  const { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: false });
  await seal.rekey.update(hex(shares[0]), nonce);
  breakAfter(0, { applied: true });
  const made = await seal.rekey.update(hex(shares[1]), nonce);
  expect(await opens(store, made?.shares ?? [], 2)).toBe(true);
});

test("a write that fails leaves the server open, on the old shares, and the rekey can be done again", async () => {
  const { store, breakAfter } = breaking(memoryStore());
  const { seal, shares } = await opened(3, 2, store);
  let { nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: false });
  await seal.rekey.update(hex(shares[0]), nonce);
  breakAfter(0, { applied: false });
  await expect(seal.rekey.update(hex(shares[1]), nonce)).rejects.toThrow("gone");
  breakAfter(Number.POSITIVE_INFINITY, { applied: false });
  expect(await opens(store, shares, 2)).toBe(true);
  ({ nonce } = await seal.rekey.start({ shares: 3, threshold: 2, verify: false }));
  const made = await updateAll(seal, shares.slice(1), nonce);
  expect(await opens(store, made.shares, 2)).toBe(true);
});

test("a rotation of the root key keeps the shares, also twice and before a rekey; an old boot/root opens nothing", async () => {
  const { seal, shares, store } = await opened();
  await seal.rotateRoot();
  const first = await store.get("boot/root");
  expect(await opens(store, shares, 2)).toBe(true);
  await seal.rotateRoot();
  expect(await opens(store, shares, 2)).toBe(true);
  expect(Buffer.compare(first ?? new Uint8Array(), (await store.get("boot/root")) ?? new Uint8Array())).not.toBe(0);
  await store.transact((tx) => {
    tx.put("boot/root", first ?? new Uint8Array());
    return Promise.resolve();
  });
  expect(await opens(store, shares, 2)).toBe(false);
});

test("root generation: a token XORed with the password, and nothing with wrong shares", async () => {
  const { seal, shares } = await opened();
  const token = `hvs.${"t".repeat(38)}`;
  const mint = () => Promise.resolve(new Secret(token));
  const { rootGeneration: ceremony } = seal;
  expect(await ceremony.status()).toEqual({ started: false, nonce: "", progress: 0, required: 2, otpLength: 42 });
  await expect(ceremony.update(hex(shares[0]), "x", mint)).rejects.toMatchObject({
    message: "no root generation in progress",
  });
  for (const length of [41, 43]) {
    await expect(ceremony.start(new Secret("o".repeat(length)))).rejects.toMatchObject({ kind: "invalid" });
  }
  const { status, otp } = await ceremony.start(undefined);
  expect(otp?.reveal()).toMatch(/^[0-9A-Za-z]{42}$/);
  await expect(ceremony.start(undefined)).rejects.toMatchObject({ message: "root generation already in progress" });
  expect(await ceremony.update(hex(shares[0]), status.nonce, mint)).toBeUndefined();
  await expect(ceremony.update(hex(random.bytes(33)), status.nonce, mint)).rejects.toMatchObject({ kind: "invalid" });
  expect(await ceremony.status()).toMatchObject({ started: true, progress: 0 });
  await expect(ceremony.cancel("other")).rejects.toMatchObject({ kind: "invalid" });
  expect(await ceremony.update(hex(shares[1]), status.nonce, mint)).toBeUndefined();
  const encoded = Buffer.from((await ceremony.update(hex(shares[2]), status.nonce, mint)) ?? "", "base64");
  const pad = Buffer.from(otp?.reveal() ?? "");
  expect(Buffer.from(encoded.map((byte, i) => byte ^ (pad[i] ?? 0))).toString()).toBe(token);
  expect((await ceremony.status()).started).toBe(false);
  await ceremony.cancel("whatever");
});

test("no sequence of cancels, shares and seals leaves a store that neither set opens", async () => {
  const step = fc.constantFrom("start", "old", "new", "cancel", "restart", "wrong", "rotate", "root", "reopen");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { seal, store, shares } = await opened();
      let inForce: readonly Buffer[] = shares;
      let made: readonly Buffer[] = [];
      const at = { old: 0, new: 0 };
      const acts: Record<string, () => Promise<unknown>> = {
        start: () => seal.rekey.start({ shares: 3, threshold: 2, verify: true }),
        old: async () => {
          const done = await seal.rekey.update(hex(inForce[at.old++ % 3]), (await seal.rekey.status()).nonce);
          if (done !== undefined) made = done.shares;
        },
        new: async () => {
          const done = await seal.rekey.verify(hex(made[at.new++ % 3]), (await seal.rekey.verification()).nonce);
          if (done?.complete === true) inForce = made;
        },
        cancel: () => seal.rekey.cancel(undefined),
        restart: () => seal.rekey.restartVerification(undefined),
        wrong: async () => seal.rekey.update(hex(random.bytes(33)), (await seal.rekey.status()).nonce),
        rotate: () => seal.rotate(),
        root: () => seal.rotateRoot(),
        reopen: async () => {
          seal.seal();
          for (const share of inForce.slice(0, 2)) await seal.unseal(hex(share));
        },
      };
      for (const name of steps) await acts[name]?.().catch(() => undefined);
      expect(await opens(store, inForce, 2)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("settling lets a write under way end and keeps one that has not begun from happening", async () => {
  let release = (): void => undefined;
  const inner = memoryStore();
  let slow = false;
  const store: Storage = {
    ...inner,
    transact: async (work) => {
      if (slow) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return inner.transact(work);
    },
  };
  const { seal, shares } = await opened(1, 1, store);
  const first = await seal.rekey.start({ shares: 1, threshold: 1, verify: false });
  const early = seal.rekey.update(hex(shares[0]), first.nonce);
  const refused = expect(early).rejects.toBeInstanceOf(Fault);
  await Promise.resolve();
  await seal.settle();
  await refused;
  expect(await opens(inner, shares, 1)).toBe(true);
  const { nonce } = await seal.rekey.start({ shares: 1, threshold: 1, verify: false });
  slow = true;
  const late = seal.rekey.update(hex(shares[0]), nonce);
  await new Promise((resolve) => setImmediate(resolve));
  const settled = seal.settle();
  release();
  await settled;
  seal.seal();
  const made = await late;
  slow = false;
  expect(await opens(inner, made?.shares ?? [], 1)).toBe(true);
});
