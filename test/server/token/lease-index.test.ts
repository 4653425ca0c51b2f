/** The leases that stand for tokens: found, listed, ended by prefix; an older store gets them after unseal. */
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { openLmdbStore } from "../../../server/storage/lmdb.ts";
import { everyKey, testTokens } from "../../fakes/tokens.ts";

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});
function signal(): AbortSignal {
  const stop = new AbortController();
  stops.push(stop);
  return stop.signal;
}

describe("a token's lease", () => {
  test("is its path, a slash, an h and 24 characters; found, listed and gone with it", async () => {
    const { tokens, make } = await testTokens();
    const { entry } = await make({ path: "auth/userpass/login/ann" });
    expect(entry.leaseId).toMatch(/^auth\/userpass\/login\/ann\/h[0-9A-Za-z]{24}$/);
    expect(await tokens.byLease(entry.leaseId)).toEqual(entry);
    await make({ path: "auth/userpass/login/bob" });
    await make({ path: "auth/aws/login" });
    expect(await tokens.leases("")).toEqual(["auth/"]);
    expect(await tokens.leases("auth/userpass/login/")).toEqual(["ann/", "bob/"]);
    expect(await tokens.leases("auth/userpass/login/ann/")).toEqual([entry.leaseId.split("/").at(-1)]);
    expect(await tokens.count()).toEqual(
      new Map([
        ["auth/userpass", 2],
        ["auth/aws", 1],
      ]),
    );
    await tokens.revoke(entry.id);
    expect(await tokens.byLease(entry.leaseId)).toBeUndefined();
    expect(await tokens.leases("auth/userpass/login/")).toEqual(["bob/"]);
  });

  test("is none for a token that never ends", async () => {
    const { tokens, make } = await testTokens();
    expect((await make({ policies: ["root"], ttl: 0 })).entry.leaseId).toBe("");
    expect(await tokens.leases("")).toEqual([]);
  });

  test.each([
    [""],
    ["x"],
    ["/h".padEnd(26, "a")],
    ["a//h".padEnd(28, "a")],
    ["a\u0000/h".padEnd(28, "a")],
    ["a/".repeat(600)],
  ])("is not %j", async (leaseId) => {
    expect(await (await testTokens()).tokens.byLease(leaseId)).toBeUndefined();
  });

  test("property: any path has a lease that its mount's prefix ends", async () => {
    const segment = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 400 })
      .map((text) => text.replace(/[\p{Cc}\p{Cs}/]/gu, "-"));
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 4 }), async (segments) => {
        const { tokens, make } = await testTokens();
        const { entry } = await make({ path: `auth/m/${segments.join("/")}` });
        expect(Buffer.byteLength(entry.leaseId)).toBeLessThanOrEqual(930);
        expect(await tokens.byLease(entry.leaseId)).toEqual(entry);
        await tokens.revokePrefix("auth/m");
        expect(await tokens.byId(entry.id)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test("ends by prefix, of many at a time, no other", async () => {
    const { tokens, make } = await testTokens();
    const ours = await Promise.all(
      Array.from({ length: 100 }, (_, i) => make({ path: `auth/a/login/u${String(i % 7)}` })),
    );
    const other = await make({ path: "auth/ab/login" });
    await tokens.revokePrefix("auth/a/login/u3/");
    expect(await tokens.count()).toEqual(
      new Map([
        ["auth/a", 86],
        ["auth/ab", 1],
      ]),
    );
    await tokens.revokePrefix("auth/a/");
    for (const { token } of ours) expect(await tokens.find(token)).toBeUndefined();
    expect(await tokens.find(other.token)).toEqual(other.entry);
  });
});

/** Names read and values read. */
function counting(storage: Storage): { readonly storage: Storage; readonly reads: () => number } {
  let reads = 0;
  const one = <T>(work: () => T): T => {
    reads += 1;
    return work();
  };
  return {
    storage: {
      ...storage,
      get: (key) => one(() => storage.get(key)),
      list: (prefix) => one(() => storage.list(prefix)),
      transact: (work) =>
        storage.transact((tx) =>
          work({
            ...tx,
            put: (k, v) => {
              tx.put(k, v);
            },
            delete: (k) => {
              tx.delete(k);
            },
            get: (k) => one(() => tx.get(k)),
            list: (p) => one(() => tx.list(p)),
          }),
        ),
    },
    reads: () => reads,
  };
}

test.each([[0], [2000]])("open reads as little with %d tokens as with none", async (size) => {
  const { store, make } = await testTokens();
  for (let i = 0; i < size; i += 100) await Promise.all(Array.from({ length: 100 }, () => make()));
  const { storage, reads } = counting(store);
  await testTokens({ storage });
  expect(reads()).toBe(3);
});

describe("tidy", () => {
  test("deletes what points nowhere and nothing else", async () => {
    const { tokens, make, store } = await testTokens();
    const kept = await make();
    const child = await make({ parent: kept.entry.id });
    const before = await everyKey(store);
    const lost = await make();
    const below = await make({ parent: lost.entry.id });
    await store.transact((tx) => {
      tx.delete(`sys/token/id/${lost.entry.id}`);
      return Promise.resolve();
    });
    await tokens.tidy();
    expect(await everyKey(store)).toEqual(before);
    expect(await tokens.find(below.token)).toBeUndefined();
    for (const { token, entry } of [kept, child]) expect(await tokens.find(token)).toEqual(entry);
  });
});

describe("a store of the first release, kept as it was written", () => {
  let base = "";
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function copied() {
    base = await mkdtemp(join(tmpdir(), "tokens-v1-"));
    await cp(join(import.meta.dirname, "../../fixtures/tokens-v1"), join(base, "data"), { recursive: true });
    await chmod(join(base, "data"), 0o700);
    const options = { pid: process.pid, uid: process.getuid?.() ?? 0, random: systemRandom(), log: () => undefined };
    return openLmdbStore({ path: join(base, "data"), ...options });
  }

  test("has its leases after unseal, in the background, once", async () => {
    const storage = await copied();
    const { tokens, run, logged, clock } = await testTokens({ storage });
    const ann = await tokens.find(new Secret("ann"));
    expect(ann).toMatchObject({ path: "auth/userpass/login/ann", leaseId: "" });
    expect(await tokens.leases("auth/")).toEqual([]);
    const done = run(signal());
    await clock.advance(1000);
    for (let i = 0; i < 500 && (await storage.get("sys/token/indexed")) === undefined; i += 1) await wait(10);
    const after = await tokens.find(new Secret("ann"));
    expect(after?.leaseId).toMatch(/^auth\/userpass\/login\/ann\/h/);
    expect(await tokens.byLease(after?.leaseId ?? "")).toEqual(after);
    expect(await tokens.leases("auth/userpass/login/")).toEqual(["ann/", "bob/"]);
    expect((await tokens.find(new Secret("root")))?.leaseId).toBe("");
    expect(logged).toContain("tokens of an older store can be found by their leases");
    for (const stop of stops.splice(0)) stop.abort();
    await done;
    const again = await testTokens({ storage });
    expect((await again.tokens.find(new Secret("ann")))?.leaseId).toBe(after?.leaseId);
    await storage.close();
  });

  test("loses a mount's tokens with the mount before that too", async () => {
    const storage = await copied();
    const { tokens } = await testTokens({ storage });
    await tokens.revokePrefix("auth/userpass/");
    for (const id of ["ann", "bob", "child"]) expect(await tokens.find(new Secret(id))).toBeUndefined();
    expect(await tokens.find(new Secret("root"))).toBeDefined();
    await storage.close();
  });
});
