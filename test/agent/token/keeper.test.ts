/** The life of a token against a fake server and a clock moved by hand. */
import { afterEach, expect, test } from "@jest/globals";
import { grantFromLogin, type LoginMethod } from "../../../agent/login/method.ts";
import { TokenKeeper } from "../../../agent/token/keeper.ts";
import { Fault } from "../../../lib/fault.ts";
import type { LogFields } from "../../../lib/log.ts";
import { type FakeClock, fakeClock } from "../../fakes/clock.ts";
import { fixedRandom } from "../../fakes/random.ts";
import { type FakeVault, fakeVault } from "../../fakes/vault.ts";

interface Lab {
  readonly vault: FakeVault;
  readonly clock: FakeClock;
  readonly keeper: TokenKeeper;
  readonly lines: string[];
}

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

async function lab(prepare: (vault: FakeVault) => void = () => undefined): Promise<Lab> {
  const vault = fakeVault();
  prepare(vault);
  const clock = fakeClock(1_000_000);
  const lines: string[] = [];
  const log = (level: string, message: string, fields: LogFields = {}): void => {
    lines.push(`${level} ${message} ${Object.values(fields).map(String).join(" ")}`);
  };
  const method: LoginMethod = {
    name: "fake",
    login: async (signal) => {
      const body = { pkcs7: "p", nonce: "n" };
      return grantFromLogin("login", await vault.api({ method: "POST", path: "auth/aws/login", body, signal }));
    },
  };
  const retry = { first: 1_000, most: 60_000 };
  const keeper = new TokenKeeper({ api: vault.api, method, clock, random: fixedRandom(), log, retry });
  const stop = new AbortController();
  stops.push(stop);
  void keeper.run(stop.signal);
  await clock.advance(0);
  return { vault, clock, keeper, lines };
}

const logins = (vault: FakeVault): number => vault.count(/login$/);
const renewals = (vault: FakeVault): number => vault.count(/renew-self$/);

test("it logs in at once and renews at half of the life, again and again", async () => {
  const { vault, clock, keeper } = await lab();
  expect(keeper.token).toBeDefined();
  await clock.advance(1_799_000);
  expect(renewals(vault)).toBe(0);
  await clock.advance(2_000);
  expect(renewals(vault)).toBe(1);
  await clock.advance(3 * 3_600_000);
  expect(renewals(vault)).toBe(7);
  expect(logins(vault)).toBe(1);
});

test("a token that cannot be renewed is replaced before it ends", async () => {
  const { vault, clock, keeper } = await lab((v) => {
    v.renewable = false;
  });
  const first = keeper.token;
  await clock.advance(3_200_000);
  expect(logins(vault)).toBe(1);
  await clock.advance(60_000);
  expect(logins(vault)).toBe(2);
  expect(keeper.token).not.toBe(first);
  expect(renewals(vault)).toBe(0);
});

test("a renewal that gives little is the last: a login follows instead of ever shorter halves", async () => {
  const { vault, clock } = await lab();
  vault.ttl = 600;
  await clock.advance(1_801_000);
  expect(renewals(vault)).toBe(1);
  await clock.advance(600_000);
  expect([renewals(vault), logins(vault)]).toEqual([1, 2]);
});

test("a refused renewal waits for the end of the life, with one login", async () => {
  const { vault, clock } = await lab();
  vault.intercept = ({ path }) => (path.endsWith("renew-self") ? { status: 400, body: { errors: ["no"] } } : undefined);
  await clock.advance(3_000_000);
  expect([renewals(vault), logins(vault)]).toEqual([1, 1]);
  await clock.advance(300_000);
  expect(logins(vault)).toBe(2);
});

test("a server that is away is tried for ever, at most a minute apart, and the old token stays past its end", async () => {
  const { vault, clock, keeper, lines } = await lab();
  const token = keeper.token;
  vault.down = true;
  await clock.advance(7_200_000);
  expect(keeper.token).toBe(token);
  expect(keeper.status.problem).toContain("connection refused");
  expect(lines.filter((line) => line.startsWith("warn")).length).toBeLessThan(5);
  vault.down = false;
  await clock.advance(60_000);
  expect(keeper.token).not.toBe(token);
  expect([logins(vault), keeper.status.problem]).toEqual([2, ""]);
});

test("back-off doubles up to a minute", async () => {
  const { vault, clock } = await lab((v) => {
    v.intercept = () => ({ status: 500, body: { errors: ["broken"] } });
  });
  await clock.advance(63_000);
  expect(logins(vault)).toBe(7);
  await clock.advance(600_000);
  expect(logins(vault)).toBe(17);
});

test.each([429, 503])("Retry-After of a %i is obeyed", async (status) => {
  const { vault, clock } = await lab((v) => {
    v.intercept = () => ({ status, body: { errors: ["later"] }, retryAfter: 120 });
  });
  vault.intercept = () => undefined;
  await clock.advance(119_000);
  expect(logins(vault)).toBe(1);
  await clock.advance(2_000);
  expect(logins(vault)).toBe(2);
});

test("a revoked token that reads run into is replaced once, however many reads say so", async () => {
  const { vault, clock, keeper } = await lab();
  await clock.advance(100_000);
  vault.tokens.clear();
  const token = keeper.token;
  if (token === undefined) throw new Error("no token");
  for (let i = 0; i < 50; i += 1) keeper.suspect(token);
  await clock.advance(60_000);
  expect(logins(vault)).toBe(2);
  for (let i = 0; i < 50; i += 1) keeper.suspect(token);
  await clock.advance(600_000);
  expect(logins(vault)).toBe(2);
});

test("a revoked token is noticed within a minute even when nothing is read", async () => {
  const { vault, clock } = await lab();
  await clock.advance(10_000);
  vault.tokens.clear();
  await clock.advance(60_000);
  expect(logins(vault)).toBe(2);
  await clock.advance(600_000);
  expect(logins(vault)).toBe(2);
});

test("a 403 of the policy costs one look-up and no login", async () => {
  const { vault, clock, keeper } = await lab();
  const token = keeper.token;
  if (token === undefined) throw new Error("no token");
  keeper.suspect(token);
  await clock.advance(20_000);
  expect([vault.count(/lookup-self$/), logins(vault)]).toEqual([1, 1]);
});

test("tokens that may not look themselves up cause no storm of logins", async () => {
  const { vault, clock, keeper } = await lab((v) => {
    v.intercept = ({ path }) => (path.endsWith("lookup-self") ? { status: 403, body: { errors: ["no"] } } : undefined);
  });
  for (let minute = 0; minute < 30; minute += 1) {
    if (keeper.token !== undefined) keeper.suspect(keeper.token);
    await clock.advance(60_000);
  }
  expect(logins(vault)).toBeLessThanOrEqual(5);
});

test("the log never holds the token", async () => {
  const { vault, clock, lines } = await lab();
  vault.tokens.clear();
  await clock.advance(120_000);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("\n")).not.toContain("hvs.");
});

test("what is no fault stops nothing: a broken login method is tried again", async () => {
  const clock = fakeClock();
  let calls = 0;
  const method: LoginMethod = {
    name: "broken",
    login: () => {
      calls += 1;
      return Promise.reject(calls === 1 ? new TypeError("a bug") : new Fault("denied", "no"));
    },
  };
  const retry = { first: 1_000, most: 60_000 };
  const keeper = new TokenKeeper({
    api: fakeVault().api,
    method,
    clock,
    random: fixedRandom(),
    log: () => undefined,
    retry,
  });
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  await clock.advance(1_000);
  expect(calls).toBe(2);
  stop.abort();
  await expect(running).resolves.toBeUndefined();
});
