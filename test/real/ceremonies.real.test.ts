/**
 * kill -9 in the middle of what takes more than one step or changes the keys: after the restart exactly one set of shares
 * opens, every acknowledged write is there, and what was under way is finished or undone as docs/PROTOCOL.md says.
 */
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { House } from "./house.ts";

/** Milliseconds that each test goes on killing; at least twice. */
const BUDGET = 8000;

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

/** Three shares, two of which unseal. */
async function opened(): Promise<House> {
  await house?.close();
  house = new House();
  await house.start();
  const made = await house.must("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 });
  house.rootToken = made["root_token"] as string;
  house.keys = (made["keys"] as string[]).slice(0, 2);
  await house.unseal();
  return house;
}

/** Kills the server so many milliseconds after `act` has begun. @returns what `act` came to: undefined without its reply */
async function cut<T>(here: House, after: number, act: () => Promise<T>): Promise<T | undefined> {
  const acting = act().catch(() => undefined);
  await wait(after);
  await here.kill();
  const done = await acting;
  await here.start();
  return done;
}

/** @param most milliseconds that what is cut usually takes, and some more */
async function kills(most: number, round: (after: number, n: number) => Promise<void>): Promise<number> {
  const end = performance.now() + BUDGET;
  let n = 0;
  for (; n < 2 || performance.now() < end; n += 1) await round(Math.random() * most, n);
  return n;
}

/** @returns whether these shares open it; they are forgotten if not */
async function opens(here: House, keys: readonly string[]): Promise<boolean> {
  await here.must("PUT", "sys/unseal", { reset: true });
  let sealed = true;
  for (const key of keys) {
    const reply = await here.request("PUT", "sys/unseal", { key }, "");
    if (reply.status === 200) sealed = reply.body["sealed"] === true;
  }
  return !sealed;
}

interface Begun {
  readonly nonce: string;
}

/** New shares of the same numbers; the last share in force is entered by `last`. */
async function rekey(here: House, verify: boolean): Promise<() => ReturnType<House["must"]>> {
  const terms = { secret_shares: 4, secret_threshold: 2, require_verification: verify };
  const { nonce } = (await here.must("PUT", "sys/rekey/init", terms)) as unknown as Begun;
  const [first, second] = here.keys;
  await here.must("PUT", "sys/rekey/update", { key: first, nonce });
  return () => here.must("PUT", "sys/rekey/update", { key: second, nonce });
}

const shares = (reply: Readonly<Record<string, unknown>>): readonly string[] => (reply["keys"] as string[]).slice(1, 3);

async function write(here: House, prefix: string, count: number): Promise<void> {
  const left = Array.from({ length: count }, (_, n) => n);
  const work = async (): Promise<void> => {
    for (let n = left.pop(); n !== undefined; n = left.pop())
      await here.must("POST", `${prefix}/k${n}`, { v: `value ${n}` });
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

async function keysAt(here: House, path: string): Promise<readonly string[]> {
  const { body } = await here.request("LIST", path);
  return (body["data"] as { keys: string[] } | undefined)?.keys ?? [];
}

test("rekey: the shares that sys/seal-status tells of open, acknowledged or not", async () => {
  let here = await opened();
  let [acknowledged, unheard, undone] = [0, 0, 0];
  const count = await kills(25, async (after) => {
    const n = (await here.must("GET", "sys/seal-status"))["n"];
    const last = await rekey(here, false);
    const before = here.keys;
    const done = await cut(here, after, last);
    const now = await here.must("GET", "sys/seal-status");
    if (done !== undefined) {
      acknowledged += 1;
      expect(await opens(here, before)).toBe(false);
      here.keys = shares(done);
      expect(await opens(here, here.keys)).toBe(true);
    } else if (n === 3 && now["n"] === 4) {
      // In force, and nobody has heard of them: what `require_verification` is for.
      unheard += 1;
      here = await opened();
    } else {
      const old = await opens(here, before);
      if (n === 3) expect(old).toBe(true);
      undone += 1;
      if (!old) here = await opened();
    }
  });
  process.stderr.write(
    `rekey: ${count} kills: ${acknowledged} acknowledged, ${unheard} without a reply, ${undone} undone\n`,
  );
}, 120_000);

test("rekey with verification: the old shares or the new ones open, never neither, never both", async () => {
  const here = await opened();
  let fresh = 0;
  const count = await kills(60, async (after) => {
    const made = await (await rekey(here, true))();
    const next = shares(made);
    const nonce = made["verification_nonce"];
    await here.must("PUT", "sys/rekey/verify", { key: next[0], nonce });
    const done = await cut(here, after, () => here.must("PUT", "sys/rekey/verify", { key: next[1], nonce }));
    const old = await opens(here, here.keys);
    if (old) {
      expect(done).toBeUndefined();
      await here.must("PUT", "sys/seal");
      expect(await opens(here, next)).toBe(false);
      expect(await opens(here, here.keys)).toBe(true);
      return;
    }
    fresh += 1;
    here.keys = next;
    expect(await opens(here, next)).toBe(true);
  });
  process.stderr.write(`rekey with verification: ${count} kills, ${fresh} times the new shares\n`);
}, 120_000);

test.each([
  "sys/rotate",
  "sys/rotate/root",
])("%s under writes: the same shares open and every acknowledged write is there", async (path) => {
  const here = await opened();
  await here.must("POST", "sys/mounts/kv", { type: "kv" });
  const known = new Map<string, string>();
  let rotations = 0;
  const count = await kills(150, async (after, n) => {
    await cut(here, 20 + after, async () => {
      const turns = (async () => {
        for (;;) {
          await here.must("PUT", path);
          rotations += 1;
        }
      })();
      const writers = Array.from({ length: 4 }, async (_, w) => {
        for (let i = 0; ; i += 1) {
          await here.must("POST", `kv/w${w}-${n}-${i}`, { v: String(i) });
          known.set(`kv/w${w}-${n}-${i}`, String(i));
        }
      });
      await Promise.all([turns, ...writers]);
    });
    await here.unseal();
    for (const [key, v] of known) expect([key, (await here.must("GET", key))["data"]]).toEqual([key, { v }]);
    const { data } = await here.must("GET", "sys/key-status");
    if (path === "sys/rotate") expect((data as { term: number }).term).toBeGreaterThan(rotations);
  });
  expect(rotations).toBeGreaterThan(0);
  process.stderr.write(`${path}: ${count} kills, ${rotations} rotations, ${known.size} writes\n`);
}, 120_000);

test("remount of 500 keys: at one of the two paths, whole", async () => {
  const here = await opened();
  await here.must("POST", "sys/mounts/here", { type: "kv" });
  await write(here, "here", 500);
  let from = "here";
  let moved = 0;
  const count = await kills(25, async (after) => {
    const to = from === "here" ? "there" : "here";
    await cut(here, after, () => here.must("POST", "sys/remount", { from, to }));
    await here.unseal();
    const mounts = Object.keys((await here.must("GET", "sys/mounts"))["data"] as object);
    const at = mounts.filter((path) => path === "here/" || path === "there/");
    expect(at).toHaveLength(1);
    const now = at[0]?.slice(0, -1) ?? "";
    if (now === to) moved += 1;
    from = now;
    expect(await keysAt(here, now)).toHaveLength(500);
    expect((await here.must("GET", `${now}/k499`))["data"]).toEqual({ v: "value 499" });
  });
  process.stderr.write(`remount: ${count} kills, ${moved} moved\n`);
}, 120_000);

test("KV from version 1 to 2, 300 secrets: finished after the restart, each secret once", async () => {
  const here = await opened();
  let upgraded = 0;
  const count = await kills(60, async (after, n) => {
    const path = `kv${n}`;
    await here.must("POST", `sys/mounts/${path}`, { type: "kv" });
    await write(here, path, 300);
    const done = await cut(here, after, () =>
      here.must("POST", `sys/mounts/${path}/tune`, { options: { version: "2" } }).then(() => wait(1000)),
    );
    await here.unseal();
    const all = (await here.must("GET", "sys/mounts"))["data"] as Record<
      string,
      { options: { version?: string } | null }
    >;
    if (all[`${path}/`]?.options?.version !== "2") {
      expect(done).toBeUndefined();
      expect(await keysAt(here, path)).toHaveLength(300);
      return;
    }
    upgraded += 1;
    await here.until(
      "the upgrade is over",
      20,
      async () => (await here.request("GET", `${path}/config`)).status === 200,
    );
    expect(await keysAt(here, `${path}/metadata`)).toHaveLength(300);
    for (let i = 0; i < 300; i += 1) {
      const { data } = await here.must("GET", `${path}/data/k${i}`);
      expect(data).toMatchObject({ data: { v: `value ${i}` }, metadata: { version: 1 } });
    }
  });
  process.stderr.write(`KV upgrade: ${count} kills, ${upgraded} upgraded\n`);
}, 120_000);

test("policies: every acknowledged one is there, whole", async () => {
  const here = await opened();
  const known = new Map<string, string>();
  const count = await kills(200, async (after, n) => {
    await cut(here, 20 + after, () =>
      Promise.all(
        Array.from({ length: 4 }, async (_, w) => {
          for (let i = 0; ; i += 1) {
            const policy = `path "p${n}/${i}" { capabilities = ["read"] }`;
            // Half of them overwrite.
            const name = i % 2 === 0 ? `hot${w}` : `w${w}-${n}-${i}`;
            known.delete(name);
            await here.must("PUT", `sys/policies/acl/${name}`, { policy });
            known.set(name, policy);
          }
        }),
      ),
    );
    await here.unseal();
    for (const [name, policy] of known) {
      expect((await here.must("GET", `sys/policies/acl/${name}`))["data"]).toMatchObject({ name, policy });
    }
  });
  process.stderr.write(`policies: ${count} kills, ${known.size} policies\n`);
}, 120_000);

test("disable of 500 keys: finished after the restart once it was begun, and nothing else with it", async () => {
  const here = await opened();
  await here.must("POST", "sys/mounts/other", { type: "kv" });
  await write(here, "other", 20);
  let gone = 0;
  const count = await kills(40, async (after, n) => {
    const path = `kv${n}`;
    await here.must("POST", `sys/mounts/${path}`, { type: "kv" });
    await write(here, path, 500);
    const done = await cut(here, after, () => here.must("DELETE", `sys/mounts/${path}`));
    await here.unseal();
    const mounts = Object.keys((await here.must("GET", "sys/mounts"))["data"] as object);
    expect(mounts).toContain("other/");
    expect(await keysAt(here, "other")).toHaveLength(20);
    if (mounts.includes(`${path}/`)) {
      expect(done).toBeUndefined();
      expect(await keysAt(here, path)).toHaveLength(500);
      return;
    }
    gone += 1;
    await here.until("the path is free", 10, async () => {
      return (await here.request("POST", `sys/mounts/${path}`, { type: "kv" })).status === 204;
    });
    expect(await keysAt(here, path)).toEqual([]);
  });
  process.stderr.write(`disable: ${count} kills, ${gone} gone\n`);
}, 120_000);
