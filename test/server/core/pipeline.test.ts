/** The order of the pipeline: who is refused, with what, in which order, and what of it the audit sees. */
import { expect, test } from "@jest/globals";
import { Fault } from "../../../lib/fault.ts";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import type { LoginGrant } from "../../../server/contract/token.ts";
import { DAY, HOUR, testCore } from "../../fakes/core.ts";
import { GRANT } from "../../fakes/grant.ts";

const secrets: EngineKind = {
  type: "toy",
  about: "A toy",
  kind: "secret",
  create: () => ({
    routes: [
      route({
        path: "thing/:name",
        about: "A thing",
        fields: {
          name: { type: "string", about: "Its name", required: true },
          size: { type: "int", about: "Its size" },
        },
        exists: async ({ name = "" }, { storage }) => (await storage.get(name)) !== undefined,
        on: {
          read: { about: "Reads", run: ({ name, size }) => Promise.resolve({ data: { name, size } }) },
          create: {
            about: "Creates",
            run: async ({ name }, { storage, call }) => {
              await storage.transact((tx) => {
                tx.put(name, Buffer.from("x"));
                return Promise.resolve();
              });
              return { data: { did: call.operation } };
            },
          },
          update: { about: "Updates", run: (_v, { call }) => Promise.resolve({ data: { did: call.operation } }) },
          delete: { about: "Fails", run: () => Promise.reject(new Fault("conflict", "told so")) },
          patch: { about: "Breaks", run: () => Promise.reject(new Error("a bug with hunter2")) },
        },
      }),
      route({
        path: "root-only",
        about: "With sudo",
        fields: {},
        sudo: true,
        on: { read: { about: "Reads", run: () => Promise.resolve(undefined) } },
      }),
      route({
        path: "open",
        about: "For all",
        fields: {},
        unauthenticated: true,
        on: {
          read: {
            about: "Reads",
            run: (_v, { token }) => Promise.resolve({ data: { who: token?.displayName ?? null } }),
          },
        },
      }),
    ],
  }),
};

let grant: Partial<LoginGrant> = {};
const door: EngineKind = {
  type: "door",
  about: "A login",
  kind: "auth",
  create: () => ({
    routes: [
      route({
        path: "login",
        about: "Logs in",
        fields: {},
        login: true,
        on: { update: { about: "Logs in", run: () => Promise.resolve({ login: { ...APP, ...grant } }) } },
      }),
    ],
  }),
};

const APP: LoginGrant = {
  ...GRANT,
  displayName: "i-1",
  policies: ["App ", "app"],
  metadata: new Map([["role", "app"]]),
  alias: "i-1",
  ttl: HOUR,
  role: "app",
};

const started = async () => {
  grant = {};
  const t = testCore({ kinds: [secrets, door] });
  await t.start();
  await t.call("update", "sys/mounts/toy", { data: { type: "toy" } });
  await t.call("update", "sys/auth/house/door", { data: { type: "door" } });
  t.audit.requests.length = 0;
  t.audit.responses.length = 0;
  return t;
};

test("no token, a bad token and no policy are 403 whatever the path, before 404 and 405", async () => {
  const t = await started();
  const none = await t.tokenFor('path "elsewhere/*" { capabilities = ["read"] }');
  for (const path of ["toy/thing/a", "toy/unknown", "nowhere/at/all", "toy/root-only"]) {
    for (const options of [{ anonymous: true }, { token: "bad" }, { token: none }]) {
      expect(await t.refusal("list", path, options)).toMatchObject({ kind: "denied", message: "permission denied" });
    }
  }
  expect(await t.refusal("read", "nowhere/at/all")).toMatchObject({ kind: "not-found" });
  expect(await t.refusal("read", "toy/unknown")).toMatchObject({ kind: "not-found", message: "unsupported path" });
  expect(await t.refusal("list", "toy/thing/a/")).toMatchObject({ kind: "unsupported" });
});

