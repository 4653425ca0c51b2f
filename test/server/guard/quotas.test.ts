/** Rate limit quotas. Source: Vault's page "Resource quotas" and its API pages "/sys/quotas/rate-limit", "/sys/quotas/config". */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Call } from "../../../server/contract/call.ts";
import type { Mount } from "../../../server/contract/engine.ts";
import type { QuotaSettings, Quotas, RateQuota, Throttled } from "../../../server/contract/guards.ts";
import { Buckets } from "../../../server/guard/bucket.ts";
import { rateQuotas } from "../../../server/guard/quotas.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { type FakeClock, fakeClock } from "../../fakes/clock.ts";

const quota = (change: Partial<RateQuota> = {}): RateQuota => ({
  name: "one",
  mountPath: "",
  pathSuffix: "",
  role: "",
  rate: 2,
  interval: 1000,
  blockInterval: 0,
  inheritable: true,
  ...change,
});

describe("a bucket", () => {
  test("lets through as many as the rate, then as time gives them back", () => {
    const buckets = new Buckets(quota({ rate: 3, interval: 6000 }), 10);
    const took = (at: number): boolean => buckets.take("a", at).allowed;
    expect([took(0), took(0), took(0), took(0)]).toEqual([true, true, true, false]);
    expect(took(1999)).toBe(false);
    expect(took(2000)).toBe(true);
    expect(took(2000)).toBe(false);
    expect([took(60_000), took(60_000), took(60_000), took(60_000)]).toEqual([true, true, true, false]);
  });

  test("a rate below one lets one through after a while", () => {
    const buckets = new Buckets(quota({ rate: 0.5 }), 10);
    expect(buckets.take("a", 0).allowed).toBe(true);
    expect(buckets.take("a", 1999)).toEqual({ allowed: false, remaining: 0, reset: expect.closeTo(1) });
    expect(buckets.take("a", 2000).allowed).toBe(true);
  });

  test("who runs out is blocked, and trying does not make it longer", () => {
    const buckets = new Buckets(quota({ rate: 1, blockInterval: 10_000 }), 10);
    expect(buckets.take("a", 0).allowed).toBe(true);
    expect(buckets.take("a", 0)).toEqual({ allowed: false, remaining: 0, reset: 10_000 });
    expect(buckets.take("a", 9_999)).toEqual({ allowed: false, remaining: 0, reset: 1 });
    expect(buckets.take("a", 10_000).allowed).toBe(true);
  });

  test("clients are apart, and bounded", () => {
    const buckets = new Buckets(quota({ rate: 1, interval: 3_600_000 }), 100);
    for (let i = 0; i < 1000; i += 1) expect(buckets.take(`10.0.0.${i}`, i).allowed).toBe(true);
    expect(buckets.size).toBe(100);
    expect(buckets.take("10.0.0.999", 1000).allowed).toBe(false);
    expect(buckets.take("10.0.0.0", 1000).allowed).toBe(true);
  });

  test("no sequence of requests gets more than the rate and what time gave", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 200 });
    fc.assert(
      fc.property(
        steps,
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.integer({ min: 100, max: 10_000 }),
        (gaps, rate, interval) => {
          const buckets = new Buckets(quota({ rate, interval }), 1);
          let now = 0;
          let allowed = 0;
          for (const gap of gaps) {
            now += gap;
            if (buckets.take("a", now).allowed) allowed += 1;
          }
          expect(allowed).toBeLessThanOrEqual(Math.max(1, Math.round(rate)) + (now * rate) / interval + 1e-6);
        },
      ),
    );
  });
});

const mountOf = (path: string): Mount => ({ path, tune: {} }) as unknown as Mount;
const MOUNTS = ["secret/", "kv/", "auth/approle/", "sys/"].map(mountOf);

interface Stage {
  readonly quotas: Quotas & QuotaSettings;
  readonly clock: FakeClock;
  readonly ask: (path: string, address?: string, role?: string) => Promise<ReadonlyMap<string, string> | undefined>;
  readonly store: ReturnType<typeof memoryStore>;
}

async function stage(...some: readonly RateQuota[]): Promise<Stage> {
  const clock = fakeClock();
  const store = memoryStore();
  const quotas = rateQuotas({ clock, storage: store });
  await quotas.open();
  for (const one of some) await quotas.write(one);
  return {
    quotas,
    clock,
    store,
    ask: async (path, address = "192.0.2.1", role) => {
      const mount = MOUNTS.find((one) => path.startsWith(one.path));
      return quotas.admit({ path, remote: { address, port: 1 } } as Call, mount, () => Promise.resolve(role));
    },
  };
}

/** How many of ten requests are let through. */
async function through({ ask }: Stage, path: string, role?: string): Promise<number> {
  let count = 0;
  for (let i = 0; i < 10; i += 1)
    count += await ask(path, "192.0.2.9", role).then(
      () => 1,
      () => 0,
    );
  return count;
}

test("without quotas nothing is done", async () => {
  const { quotas } = await stage();
  expect(quotas.admit({ path: "kv/x" } as Call, undefined, () => Promise.reject(new Error("asked")))).toBeUndefined();
});

