/** Cubbyholes through the core. Source: Vault's pages "Cubbyhole secrets engine" and its API. */
import { expect, test } from "@jest/globals";
import { Secret } from "../../../../lib/secret.ts";
import { type TestCore, testCore } from "../../../fakes/core.ts";

const DEFAULT = `path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }`;
const CREATE = `path "cubbyhole/*" { capabilities = ["create", "read"] }`;

async function started(): Promise<TestCore> {
  const t = testCore();
  await t.start();
  return t;
}

async function dataAt(t: TestCore, path: string, token: string): Promise<string | undefined> {
  const { reply } = await t.call("read", path, { token });
  return (reply?.data as { text?: string } | undefined)?.text;
}

async function keysBelow(t: TestCore, prefix = ""): Promise<readonly string[]> {
  const out: string[] = [];
  for (const name of await t.store.list(prefix)) {
    if (name.endsWith("/")) out.push(...(await keysBelow(t, prefix + name)));
    else out.push(prefix + name);
  }
  return out;
}

test("each token sees its own, root's included", async () => {
  const t = await started();
  const [ann, bob] = [await t.tokenFor(DEFAULT), await t.tokenFor(DEFAULT)];
  await t.call("update", "cubbyhole/a/b", { token: ann, data: { n: 12345678901234567890n.toString(), of: "ann" } });
  await t.call("update", "cubbyhole/a/b", { token: bob, data: { of: "bob" } });
  expect(await dataAt(t, "cubbyhole/a/b", ann)).toContain('"ann"');
  expect(await dataAt(t, "cubbyhole/a/b", bob)).toBe('{"of":"bob"}');
  expect((await t.refusal("read", "cubbyhole/a/b")).kind).toBe("not-found");
  expect((await t.refusal("list", "cubbyhole/")).kind).toBe("not-found");
});

test("lists, replaces and deletes", async () => {
  const t = await started();
  const token = await t.tokenFor(DEFAULT);
  for (const path of ["x", "f/y", "f/z"]) await t.call("update", `cubbyhole/${path}`, { token, data: { v: path } });
  expect((await t.call("list", "cubbyhole/", { token })).reply?.data).toEqual({ keys: ["f/", "x"] });
  expect((await t.call("list", "cubbyhole/f/", { token })).reply?.data).toEqual({ keys: ["y", "z"] });
  await t.call("update", "cubbyhole/x", { token, data: { w: 1 } });
  expect(await dataAt(t, "cubbyhole/x", token)).toBe('{"w":1}');
  for (let i = 0; i < 2; i += 1) expect((await t.call("delete", "cubbyhole/x", { token })).reply).toBeUndefined();
  expect((await t.refusal("read", "cubbyhole/x", { token })).errors).toEqual([]);
});

test.each([
  ["cubbyhole/x", {}, "missing data fields"],
  ["cubbyhole/", { a: 1 }, "missing path"],
  ["cubbyhole/x/", { a: 1 }, "cannot write to a path ending in '/'"],
])("a write of %s with %j is refused", async (path, data, message) => {
  const t = await started();
  const fault = await t.refusal("update", path, { data });
  expect([fault.kind, fault.message]).toEqual(["invalid", message]);
});

test("a token that may create cannot replace", async () => {
  const t = await started();
  const token = await t.tokenFor(CREATE);
  await t.call("update", "cubbyhole/x", { token, data: { a: 1 } });
  expect((await t.refusal("update", "cubbyhole/x", { token, data: { a: 2 } })).kind).toBe("denied");
  const other = await t.tokenFor(CREATE);
  await t.call("update", "cubbyhole/x", { token: other, data: { a: 2 } });
});

test("is gone with its token, however that ends", async () => {
  const t = await started();
  const revoked = await t.tokenFor(DEFAULT);
  const before = (await keysBelow(t)).length;
  for (let i = 0; i < 300; i += 1)
    await t.call("update", `cubbyhole/${String(i)}/x`, { token: revoked, data: { a: 1 } });
  expect(await keysBelow(t)).toHaveLength(before + 300);
  const entry = await t.tokens.find(new Secret(revoked));
  await t.tokens.revoke(entry?.id ?? "");
  expect((await keysBelow(t)).filter((key) => key.startsWith("cubbyhole/"))).toEqual([]);

  const lasting = await t.tokenFor(DEFAULT, { numUses: 1 });
  await t.call("update", "cubbyhole/x", { token: lasting, data: { a: 1 } });
  expect((await keysBelow(t)).filter((key) => key.startsWith("cubbyhole/"))).toEqual([]);
});

test("a write that meets the token's end leaves nothing", async () => {
  const t = await started();
  for (let round = 0; round < 30; round += 1) {
    const token = await t.tokenFor(DEFAULT);
    const entry = await t.tokens.find(new Secret(token));
    const writes = Array.from({ length: 8 }, (_, i) =>
      t.call("update", `cubbyhole/${String(i)}`, { token, data: { a: 1 } }).catch(() => undefined),
    );
    await Promise.all([...writes, t.tokens.revoke(entry?.id ?? "")]);
    expect((await keysBelow(t)).filter((key) => key.startsWith("cubbyhole/"))).toEqual([]);
  }
});

test("cannot be mounted elsewhere, disabled or tuned", async () => {
  const t = await started();
  for (const [operation, path] of [
    ["delete", "sys/mounts/cubbyhole"],
    ["update", "sys/mounts/cubbyhole/tune"],
    ["update", "sys/mounts/cubbyhole/more"],
  ] as const) {
    expect((await t.refusal(operation, path, { data: { type: "kv", default_lease_ttl: "1h" } })).kind).toBe("invalid");
  }
  expect((await t.call("read", "sys/mounts")).reply?.data).toBeInstanceOf(Map);
  expect(t.core.mounts.find("cubbyhole/x")).toMatchObject({ type: "cubbyhole", path: "cubbyhole/" });
});

test("outlives a seal", async () => {
  const t = await started();
  const token = await t.tokenFor(DEFAULT);
  await t.call("update", "cubbyhole/x", { token, data: { a: 1 } });
  await t.core.operator.seal();
  await t.unseal();
  expect(await dataAt(t, "cubbyhole/x", token)).toBe('{"a":1}');
});

test("a batch token has none", async () => {
  const t = await started();
  const { token } = await t.tokens.create({
    id: undefined,
    type: "batch",
    policies: ["default"],
    path: "auth/token/create",
    displayName: "token",
    metadata: new Map(),
    ttl: 60_000,
    explicitMaxTtl: 0,
    maxTtl: 0,
    period: 0,
    renewable: false,
    numUses: 0,
    parent: "",
    boundCidrs: [],
    entityId: "",
    role: "",
    internal: new Map(),
  });
  for (const operation of ["read", "update", "list", "delete"] as const) {
    const fault = await t.refusal(operation, operation === "list" ? "cubbyhole/" : "cubbyhole/x", {
      token: token.reveal(),
      data: operation === "update" ? { a: 1 } : {},
    });
    const told = 'cubbyhole operations are only supported by "service" type tokens';
    expect([fault.kind, fault.message]).toEqual(["invalid", told]);
  }
});