test("a field that is wrong is 403 first for who may not, 400 for who may", async () => {
  const t = await started();
  const none = await t.tokenFor('path "elsewhere/*" { capabilities = ["read"] }');
  const data = { size: "hunter2" };
  expect(await t.refusal("update", "toy/thing/a", { token: none, data })).toMatchObject({ kind: "denied" });
  const fault = await t.refusal("update", "toy/thing/a", { data });
  expect(fault).toMatchObject({ kind: "invalid", message: 'field "size" must be a whole number' });
});

test("a refusal is audited, request and response, with its error", async () => {
  const t = await started();
  await t.refusal("read", "toy/thing/a", { anonymous: true });
  expect(t.audit.requests).toMatchObject([
    { error: "permission denied", token: undefined, call: { path: "toy/thing/a" } },
  ]);
  expect(t.audit.responses).toMatchObject([{ error: "permission denied", reply: undefined, issued: undefined }]);
  const none = await t.tokenFor('path "elsewhere/*" { capabilities = ["read"] }');
  await t.refusal("read", "toy/thing/a", { token: none });
  expect(t.audit.requests[1]).toMatchObject({ error: "permission denied", token: { displayName: "token" } });
});

test("the handler's fault and its bug are audited; of the bug the client learns nothing", async () => {
  const t = await started();
  expect(await t.refusal("delete", "toy/thing/a")).toMatchObject({ kind: "conflict", message: "told so" });
  expect(await t.refusal("patch", "toy/thing/a")).toMatchObject({ kind: "internal", message: "internal error" });
  expect(t.audit.requests.map((r) => r.error)).toEqual([undefined, undefined]);
  expect(t.audit.responses.map((r) => r.error)).toEqual(["told so", "internal error"]);
});

test("without its request entry nothing is done, without its response entry nothing leaves", async () => {
  const t = await started();
  t.audit.fail = "request";
  expect(await t.refusal("update", "toy/thing/new")).toMatchObject({ kind: "internal" });
  expect(await t.refusal("read", "toy/thing/a", { anonymous: true })).toMatchObject({
    message: "audit request refused",
  });
  t.audit.fail = "none";
  expect((await t.call("update", "toy/thing/new")).reply?.data).toEqual({ did: "create" });
  t.audit.fail = "response";
  expect(await t.refusal("read", "toy/thing/a")).toMatchObject({ kind: "internal", message: "audit response refused" });
  expect((await t.call("read", "sys/health")).reply?.status).toBe(200);
});

test("a login whose response could not be audited leaves no token", async () => {
  const t = await started();
  const before = await t.tokens.accessors();
  t.audit.fail = "response";
  await t.refusal("update", "auth/house/door/login", { anonymous: true });
  expect(await t.tokens.accessors()).toEqual(before);
});

test("create or update is told apart before the policy: a create-only token cannot overwrite", async () => {
  const t = await started();
  const creator = await t.tokenFor('path "toy/*" { capabilities = ["create"] }');
  const updater = await t.tokenFor('path "toy/*" { capabilities = ["update"] }');
  expect(await t.refusal("update", "toy/thing/a", { token: updater })).toMatchObject({ kind: "denied" });
  expect((await t.call("update", "toy/thing/a", { token: creator })).reply?.data).toEqual({ did: "create" });
  expect(await t.refusal("update", "toy/thing/a", { token: creator })).toMatchObject({ kind: "denied" });
  expect((await t.call("update", "toy/thing/a", { token: updater })).reply?.data).toEqual({ did: "update" });
});

test("a sudo route wants sudo beside the operation", async () => {
  const t = await started();
  const reader = await t.tokenFor('path "toy/*" { capabilities = ["read"] }');
  const sudoer = await t.tokenFor('path "toy/*" { capabilities = ["read", "sudo"] }');
  expect(await t.refusal("read", "toy/root-only", { token: reader })).toMatchObject({ kind: "denied" });
  expect(await t.call("read", "toy/root-only", { token: sudoer })).toMatchObject({ reply: undefined });
});

