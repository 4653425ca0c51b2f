/** User lockout. Source: Vault's page "User lockout"; CVE-2025-6004 (a name in another spelling had a count of its own). */
import { expect, test } from "@jest/globals";
import { Fault } from "../../../lib/fault.ts";
import type { Mount, UserLockout } from "../../../server/contract/engine.ts";
import { BadCredentials, type LockedUsers, type Lockout } from "../../../server/contract/guards.ts";
import { NO_TUNE } from "../../../server/contract/mounts.ts";
import { userLockout } from "../../../server/guard/lockout.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { type FakeClock, fakeClock } from "../../fakes/clock.ts";

const MINUTE = 60_000;

function mountOf(type: string, own?: Partial<UserLockout>, accessor = `auth_${type}_1`): Mount {
  const userLockout = own && { threshold: 0, duration: 0, counterReset: 0, disabled: false, ...own };
  return {
    path: `auth/${type}/`,
    kind: "auth",
    type,
    uuid: "u",
    accessor,
    description: "",
    options: new Map(),
    defaultTtl: 0,
    maxTtl: 0,
    tune: { ...NO_TUNE, userLockout },
  };
}

interface Stage {
  readonly locks: Lockout & LockedUsers;
  readonly clock: FakeClock;
  readonly logged: string[];
  readonly store: ReturnType<typeof memoryStore>;
  readonly again: () => Lockout & LockedUsers;
}

function stage(most?: number): Stage {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const store = memoryStore();
  const logged: string[] = [];
  const make = (): Lockout & LockedUsers =>
    userLockout({
      clock,
      storage: store,
      log: (level, message, fields) => void logged.push(`${level}: ${message} ${JSON.stringify(fields)}`),
      ...(most !== undefined && { most }),
    });
  return { locks: make(), clock, logged, store, again: make };
}

/** "ok", "wrong", or "locked": how a try ends. */
async function attempt(locks: Lockout, mount: Mount, alias: string, good = false): Promise<string> {
  return locks
    .guard(mount, alias, async () => {
      await Promise.resolve();
      if (!good) throw new BadCredentials();
      return "ok";
    })
    .catch((error: unknown) => (error instanceof BadCredentials ? "wrong" : (error as Fault).kind));
}

async function attempts(locks: Lockout, mount: Mount, alias: string, count: number): Promise<readonly string[]> {
  const out: string[] = [];
  for (let i = 0; i < count; i += 1) out.push(await attempt(locks, mount, alias));
  return out;
}

const failures = (count: number): readonly string[] => Array.from({ length: count }, () => "wrong");

const userpass = mountOf("userpass");

test.each(["userpass", "ldap", "approle"])("%s: five failures lock for fifteen minutes", async (type) => {
  const { locks, clock, logged } = stage();
  const mount = mountOf(type);
  expect(await attempts(locks, mount, "ann", 7)).toEqual([...failures(5), "denied", "denied"]);
  expect(await attempt(locks, mount, "ann", true)).toBe("denied");
  expect(await attempt(locks, mount, "bob", true)).toBe("ok");
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('"alias":"ann"');
  await clock.advance(15 * MINUTE - 1);
  expect(await attempt(locks, mount, "ann", true)).toBe("denied");
  await clock.advance(1);
  expect(await attempt(locks, mount, "ann", true)).toBe("ok");
});

test("the client reads what it reads for any refusal", async () => {
  const { locks } = stage();
  await attempts(locks, userpass, "ann", 5);
  const fault = await locks.guard(userpass, "ann", () => Promise.resolve("ok")).catch((error: unknown) => error);
  expect(fault).toMatchObject({ kind: "denied", errors: ["permission denied"] });
});

test("four failures do not lock, and a success begins anew", async () => {
  const { locks } = stage();
  for (let round = 0; round < 3; round += 1) {
    expect(await attempts(locks, userpass, "ann", 4)).toEqual(Array(4).fill("wrong"));
    expect(await attempt(locks, userpass, "ann", true)).toBe("ok");
  }
});

test("the count is forgotten after fifteen minutes without a failure", async () => {
  const { locks, clock } = stage();
  await attempts(locks, userpass, "ann", 4);
  await clock.advance(15 * MINUTE);
  expect(await attempts(locks, userpass, "ann", 5)).toEqual(Array(5).fill("wrong"));
  await attempts(locks, userpass, "bob", 4);
  await clock.advance(15 * MINUTE - 1);
  expect(await attempts(locks, userpass, "bob", 2)).toEqual(["wrong", "denied"]);
});

test("one name in other spellings has one count", async () => {
  const { locks } = stage();
  const spellings = ["ann", "ANN", " ann", "Ann ", "\tann\n"];
  for (const name of spellings) expect(await attempt(locks, userpass, name)).toBe("wrong");
  for (const name of spellings) expect(await attempt(locks, userpass, name, true)).toBe("denied");
});

test("what is no wrong credential does not count", async () => {
  const { locks } = stage();
  for (let i = 0; i < 20; i += 1) {
    const fault = new Fault("unavailable", "the directory is down");
    await expect(locks.guard(userpass, "ann", () => Promise.reject(fault))).rejects.toBe(fault);
  }
  expect(await attempt(locks, userpass, "ann", true)).toBe("ok");
});

test.each([
  ["another method", mountOf("aws"), 20],
  ["switched off", mountOf("userpass", { disabled: true }), 20],
])("%s never locks", async (_, mount, count) => {
  const { locks } = stage();
  expect(await attempts(locks, mount, "ann", count)).toEqual(Array(count).fill("wrong"));
});

