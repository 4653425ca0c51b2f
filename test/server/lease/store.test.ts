/** Leases of secrets in a whole core: registered, renewed, undone by an engine that may fail; restarts and clock jumps in between. */
import { describe, expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import type { Store } from "../../../server/contract/storage.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { DAY, HOUR, shown, type TestCore, testCore } from "../../fakes/core.ts";
import { type Directory, lender } from "../../fakes/lender.ts";
import { everyKey } from "../../fakes/tokens.ts";

async function started(store: Store = memoryStore(), before?: { core: TestCore; directory: Directory }) {
  const directory = before?.directory ?? { alive: new Set<string>(), tried: [], down: false };
  const t = testCore({ kinds: [lender(directory)], store });
  if (before === undefined) {
    await t.start();
    await t.call("update", "sys/mounts/db", { data: { type: "lender" } });
  } else {
    t.root = before.core.root;
    t.shares = before.core.shares;
    t.clock.jump(before.core.clock.now() - t.clock.now());
    await t.unseal();
  }
  const lend = async (options: Parameters<TestCore["call"]>[2] = {}): Promise<string> =>
    (await t.call("read", "db/creds/app", options)).lease?.id ?? "";
  const lookup = async (id: string) =>
    (
      shown(await t.call("update", "sys/leases/lookup", { data: { lease_id: id } })) as {
        data: Record<string, unknown>;
      }
    ).data;
  return { ...t, t, store, directory, lend, lookup };
}

const LENDS =
  'path "db/*" { capabilities = ["read"] } path "sys/leases/*" { capabilities = ["update", "sudo", "list"] }';

describe("a lease", () => {
  test("is handed out with its secret and looked up", async () => {
    const { t, lend, lookup, clock } = await started();
    const id = await lend({ data: { ttl: "1h" } });
    expect(id).toMatch(/^db\/creds\/app\/[0-9A-Za-z]{24}$/);
    expect(await lookup(id)).toEqual({
      id,
      issue_time: "2026-01-01T00:00:00Z",
      expire_time: "2026-01-01T01:00:00Z",
      last_renewal: null,
      renewable: true,
      ttl: 3600,
    });
    await clock.advance(1000);
    expect(await lookup(id)).toMatchObject({ ttl: 3599 });
    expect(await t.refusal("update", "sys/leases/lookup", { data: { lease_id: `${id}x` } })).toMatchObject({
      kind: "invalid",
      message: "invalid lease",
    });
  });

  test.each([
    ["3h at most by its own maximum", DAY, 3 * HOUR],
    ["the mount's default without one", 0, 3 * HOUR],
  ])("lives %s", async (_what, ttl, lives) => {
    const { t } = await started();
    const { lease } = await t.call("read", "db/creds/app", { data: { ttl: String(ttl / 1000) } });
    expect((lease?.expireTime ?? 0) - (lease?.issueTime ?? 0)).toBe(lives);
  });

  test("is renewed from now, within its maximum since the beginning", async () => {
    const { t, lend, lookup, clock } = await started();
    const id = await lend({ data: { ttl: "1h" } });
    await clock.advance(HOUR / 2);
    const renew = (path: string, data: Record<string, unknown>) => t.call("update", path, { data });
    const { lease } = await renew("sys/leases/renew", { lease_id: id, increment: "2h" });
    expect(lease).toMatchObject({ id, expireTime: clock.now() + 2 * HOUR, lastRenewal: clock.now(), renewable: true });
    expect(await lookup(id)).toMatchObject({ ttl: 7200, last_renewal: "2026-01-01T00:30:00Z" });
    await clock.advance(HOUR);
    // Without an increment as at first; the URL is as good as the body, the older path as the newer.
    expect((await renew(`sys/renew/${id}`, {})).lease?.expireTime).toBe(clock.now() + HOUR);
    const capped = await renew(`sys/leases/renew/${id}`, { increment: "5h" });
    expect(capped.lease?.expireTime).toBe((capped.lease?.issueTime ?? 0) + 3 * HOUR);
    expect(capped.reply?.warnings?.join()).toContain("TTL value is capped accordingly");
    await clock.advance(1.5 * HOUR);
    expect(await t.refusal("update", "sys/renew", { data: { lease_id: id } })).toMatchObject({ kind: "invalid" });
  });

  test("that is not renewable is not renewed", async () => {
    const { t, lend } = await started();
    const id = await lend({ data: { fixed: true } });
    expect(await t.refusal("update", "sys/leases/renew", { data: { lease_id: id } })).toMatchObject({
      message: "lease is not renewable",
    });
  });

  test.each([
    ["leases/renew"],
    ["renew"],
    ["leases/revoke"],
    ["revoke"],
    ["leases/lookup"],
  ])("is named at sys/%s", async (path) => {
    const { t } = await started();
    expect(await t.refusal("update", `sys/${path}`, { data: {} })).toMatchObject({
      kind: "invalid",
      message: "lease_id must be specified",
    });
  });
});

describe("the end of a lease", () => {
  test("comes by wall time, also after a restart in the middle and a jump of the clock", async () => {
    const first = await started();
    const early = await first.lend({ data: { ttl: "1h" } });
    const late = await first.lend({ data: { ttl: "2h" } });
    await first.core.close();
    first.clock.jump(HOUR);
    const again = await started(first.store, { core: first.t, directory: first.directory });
    expect(await again.t.refusal("update", "sys/leases/lookup", { data: { lease_id: early } })).toMatchObject({
      kind: "invalid",
    });
    await again.clock.advance(1000);
    expect([...again.directory.alive]).toEqual(["user-2"]);
    expect(await again.lookup(late)).toMatchObject({ ttl: 3599 });
    again.clock.jump(HOUR);
    await again.clock.advance(60_000);
    expect(again.directory.alive.size).toBe(0);
    expect((await everyKey(first.store)).filter((key) => key.startsWith("sys/lease/"))).toEqual([]);
  });

  test.each([
    ["sys/leases/revoke", { sync: true }, undefined, 0],
    ["sys/revoke", {}, 202, 0],
    ["sys/leases/revoke", {}, 202, 0],
  ] as const)("by %s %j", async (path, more, status, left) => {
    const { t, lend, directory, clock } = await started();
    const id = await lend();
    const { reply } = await t.call("update", path, { data: { lease_id: id, ...more } });
    expect(reply?.status).toBe(status);
    expect(await t.refusal("update", "sys/leases/lookup", { data: { lease_id: id } })).toMatchObject({
      kind: "invalid",
    });
    await clock.advance(0);
    expect(directory.alive.size).toBe(left);
    await t.call("update", path, { data: { lease_id: id, ...more } });
  });

  test.each(["revoke", "revoke-orphan", "expiry", "last use"])("comes with its token's: %s", async (how) => {
    const { t, lend, directory, clock, tokens } = await started();
    const token = await t.tokenFor(LENDS, how === "last use" ? { numUses: 2 } : {});
    await lend({ token });
    await lend();
    const id = (await tokens.find(new Secret(token)))?.id ?? "";
    if (how === "revoke") await tokens.revoke(id);
    else if (how === "revoke-orphan") await tokens.revokeOrphan(id);
    else if (how === "expiry") await clock.advance(HOUR);
    else await t.refusal("read", "db/none", { token });
    await clock.advance(0);
    expect([...directory.alive]).toEqual(["user-2"]);
  });

  test("comes at once for a secret that its token's last use has made, which is not returned", async () => {
    const { t, directory, clock } = await started();
    const token = await t.tokenFor(LENDS, { numUses: 1 });
    expect(await t.refusal("read", "db/creds/app", { token })).toMatchObject({ kind: "invalid" });
    await clock.advance(0);
    expect(directory.alive.size).toBe(0);
    expect(directory.tried).toEqual(["user-1"]);
  });

  test("by prefix takes what lies below it, tokens too, and no other", async () => {
    const { t, lend, directory, clock } = await started();
    await Promise.all(Array.from({ length: 70 }, () => lend()));
    await t.call("update", "sys/mounts/db2", { data: { type: "lender" } });
    await t.call("read", "db2/creds/app");
    expect(shown(await t.call("list", "sys/leases/lookup/"))).toEqual({ data: { keys: ["db/", "db2/"] } });
    expect(await t.refusal("update", "sys/leases/revoke-prefix/", { data: {} })).toMatchObject({ kind: "invalid" });
    await t.call("update", "sys/leases/revoke-prefix/db/creds", { data: { sync: true } });
    expect([...directory.alive]).toEqual(["user-71"]);
    expect(await t.refusal("list", "sys/leases/lookup/db/")).toMatchObject({ kind: "not-found" });
    const token = await t.tokenFor(LENDS);
    await t.call("update", "sys/revoke-prefix/auth/token/create", { data: {} });
    expect(await t.refusal("read", "db/creds/app", { token })).toMatchObject({ kind: "denied" });
    await clock.advance(0);
  });
});

describe("an engine that cannot undo a lease", () => {
  test("is asked again with growing waits, after a restart too, then the lease is given up with its reason", async () => {
    const first = await started();
    const id = await first.lend();
    first.directory.down = true;
    await first.t.call("update", "sys/leases/revoke", { data: { lease_id: id } });
    for (let i = 0; i < 3; i += 1) await first.clock.advance(60_000);
    expect(first.directory.tried.length).toBeGreaterThanOrEqual(3);
    expect(first.directory.tried.length).toBeLessThan(6);
    await first.core.close();
    const { t, clock, directory } = await started(first.store, { core: first.t, directory: first.directory });
    for (let i = 0; i < 60; i += 1) await clock.advance(60_000);
    expect(directory.tried).toHaveLength(6);
    const mount = t.core.mounts.find("db/")?.accessor ?? "";
    const stuck = { counts: { [mount]: 1 }, lease_count: 1 };
    expect(shown(await t.call("read", "sys/leases", { data: { type: "irrevocable" } }))).toEqual({
      data: { ...stuck, leases: [{ error: "directory is down", lease_id: id, mount_id: mount }] },
    });
    expect(shown(await t.call("read", "sys/leases/count", { data: { type: "irrevocable" } }))).toEqual({ data: stuck });
    await t.call("update", "sys/leases/revoke-force/db", { data: {} });
    expect(directory.tried).toHaveLength(7);
    expect(shown(await t.call("read", "sys/leases/count", { data: { type: "irrevocable" } }))).toMatchObject({
      data: { lease_count: 0 },
    });
    expect((await everyKey(first.store)).filter((key) => key.startsWith("sys/lease/"))).toEqual([]);
  });

  test("says so to who waits for it, and tries again on its own", async () => {
    const { t, lend, directory, clock } = await started();
    const ids = [await lend(), await lend()];
    directory.down = true;
    expect(await t.refusal("update", "sys/leases/revoke-prefix/db/", { data: { sync: true } })).toMatchObject({
      kind: "invalid",
    });
    directory.down = false;
    await clock.advance(60_000);
    expect([ids.length, directory.alive.size]).toEqual([2, 0]);
  });

  test("keeps its mount from being disabled; once it can the mount goes, and nobody is left alive", async () => {
    const { t, lend, directory, store, clock } = await started();
    await lend();
    directory.down = true;
    expect(await t.refusal("delete", "sys/mounts/db")).toMatchObject({ kind: "invalid" });
    expect(await lend()).not.toBe("");
    directory.down = false;
    await clock.advance(60_000);
    await t.call("delete", "sys/mounts/db");
    expect(directory.alive.size).toBe(0);
    expect((await everyKey(store)).filter((key) => key.startsWith("sys/lease/"))).toEqual([]);
  });
});

describe("sys/leases", () => {
  test("counts by mount, tokens too; refuses types it does not know", async () => {
    const { t, lend } = await started();
    await Promise.all([lend(), lend()]);
    await t.tokenFor(LENDS);
    expect(shown(await t.call("read", "sys/leases/count", { data: { type: "all" } }))).toEqual({
      data: { counts: { "auth/token/": 1, "db/": 2 }, lease_count: 3 },
    });
    for (const path of ["sys/leases", "sys/leases/count"]) {
      expect(await t.refusal("read", path, { data: { type: "other" } })).toMatchObject({ kind: "invalid" });
      expect(await t.refusal("read", path)).toMatchObject({ kind: "invalid" });
    }
    for (const limit of ["0", "-2", "x"]) {
      expect(await t.refusal("read", "sys/leases", { data: { type: "irrevocable", limit } })).toMatchObject({
        kind: "invalid",
      });
    }
  });

  test("tidy ends leases of tokens that are gone", async () => {
    const { t, lend, directory, store, clock } = await started();
    const token = await t.tokenFor(LENDS);
    const [kept] = [await lend(), await lend({ token })];
    const id = (await t.tokens.find(new Secret(token)))?.id ?? "";
    await store.transact((tx) => {
      tx.delete(`sys/token/id/${id}`);
      return Promise.resolve();
    });
    await t.core.operator.seal();
    await t.unseal();
    const tidy = async () => (await t.call("update", "sys/leases/tidy")).reply;
    const [first, second] = await Promise.all([tidy(), tidy()]);
    expect(first).toMatchObject({ status: 202, warnings: [expect.stringContaining("successfully started")] });
    expect(second).toMatchObject({ status: 202, warnings: ["Tidy operation already in progress."] });
    // It goes on in the background, in as many turns as it takes: over when the next one starts.
    let next = await tidy();
    while (next?.warnings?.[0] === "Tidy operation already in progress.") {
      await new Promise((resolve) => setImmediate(resolve));
      next = await tidy();
    }
    expect(next).toEqual(first);
    await clock.advance(0);
    expect([...directory.alive]).toEqual(["user-1"]);
    expect(kept).not.toBe("");
  });

  test("a token's lease is found, listed and revoked with its tree, but not renewed", async () => {
    const { t, lookup, tokens } = await started();
    const token = await t.tokenFor(LENDS);
    const entry = await tokens.find(new Secret(token));
    const id = entry?.leaseId ?? "";
    expect(await lookup(id)).toMatchObject({ id, ttl: 3600, renewable: true });
    expect(shown(await t.call("list", "sys/leases/lookup/auth/token/create/"))).toEqual({
      data: { keys: [id.split("/").at(-1)] },
    });
    expect((await t.refusal("update", "sys/leases/renew", { data: { lease_id: id } })).message).toContain(
      "tokens cannot be renewed through this endpoint",
    );
    await t.call("update", "sys/leases/revoke", { data: { lease_id: id } });
    expect(await tokens.find(new Secret(token))).toBeUndefined();
  });
});
