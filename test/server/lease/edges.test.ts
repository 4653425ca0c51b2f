/** Leases at the edges: of batch tokens, of a disable that a crash cut short, with names that are no lease ids. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../lib/random.ts";
import type { Store } from "../../../server/contract/storage.ts";
import type { TokenEntry } from "../../../server/contract/token.ts";
import { leaseStore } from "../../../server/lease/store.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { testCore } from "../../fakes/core.ts";
import { type Directory, lender } from "../../fakes/lender.ts";
import { everyKey, testTokens } from "../../fakes/tokens.ts";

const LEASE = { ttl: 60_000, maxTtl: 0, renewable: true, internal: new Map() };
const MOUNT = { path: "db/", defaultTtl: 600_000, maxTtl: 3_600_000 } as never;

async function opened() {
  const revoked: string[] = [];
  const store = memoryStore();
  const made = await testTokens({ storage: store, ended: (id) => leases.revokeByToken(id) });
  const leases = leaseStore({
    storage: store,
    clock: made.clock,
    random: systemRandom(),
    log: () => undefined,
    tokens: made.tokens,
    engines: () => ({
      mountOf: () => MOUNT,
      renew: () => Promise.resolve({ ttl: 0, maxTtl: 0, period: 0 }),
      revoke: ({ id }) => {
        revoked.push(id);
        return Promise.resolve();
      },
    }),
  });
  const stop = new AbortController();
  const done = Promise.all([leases.expire(stop.signal), made.run(stop.signal)]);
  const close = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  return { ...made, leases, revoked, close };
}

test("a batch token's lease ends no later than the token, however it is renewed, and dies with its parent", async () => {
  const { make, leases, revoked, clock, tokens, close } = await opened();
  const parent = (await make()).entry;
  const batch = (await make({ type: "batch", parent: parent.id, ttl: 30_000 })).entry;
  const lease = await leases.register("db/creds/a", batch, LEASE);
  expect(lease.expireTime).toBe(batch.expireTime);
  await clock.advance(10_000);
  expect((await leases.renew(lease.id, 50_000)).lease.expireTime).toBe(batch.expireTime);
  await tokens.revoke(parent.id);
  await clock.advance(0);
  expect(revoked).toEqual([lease.id]);
  const orphan = (await make({ type: "batch", ttl: 1000 })).entry;
  const short = await leases.register("db/creds/a", orphan, LEASE);
  await clock.advance(1000);
  expect(revoked).toEqual([lease.id, short.id]);
  await expect(leases.register("db/creds/a", orphan, LEASE)).rejects.toMatchObject({ kind: "invalid" });
  await close();
});

test("a lease registered while its token dies ends at once", async () => {
  const { make, leases, revoked, clock, tokens, store, close } = await opened();
  const entries: TokenEntry[] = [];
  for (let i = 0; i < 20; i += 1) entries.push((await make()).entry);
  const outcomes = await Promise.allSettled(
    entries.flatMap((entry) => [leases.register("db/creds/a", entry, LEASE), tokens.revoke(entry.id)]),
  );
  for (let i = 0; i < 10; i += 1) await clock.advance(1);
  const handed = outcomes.filter((outcome, i) => i % 2 === 0 && outcome.status === "fulfilled");
  expect(revoked).toHaveLength(20);
  expect(handed.length).toBeLessThanOrEqual(20);
  expect((await everyKey(store)).filter((key) => key.startsWith("sys/lease/"))).toEqual([]);
  await close();
});

test("property: what is no lease id is found by no verb, and no verb throws anything but a fault", async () => {
  const { leases, close } = await opened();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" })), async (id) => {
      expect(await leases.find(id)).toBeUndefined();
      await leases.revoke(id, { force: false, sync: true });
      await expect(leases.renew(id, 0)).rejects.toMatchObject({ kind: "invalid" });
    }),
    { numRuns: 300 },
  );
  await close();
});

test("a disable that a crash cut short undoes the mount's leases at the next unseal", async () => {
  const directory: Directory = { alive: new Set(), tried: [], down: false };
  const store = memoryStore();
  let left = Number.POSITIVE_INFINITY;
  const crashing: Store = {
    ...store,
    transact: (work) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error("power cut")) : store.transact(work);
    },
  };
  const first = testCore({ kinds: [lender(directory)], store: crashing });
  await first.start();
  await first.call("update", "sys/mounts/db", { data: { type: "lender" } });
  await first.call("read", "db/creds/app");
  // The mark is written, nothing after it.
  left = 1;
  expect(await first.refusal("delete", "sys/mounts/db")).toMatchObject({ kind: "internal" });
  expect([...directory.alive]).toEqual(["user-1"]);
  const again = testCore({ kinds: [lender(directory)], store });
  Object.assign(again, { root: first.root, shares: first.shares });
  await again.unseal();
  for (let i = 0; i < 10; i += 1) await again.clock.advance(1);
  expect(directory.alive.size).toBe(0);
  expect(again.core.mounts.find("db/")).toBeUndefined();
  expect((await everyKey(store)).filter((key) => key.startsWith("sys/lease/"))).toEqual([]);
});
