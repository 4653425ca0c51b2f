/** Moves of mounts (sys/remount) and their upgrades (a tune to a later version): what goes along, what ends, what a crash leaves. */
import { expect, test } from "@jest/globals";
import { RawJson } from "../../../lib/wire/json.ts";
import type { EngineKind } from "../../../server/contract/engine.ts";
import { route } from "../../../server/contract/engine.ts";
import { breakable } from "../../fakes/breakable.ts";
import { testCore } from "../../fakes/core.ts";
import { toyAuth } from "../../fakes/toy-auth.ts";

type Test = ReturnType<typeof testCore>;

async function settled(t: Test, id: string): Promise<string> {
  for (let i = 0; i < 100; i += 1) {
    const status = t.core.mounts.migration(id)?.status;
    if (status !== "in-progress") return status ?? "unknown";
    await t.clock.advance(1);
  }
  return "in-progress";
}

test("a move keeps data, uuid, accessor and tuning; the old path is free", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/old", { data: { type: "kv-v2", config: { max_lease_ttl: "1h" } } });
  await t.call("update", "old/data/app", { data: { data: { a: "1" } } });
  const before = t.core.mounts.find("old/");
  const id = t.core.mounts.remount("old/", "new/deep/");
  expect(await settled(t, id)).toBe("success");
  expect(t.core.mounts.migration(id)).toEqual({ from: "old/", to: "new/deep/", status: "success" });
  expect(t.core.mounts.find("old/")).toBeUndefined();
  expect(t.core.mounts.find("new/deep/")).toEqual({ ...before, path: "new/deep/" });
  expect((await t.call("read", "new/deep/data/app")).reply?.data).toBeDefined();
  await t.core.operator.seal();
  await t.unseal();
  expect(t.core.mounts.find("new/deep/")).toEqual({ ...before, path: "new/deep/" });
  expect(t.core.mounts.migration(id)).toBeUndefined();
  await t.call("update", "sys/mounts/old", { data: { type: "kv" } });
});

test("tokens of an auth method end with its move, then logins go on at the new path", async () => {
  const t = testCore({ kinds: [toyAuth] });
  await t.start();
  await t.call("update", "sys/auth/door", { data: { type: toyAuth.type } });
  const login = (path: string) => t.call("update", path, { anonymous: true });
  const first = await login("auth/door/login/ann");
  expect(await settled(t, t.core.mounts.remount("auth/door/", "auth/gate/"))).toBe("success");
  expect(await t.tokens.byId(first.issued?.entry.id ?? "")).toBeUndefined();
  const second = await login("auth/gate/login/ann");
  expect(second.issued?.entry.path).toBe("auth/gate/login/ann");
});

test.each([
  ["none/", "b/", "no matching mount"],
  ["sys/", "b/", "cannot remount"],
  ["cubbyhole/", "b/", "cannot remount"],
  ["auth/token/", "auth/b/", "cannot remount"],
  ["a/", "a/", "already in use"],
  ["a/", "taken/", "already in use"],
  ["a/", "taken/below/", "already in use"],
  ["a/", "identity/x/", "reserved"],
  ["a/", "auth/x/", "reserved"],
  ["a/", "b*/", "mean something"],
])("%s to %s is refused: %s", async (from, to, why) => {
  const t = testCore();
  await t.start();
  for (const path of ["a", "taken"]) await t.call("update", `sys/mounts/${path}`, { data: { type: "kv" } });
  const fault = await t.refusal("update", "sys/remount", { data: { from, to } });
  expect(fault).toMatchObject({ kind: "invalid" });
  expect(fault.message).toContain(why);
});

test("a move whose write fails: told so, and the mount serves where it was, now and after a restart", async () => {
  const { store, cutAfter } = breakable();
  const t = testCore({ store });
  await t.start();
  await t.call("update", "sys/mounts/a", { data: { type: "kv" } });
  await t.call("update", "a/k", { data: { a: "1" } });
  cutAfter(0);
  expect(await settled(t, t.core.mounts.remount("a/", "b/"))).toBe("failure");
  cutAfter(Number.POSITIVE_INFINITY);
  expect((await t.call("read", "a/k")).reply).toBeDefined();
  await t.core.operator.seal();
  await t.unseal();
  expect((await t.call("read", "a/k")).reply).toBeDefined();
  expect(await settled(t, t.core.mounts.remount("a/", "b/"))).toBe("success");
});

test("of more than a hundred moves the oldest are forgotten", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/m0", { data: { type: "kv" } });
  const ids: string[] = [];
  for (let i = 0; i < 101; i += 1) {
    ids.push(t.core.mounts.remount(`m${String(i)}/`, `m${String(i + 1)}/`));
    await settled(t, ids.at(-1) ?? "");
  }
  expect(t.core.mounts.migration(ids[0] ?? "")).toBeUndefined();
  expect(t.core.mounts.migration(ids[1] ?? "")?.status).toBe("success");
});