test("a mount's own numbers hold, 0 is the default", async () => {
  const { locks, clock } = stage();
  const own = mountOf("aws", { threshold: 2, duration: MINUTE });
  expect(await attempts(locks, own, "ann", 3)).toEqual(["wrong", "wrong", "denied"]);
  await clock.advance(MINUTE);
  expect(await attempts(locks, own, "ann", 1)).toEqual(["wrong"]);
  const short = mountOf("ldap", { counterReset: MINUTE });
  await attempts(locks, short, "ann", 4);
  await clock.advance(MINUTE);
  expect(await attempts(locks, short, "ann", 5)).toEqual(Array(5).fill("wrong"));
  expect(await attempt(locks, short, "ann")).toBe("denied");
});

test("two mounts count apart", async () => {
  const { locks } = stage();
  await attempts(locks, userpass, "ann", 5);
  expect(await attempt(locks, mountOf("userpass", undefined, "auth_userpass_2"), "ann", true)).toBe("ok");
});

test.each([50, 500])("%i at the same time are tried as often as one after the other", async (count) => {
  const { locks } = stage();
  let tried = 0;
  let most = 0;
  let active = 0;
  const ends = await Promise.allSettled(
    Array.from({ length: count }, () =>
      locks.guard(userpass, "ann", async () => {
        tried += 1;
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setImmediate(resolve));
        active -= 1;
        throw new BadCredentials();
      }),
    ),
  );
  expect(tried).toBe(5);
  expect(most).toBeLessThanOrEqual(5);
  expect(ends.filter((end) => end.status === "rejected" && (end.reason as Fault).kind === "denied")).toHaveLength(
    count - 5,
  );
});

test("many good logins of one name at the same time all get through", async () => {
  const { locks } = stage();
  const ends = await Promise.all(Array.from({ length: 500 }, () => attempt(locks, userpass, "ann", true)));
  expect(new Set(ends)).toEqual(new Set(["ok"]));
});

test("more than a thousand that wait are refused at once", async () => {
  const { locks } = stage();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const all = Array.from({ length: 1_007 }, () =>
    locks
      .guard(userpass, "ann", () => gate)
      .then(
        () => "ok",
        (error: unknown) => (error as Fault).kind,
      ),
  );
  await new Promise((resolve) => setImmediate(resolve));
  open();
  const ends = await Promise.all(all);
  expect(ends.filter((end) => end === "throttled")).toHaveLength(2);
  expect(ends.filter((end) => end === "ok")).toHaveLength(1_005);
});

test("is listed, unlocked by any spelling, and unlocking anything is no error", async () => {
  const { locks } = stage();
  await attempts(locks, userpass, "Zoe", 5);
  await attempts(locks, userpass, "ann", 5);
  expect([...locks.locked()]).toEqual([["auth_userpass_1", ["ann", "zoe"]]]);
  await locks.unlock("auth_userpass_1", " ANN");
  await locks.unlock("auth_userpass_1", "nobody");
  expect([...locks.locked()]).toEqual([["auth_userpass_1", ["zoe"]]]);
  expect(await attempts(locks, userpass, "ann", 4)).toEqual(Array(4).fill("wrong"));
});

test("a restart keeps locks to their end and leaves nothing after", async () => {
  const { locks, clock, store, again } = stage();
  await attempts(locks, userpass, "ann", 5);
  await clock.advance(10 * MINUTE);
  const second = again();
  await second.open();
  expect(await attempt(second, userpass, "ann", true)).toBe("denied");
  await clock.advance(5 * MINUTE);
  expect(second.locked().size).toBe(0);
  const third = again();
  await third.open();
  expect(await attempt(third, userpass, "ann", true)).toBe("ok");
  expect(await store.list("")).toEqual([]);
});

test("a lock that cannot be written holds all the same", async () => {
  const { clock } = stage();
  const broken = { ...memoryStore(), transact: () => Promise.reject(new Error("disk")) };
  const locks = userLockout({ clock, storage: broken, log: () => undefined });
  expect(await attempts(locks, userpass, "ann", 6)).toEqual([...failures(5), "denied"]);
});

test("names and locks that are remembered are bounded", async () => {
  const { locks, store } = stage(10);
  for (let i = 0; i < 10; i += 1) await attempts(locks, userpass, `user-${i}`, 4);
  expect(await attempts(locks, userpass, "user-0", 1)).toEqual(["wrong"]);
  expect(await attempts(locks, userpass, "user-0", 1)).toEqual(["denied"]);
  for (let i = 20; i < 31; i += 1) await attempts(locks, userpass, `user-${i}`, 4);
  expect(await attempts(locks, userpass, "user-1", 2)).toEqual(["wrong", "wrong"]);
  for (let i = 0; i < 15; i += 1) await attempts(locks, userpass, `locked-${i}`, 5);
  expect(locks.locked().get("auth_userpass_1")).toHaveLength(10);
  expect(await store.list("")).toHaveLength(10);
});

test("a name of any length and letters is counted", async () => {
  const { locks } = stage();
  const long = "é/\u0000".repeat(10_000);
  expect(await attempts(locks, userpass, long, 6)).toEqual([...failures(5), "denied"]);
  expect(locks.locked().get("auth_userpass_1")?.[0]?.length).toBeLessThan(100);
});
