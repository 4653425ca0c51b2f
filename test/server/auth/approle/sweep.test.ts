/** The sweep: what is due goes, and only that; what a deletion left behind goes too. */
import { expect, test } from "@jest/globals";
import { systemRandom } from "../../../../lib/random.ts";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import { Sweep } from "../../../../server/auth/approle/sweep.ts";
import type { Storage } from "../../../../server/contract/storage.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

const MINUTE = 60_000;

async function setUp(): Promise<{
  readonly mount: AuthMount;
  readonly clock: FakeClock;
  readonly stop: () => Promise<void>;
}> {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const mount = authMount(approleAuth, { clock });
  await mount.call("update", "role/web", {});
  const end = new AbortController();
  const running = mount.engine.run?.({ storage: mount.storage, mount: mount.mount }, end.signal);
  const stop = async (): Promise<void> => {
    end.abort(new Error("sealed"));
    await running;
  };
  return { mount, clock, stop };
}

async function countOf(storage: Storage, prefix: string): Promise<number> {
  let count = 0;
  for (const name of await storage.list(prefix)) {
    count += name.endsWith("/") ? await countOf(storage, prefix + name) : 1;
  }
  return count;
}

const left = async ({ storage }: AuthMount): Promise<readonly number[]> =>
  Promise.all(["secret-id/", "accessor/", "expiry/"].map((prefix) => countOf(storage, prefix)));

const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("what has ended goes within the minute with all that leads to it; the rest stays", async () => {
  const { mount, clock, stop } = await setUp();
  for (const ttl of [30, 59, 61, 3 * 3600, 0]) await mount.call("update", "role/web/secret-id", { ttl });
  expect(await left(mount)).toEqual([5, 5, 4]);
  await clock.advance(MINUTE);
  await settle();
  expect(await left(mount)).toEqual([3, 3, 2]);
  await clock.advance(MINUTE);
  await settle();
  expect(await left(mount)).toEqual([2, 2, 1]);
  clock.jump(3 * 60 * MINUTE);
  await clock.advance(MINUTE);
  await settle();
  expect(await left(mount)).toEqual([1, 1, 0]);
  await stop();
});

test("one round removes so many and no more", async () => {
  const { mount, clock, stop } = await setUp();
  for (let i = 0; i < 250; i += 1) await mount.call("update", "role/web/secret-id", { ttl: 1 });
  clock.jump(2000);
  const sweep = new Sweep({ clock, random: systemRandom(), log: () => undefined }, 120);
  await sweep.start(mount.storage);
  expect(await left(mount)).toEqual([130, 130, 130]);
  await sweep.start(mount.storage);
  await sweep.start(mount.storage);
  expect(await left(mount)).toEqual([0, 0, 0]);
  await stop();
});

test("one round reads nothing of what is not due", async () => {
  const { mount, clock, stop } = await setUp();
  for (let i = 0; i < 50; i += 1) await mount.call("update", "role/web/secret-id", { ttl: "2h" });
  let reads = 0;
  const get = mount.storage.get.bind(mount.storage);
  Object.assign(mount.storage, {
    get: (key: string) => {
      reads += 1;
      return get(key);
    },
  });
  await clock.advance(MINUTE);
  await settle();
  expect(reads).toBe(0);
  await stop();
});

test("secret ids of a role whose deletion was cut short go in the next round", async () => {
  const { mount, clock, stop } = await setUp();
  for (let i = 0; i < 3; i += 1) await mount.call("update", "role/web/secret-id");
  const list = mount.storage.list.bind(mount.storage);
  Object.assign(mount.storage, { list: () => Promise.reject(new Error("killed")) });
  await expect(mount.call("delete", "role/web")).rejects.toThrow("killed");
  Object.assign(mount.storage, { list });
  expect(await left(mount)).toEqual([3, 3, 0]);
  await clock.advance(MINUTE);
  await settle();
  expect(await left(mount)).toEqual([0, 0, 0]);
  expect(await countOf(mount.storage, "gone/")).toBe(0);
  await stop();
});

test("tidy starts one now, and says when one is under way", async () => {
  const { mount, clock, stop } = await setUp();
  await mount.call("update", "role/web/secret-id", { ttl: 1 });
  clock.jump(1000);
  const [first, second] = await Promise.all([
    mount.call("update", "tidy/secret-id"),
    mount.call("update", "tidy/secret-id"),
  ]);
  expect([first?.status, second?.status]).toEqual([202, undefined]);
  expect(second?.warnings).toEqual(["Tidy operation already in progress."]);
  await settle();
  expect(await left(mount)).toEqual([0, 0, 0]);
  await stop();
});

test("a round that fails is told in the log and the next one comes", async () => {
  const { mount, clock, stop } = await setUp();
  await mount.call("update", "role/web/secret-id", { ttl: 1 });
  const list = mount.storage.list.bind(mount.storage);
  Object.assign(mount.storage, { list: () => Promise.reject(new Error("disk")) });
  await clock.advance(MINUTE);
  await settle();
  expect(mount.logs.map(({ level, message }) => `${level} ${message}`)).toEqual(["warn tidy of secret ids failed"]);
  Object.assign(mount.storage, { list });
  await clock.advance(MINUTE);
  await settle();
  expect(await left(mount)).toEqual([0, 0, 0]);
  await stop();
});
