/** The life of mounts: enable, tune, disable, a disable cut short, and what may lie where. */
import { expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import type { EngineKind } from "../../../server/contract/engine.ts";
import { route } from "../../../server/contract/engine.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { breakable } from "../../fakes/breakable.ts";
import { DAY, HOUR, testCore } from "../../fakes/core.ts";
import { GRANT } from "../../fakes/grant.ts";

const life: string[] = [];
const door: EngineKind = {
  type: "door",
  about: "A login",
  kind: "auth",
  create: () => {
    life.push("create");
    return {
      routes: [
        route({
          path: "login",
          about: "Logs in",
          fields: {},
          login: true,
          on: { update: { about: "Logs in", run: () => Promise.resolve({ login: { ...GRANT, ttl: HOUR } }) } },
        }),
      ],
      run: (_context, signal) =>
        new Promise((resolve) => {
          life.push("run");
          signal.addEventListener("abort", () => {
            life.push("ended");
            resolve();
          });
        }),
      forget: () => void life.push("forget"),
    };
  },
};

async function keysBelow(storage: Storage, prefix: string): Promise<readonly string[]> {
  const names = await storage.list(prefix);
  const below: (readonly string[])[] = [];
  for (const name of names) below.push(name.endsWith("/") ? await keysBelow(storage, prefix + name) : [prefix + name]);
  return below.flat();
}

const kv = { type: "kv", options: { version: "1" } };

test("a mount is there after a seal and an unseal, with its data, uuid and tuning", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/a/b", { data: { ...kv, description: "mine", config: { max_lease_ttl: "2h" } } });
  await t.call("update", "a/b/secret", { data: { k: "v" } });
  const before = t.core.mounts.find("a/b/x");
  expect(before).toMatchObject({
    path: "a/b/",
    type: "kv",
    description: "mine",
    maxTtl: 2 * HOUR,
    defaultTtl: 2 * HOUR,
  });
  expect(before?.accessor).toMatch(/^kv_[0-9a-f]{8}$/);
  await t.core.operator.seal();
  expect(t.core.mounts.find("a/b/x")).toBeUndefined();
  await t.unseal();
  expect(t.core.mounts.find("a/b/x")).toEqual(before);
  expect((await t.call("read", "a/b/secret")).reply?.data).toBeDefined();
});

test("disable deletes the data and revokes the tokens; the path is free again and empty", async () => {
  const t = testCore({ kinds: [door] });
  await t.start();
  life.length = 0;
  await t.call("update", "sys/mounts/kv", { data: kv });
  for (let i = 0; i < 300; i += 1) await t.call("update", `kv/${String(i % 7)}/${String(i)}`, { data: { k: "v" } });
  await t.call("update", "sys/auth/door", { data: { type: "door" } });
  const { issued } = await t.call("update", "auth/door/login", { anonymous: true });
  const { uuid } = t.core.mounts.find("kv/") ?? { uuid: "" };
  expect(await keysBelow(t.store, `logical/${uuid}/`)).toHaveLength(300);
  await t.call("delete", "sys/mounts/kv");
  await t.call("delete", "sys/auth/door");
  expect(await keysBelow(t.store, `logical/${uuid}/`)).toEqual([]);
  expect(await t.tokens.byId(issued?.entry.id ?? "")).toBeUndefined();
  expect(life).toEqual(["create", "run", "ended", "forget"].sort((a, b) => life.indexOf(a) - life.indexOf(b)));
  await t.call("update", "sys/mounts/kv", { data: kv });
  expect(await t.refusal("read", "kv/0/0")).toMatchObject({ kind: "not-found" });
});

test("deleting a mount that is not there is 204, as in Vault", async () => {
  const t = testCore();
  await t.start();
  expect((await t.call("delete", "sys/mounts/none")).reply).toBeUndefined();
  expect((await t.call("delete", "sys/auth/none")).reply).toBeUndefined();
});

test.each([1, 2, 3])("a disable cut short after %i writes is finished at the next unseal", async (writes) => {
  const { store, cutAfter } = breakable();
  const t = testCore({ store, kinds: [door] });
  await t.start();
  await t.call("update", "sys/mounts/kv", { data: kv });
  for (let i = 0; i < 600; i += 1) await t.call("update", `kv/${String(i)}`, { data: { k: "v" } });
  await t.call("update", "sys/auth/door", { data: { type: "door" } });
  const { issued } = await t.call("update", "auth/door/login", { anonymous: true });
  const { uuid } = t.core.mounts.find("kv/") ?? { uuid: "" };
  cutAfter(writes);
  expect(await t.refusal("delete", "sys/mounts/kv")).toMatchObject({ kind: "internal" });
  expect(await t.refusal("read", "kv/1")).toMatchObject({ kind: "not-found" });
  cutAfter(1);
  await t.refusal("delete", "sys/auth/door");
  cutAfter(Number.POSITIVE_INFINITY);
  expect(await t.refusal("update", "sys/mounts/kv", { data: kv })).toMatchObject({ kind: "invalid" });
  await t.core.operator.seal();
  await t.unseal();
  expect(await t.tokens.byId(issued?.entry.id ?? "")).toBeUndefined();
  for (let i = 0; i < 100 && (await keysBelow(t.store, `logical/${uuid}/`)).length > 0; i += 1)
    await t.clock.advance(1);
  await t.call("update", "sys/mounts/kv", { data: kv });
  expect(await t.refusal("read", "kv/1")).toMatchObject({ kind: "not-found" });
  expect(await keysBelow(t.store, `logical/${uuid}/`)).toEqual([]);
});