test("sealed: 503 for everything but the routes that say otherwise, and those are not audited", async () => {
  const t = await started();
  await t.call("update", "sys/seal");
  t.audit.requests.length = 0;
  for (const path of ["toy/thing/a", "sys/mounts", "auth/token/lookup-self", "nowhere"]) {
    expect(await t.refusal("read", path)).toMatchObject({ kind: "sealed", message: "Vault is sealed" });
  }
  for (const path of ["sys/health", "sys/seal-status", "sys/leader", "sys/init"])
    await t.call("read", path, { anonymous: true });
  expect(t.audit.requests).toEqual([]);
});

test("a token is bound to its networks", async () => {
  const t = await started();
  const token = await t.tokenFor('path "toy/*" { capabilities = ["read"] }', { boundCidrs: ["10.0.0.0/8"] });
  expect(await t.refusal("read", "toy/thing/a", { token, address: "192.168.0.1" })).toMatchObject({ kind: "denied" });
  expect(await t.call("read", "toy/thing/a", { token, address: "10.1.2.3" })).toMatchObject({ mountType: "toy" });
});

test("uses are taken also by what is refused, and the last one ends the token", async () => {
  const t = await started();
  const token = await t.tokenFor('path "toy/*" { capabilities = ["read"] }', { numUses: 3 });
  await t.refusal("read", "elsewhere", { token });
  await t.call("read", "toy/thing/a", { token });
  await t.call("read", "toy/open", { token });
  await t.call("read", "toy/thing/a", { token });
  expect(await t.refusal("read", "toy/thing/a", { token })).toMatchObject({ kind: "denied" });
  expect((await t.call("read", "toy/open", { token })).reply?.data).toEqual({ who: null });
});

test("an open route knows a valid token and does not mind a bad one", async () => {
  const t = await started();
  expect((await t.call("read", "toy/open")).reply?.data).toEqual({ who: "root" });
  expect((await t.call("read", "toy/open", { token: "bad" })).reply?.data).toEqual({ who: null });
  expect((await t.call("read", "toy/open", { anonymous: true })).reply?.data).toEqual({ who: null });
});

test("members no field takes are ignored with a warning", async () => {
  const t = await started();
  const { reply } = await t.call("update", "toy/thing/a", { data: { size: 1, zebra: 1, ant: 2 } });
  expect(reply?.warnings).toEqual(["Endpoint ignored these unrecognized parameters: [ant zebra]"]);
});

test("a login: policies cleaned, names put together, the token works", async () => {
  const t = await started();
  const { issued, mountType } = await t.call("update", "auth/house/door/login", { anonymous: true });
  expect(mountType).toBe("door");
  expect(issued?.entry).toMatchObject({
    policies: ["app", "default"],
    displayName: "house-door-i-1",
    path: "auth/house/door/login",
    creationTtl: HOUR,
    orphan: true,
  });
  expect(t.audit.responses.at(-1)?.issued?.entry.id).toBe(issued?.entry.id);
  const token = issued?.clientToken?.reveal() ?? "";
  expect(await t.refusal("read", "toy/thing/a", { token })).toMatchObject({ kind: "denied" });
  grant = { noDefaultPolicy: true, policies: ["Root "] };
  expect(await t.refusal("update", "auth/house/door/login", {})).toMatchObject({ kind: "invalid" });
});

test("a login's TTL is capped by the mount's, with Vault's warning", async () => {
  const t = await started();
  grant = { ttl: 40 * DAY };
  const { issued, reply } = await t.call("update", "auth/house/door/login", { anonymous: true });
  expect(issued?.entry.creationTtl).toBe(32 * DAY);
  expect(reply?.warnings).toEqual([
    'TTL of "960h0m0s" exceeded the effective max_ttl of "768h0m0s"; TTL value is capped accordingly',
  ]);
});