async function upgraded(t: Test, path: string): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const fault = await t.call("read", path).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (fault?.message.startsWith("Upgrading") !== true) return;
    await t.clock.advance(1);
  }
}

async function textOf(t: Test, path: string): Promise<string> {
  const data = (await t.call("read", path)).reply?.data;
  if (!(data instanceof RawJson)) throw new Error("no secret");
  return data.text;
}

test("version 1 becomes 2 by a tune: every secret is its own first version", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/kv", { data: { type: "kv" } });
  for (const path of ["a", "b/c", "metadata/x", "data/x", "config"])
    await t.call("update", `kv/${path}`, { data: { of: path } });
  const tuned = await t.call("update", "sys/mounts/kv/tune", { data: { options: { version: "2" } } });
  expect(tuned.reply?.warnings?.join()).toContain("Upgrading mount from version 1 to version 2");
  await upgraded(t, "kv/config");
  for (const path of ["a", "b/c", "metadata/x", "data/x", "config"]) {
    const text = await textOf(t, `kv/data/${path}`);
    expect(text).toContain(path);
  }
  expect(t.core.mounts.find("kv/")?.options.get("version")).toBe("2");
  expect(await t.refusal("update", "sys/mounts/kv/tune", { data: { options: { version: "1" } } })).toMatchObject({
    kind: "invalid",
    message: "cannot downgrade mount from version 2",
  });
  expect(await t.refusal("update", "sys/mounts/kv/tune", { data: { options: { version: "3" } } })).toMatchObject({
    kind: "invalid",
  });
  await t.core.operator.seal();
  await t.unseal();
  expect(await textOf(t, "kv/data/b/c")).toContain("b/c");
});

test.each([
  1, 2, 3, 5,
])("an upgrade cut short after %i writes goes on at the next unseal; none is lost or doubled", async (writes) => {
  const { store, cutAfter } = breakable();
  const t = testCore({ store });
  await t.start();
  await t.call("update", "sys/mounts/kv", { data: { type: "kv" } });
  const paths = Array.from({ length: 6 }, (_, i) => `s${String(i)}`);
  for (const path of paths) await t.call("update", `kv/${path}`, { data: { of: path } });
  cutAfter(writes);
  await t.call("update", "sys/mounts/kv/tune", { data: { options: { version: "2" } } });
  await t.clock.advance(10);
  expect(await t.refusal("read", "kv/data/s0")).toMatchObject({
    kind: "invalid",
    message: expect.stringContaining("Upgrading from non-versioned to versioned data"),
  });
  expect(await t.refusal("update", "kv/data/s0", { data: { data: {} } })).toMatchObject({ kind: "invalid" });
  cutAfter(Number.POSITIVE_INFINITY);
  await t.core.operator.seal();
  await t.unseal();
  await upgraded(t, "kv/config");
  for (const path of paths) {
    const text = await textOf(t, `kv/data/${path}`);
    expect(text).toContain(`"of":"${path}"`);
    expect(text).toContain('"version":1');
  }
});

test("an upgrade waits for the requests of version 1, refuses new ones, and gives up when they do not end", async () => {
  let go = (): void => undefined;
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const old: EngineKind = {
    type: "two-v1",
    about: "Hangs",
    kind: "secret",
    create: () => ({
      routes: [
        route({
          path: "slow",
          about: "Slow",
          fields: {},
          on: { read: { about: "Slow", run: () => wait.then(() => ({ data: { from: "1" } })) } },
        }),
      ],
    }),
  };
  const young: EngineKind = {
    ...old,
    type: "two-v2",
    upgradesFrom: ["two-v1"],
    create: () => ({
      routes: [
        route({
          path: "slow",
          about: "Fast",
          fields: {},
          on: { read: { about: "Fast", run: () => Promise.resolve({ data: { from: "2" } }) } },
        }),
      ],
    }),
  };
  const t = testCore({ kinds: [old, young] });
  await t.start();
  await t.call("update", "sys/mounts/two", { data: { type: "two" } });
  const slow = t.call("read", "two/slow");
  const refused = t.refusal("update", "sys/mounts/two/tune", { data: { options: { version: "2" } } });
  await t.clock.advance(5000);
  expect((await t.refusal("read", "two/slow")).message).toContain("Upgrading");
  await t.clock.advance(5000);
  expect(await refused).toMatchObject({ kind: "unavailable" });
  expect(t.core.mounts.find("two/")?.options.size).toBe(0);
  const tuned = t.call("update", "sys/mounts/two/tune", { data: { options: { version: "2" } } });
  await t.clock.advance(1);
  go();
  expect((await slow).reply?.data).toEqual({ from: "1" });
  await tuned;
  expect((await t.call("read", "two/slow")).reply?.data).toEqual({ from: "2" });
});