test("the most specific holds, and it alone", async () => {
  const s = await stage(
    quota({ name: "global", rate: 1 }),
    quota({ name: "mount", mountPath: "secret/", rate: 2 }),
    quota({ name: "prefix", mountPath: "secret/", pathSuffix: "data/*", rate: 3 }),
    quota({ name: "longer", mountPath: "secret/", pathSuffix: "data/app*", rate: 4 }),
    quota({ name: "path", mountPath: "secret/", pathSuffix: "data/app", rate: 5 }),
    quota({ name: "logins", mountPath: "auth/approle/", rate: 6 }),
    quota({ name: "role", mountPath: "auth/approle/", role: "web", rate: 7 }),
  );
  expect(await through(s, "kv/x")).toBe(1);
  expect(await through(s, "nowhere/x")).toBe(0);
  expect(await through(s, "secret/config")).toBe(2);
  expect(await through(s, "secret/data/other")).toBe(3);
  expect(await through(s, "secret/data/apple")).toBe(4);
  expect(await through(s, "secret/data/app")).toBe(5);
  expect(await through(s, "secret/data/app/")).toBe(0);
  expect(await through(s, "auth/approle/login", "db")).toBe(6);
  expect(await through(s, "auth/approle/login", "web")).toBe(7);
});

test("the role is asked only where a quota has one", async () => {
  const s = await stage(quota({ name: "mount", mountPath: "auth/approle/" }));
  const asked = s.quotas.admit(
    { path: "auth/approle/login", remote: { address: "a", port: 1 } } as Call,
    mountOf("auth/approle/"),
    () => Promise.reject(new Error("asked")),
  );
  expect((await asked)?.size).toBe(0);
});

test("a refusal says when to come back, and the headers when they are on", async () => {
  const s = await stage(quota({ rate: 2, interval: 10_000 }));
  const refused = async (): Promise<Throttled> => (await s.ask("kv/x").catch((error: unknown) => error)) as Throttled;
  await s.ask("kv/x");
  await s.ask("kv/x");
  expect(await refused()).toMatchObject({ kind: "throttled", retryAfter: 5000, headers: new Map(), audited: false });
  await s.quotas.configure({ responseHeaders: true, auditLogging: true });
  const fault = await refused();
  expect(fault.message).toBe('request path "kv/x": rate limit quota exceeded');
  expect(fault.audited).toBe(true);
  expect([...fault.headers]).toEqual([
    ["x-ratelimit-limit", "2"],
    ["x-ratelimit-remaining", "0"],
    ["x-ratelimit-reset", "5"],
  ]);
  await s.clock.advance(5000);
  expect((await s.ask("kv/x"))?.get("x-ratelimit-remaining")).toBe("0");
  expect((await s.ask("kv/x", "192.0.2.2"))?.get("x-ratelimit-remaining")).toBe("1");
});

test("exempt paths are never counted: at first those that unseal", async () => {
  const s = await stage(quota({ rate: 1 }));
  for (const path of ["sys/health", "sys/seal-status", "sys/unseal", "sys/generate-root/attempt"])
    expect(await through(s, path)).toBe(10);
  expect(await through(s, "sys/health/more")).toBe(1);
  await s.quotas.configure({ exemptPaths: ["kv/free/*"] });
  expect(await through(s, "kv/free/x")).toBe(10);
  expect(await through(s, "sys/health")).toBe(0);
});

test("two for the same are refused, a change moves the first", async () => {
  const s = await stage(quota({ name: "one", mountPath: "kv/" }));
  await expect(s.quotas.write(quota({ name: "two", mountPath: "kv/" }))).rejects.toMatchObject({ kind: "invalid" });
  await s.quotas.write(quota({ name: "one", mountPath: "secret/", rate: 1 }));
  await s.quotas.write(quota({ name: "two", mountPath: "kv/", rate: 3 }));
  expect([await through(s, "kv/x"), await through(s, "secret/x")]).toEqual([3, 1]);
  expect(s.quotas.list().map(({ name }) => name)).toEqual(["one", "two"]);
});

test("a change of one leaves the buckets of the others", async () => {
  const s = await stage(quota({ name: "one", mountPath: "kv/", rate: 2 }));
  expect(await through(s, "kv/x")).toBe(2);
  await s.quotas.write(quota({ name: "two", mountPath: "secret/" }));
  expect(await through(s, "kv/x")).toBe(0);
  await s.quotas.remove("two");
  await s.quotas.remove("two");
  expect(await through(s, "kv/x")).toBe(0);
});

test("there are a thousand at most", async () => {
  const s = await stage();
  for (let i = 0; i < 1000; i += 1)
    await s.quotas.write(quota({ name: `q${i}`, mountPath: "kv/", pathSuffix: `p${i}` }));
  await expect(s.quotas.write(quota({ name: "more", mountPath: "secret/" }))).rejects.toMatchObject({
    kind: "invalid",
  });
  await s.quotas.write(quota({ name: "q1", mountPath: "kv/", pathSuffix: "p1", rate: 9 }));
});

test("settings outlive a restart, a seal forgets them", async () => {
  const s = await stage(quota({ rate: 1, name: "a/b c" }));
  await s.quotas.configure({ responseHeaders: true });
  s.quotas.forget();
  expect(s.quotas.list()).toEqual([]);
  expect(await through(s, "kv/x")).toBe(10);
  await s.quotas.open();
  expect(s.quotas.list()).toEqual([quota({ rate: 1, name: "a/b c" })]);
  expect(s.quotas.config().responseHeaders).toBe(true);
  expect(await through(s, "kv/x")).toBe(1);
});