test.each([
  ["sys/mounts/a", "path is already in use at a/"],
  ["sys/mounts/a/b", "path is already in use at a/"],
  ["sys/mounts/x", "path is already in use at x/y/"],
  ["sys/mounts/sys", "reserved"],
  ["sys/mounts/auth/foo", "reserved"],
  ["sys/mounts/cubbyhole", "reserved"],
  ["sys/mounts/identity/x", "reserved"],
  ["sys/mounts/b*", "mean something"],
  ["sys/mounts/b\u00e4r", "printable ASCII"],
  ["sys/mounts/", "empty segment"],
  ["sys/mounts/.", "dot segment"],
  [`sys/mounts/${"a".repeat(256)}`, "longer than 256"],
])("%s is refused: %s", async (path, why) => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/a", { data: kv });
  await t.call("update", "sys/mounts/x/y", { data: kv });
  const fault = await t.refusal("update", path, { data: kv });
  expect(fault.kind).toBe("invalid");
  expect(fault.message).toContain(why);
});

test("names beside each other are no conflict", async () => {
  const t = testCore();
  await t.start();
  for (const path of ["a", "ab", "a-b", "x/y", "x/z"]) await t.call("update", `sys/mounts/${path}`, { data: kv });
  expect(t.core.mounts.list("secret").map(({ path }) => path)).toEqual([
    "a-b/",
    "a/",
    "ab/",
    "cubbyhole/",
    "sys/",
    "x/y/",
    "x/z/",
  ]);
});

test.each([
  [{ type: "nothing" }, "no secrets engine of type"],
  [{ type: "kv", options: { version: "3" } }, "no secrets engine of type"],
  [{}, 'missing field "type"'],
  [{ ...kv, config: { default_lease_ttl: "800h" } }, "above the effective max_lease_ttl"],
  [{ ...kv, config: { max_lease_ttl: "soon" } }, "max_lease_ttl"],
])("mounting %j is refused", async (data, why) => {
  const t = testCore();
  await t.start();
  expect((await t.refusal("update", "sys/mounts/a", { data })).message).toContain(why);
});

test("kv-v2 and kv with version 2 are the same", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/a", { data: { type: "kv-v2" } });
  expect(t.core.mounts.find("a/")).toMatchObject({ type: "kv", options: new Map([["version", "2"]]) });
});

test("tune: seen by the next request, kept, checked", async () => {
  const t = testCore({ kinds: [door] });
  await t.start();
  await t.call("update", "sys/auth/door", { data: { type: "door" } });
  await t.call("update", "sys/auth/door/tune", { data: { max_lease_ttl: "30m", description: "new" } });
  const login = await t.call("update", "auth/door/login", { anonymous: true });
  expect(login.issued?.entry.creationTtl).toBe(HOUR / 2);
  expect(await t.refusal("update", "sys/auth/door/tune", { data: { default_lease_ttl: "31m" } })).toMatchObject({
    kind: "invalid",
  });
  await t.call("update", "sys/mounts/auth/door/tune", { data: { max_lease_ttl: "system" } });
  expect(t.core.mounts.find("auth/door/")).toMatchObject({ maxTtl: 32 * DAY, description: "new" });
  expect(await t.refusal("update", "sys/mounts/sys/tune", { data: {} })).toMatchObject({ kind: "invalid" });
  expect(await t.refusal("delete", "sys/auth/token")).toMatchObject({ kind: "invalid" });
});

test("unseal fails when a part does not open, says which, and is sealed again", async () => {
  const t = testCore();
  await t.start();
  await t.core.operator.seal();
  t.audit.fail = "open";
  await expect(t.unseal()).rejects.toMatchObject({
    kind: "internal",
    message: "unseal failed while opening audit: no device opens",
  });
  expect((await t.core.operator.status()).sealed).toBe(true);
  expect(await t.refusal("read", "sys/mounts")).toMatchObject({ kind: "sealed" });
  t.audit.fail = "none";
  await t.unseal();
  expect((await t.call("read", "sys/mounts")).reply).toBeDefined();
});

test("init happens once, and the root token may be chosen", async () => {
  const t = testCore();
  const made = await t.core.operator.init(1, 1, new Secret("my-root"));
  expect(made.rootToken.reveal()).toBe("my-root");
  await expect(t.core.operator.init(1, 1)).rejects.toMatchObject({ kind: "invalid" });
  expect((await t.core.operator.status()).sealed).toBe(true);
});
