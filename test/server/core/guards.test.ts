/** Quotas, lockout and the headers and bodies of replies through the whole server. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { approleAuth } from "../../../server/auth/approle/approle.ts";
import { userpassAuth } from "../../../server/auth/userpass/userpass.ts";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import { testCore } from "../../fakes/core.ts";
import { fakePasswords } from "../../fakes/passwords.ts";
import { type TestServer, testServer } from "../../fakes/server.ts";

/** Answers with headers and a body of its own. */
const talker: EngineKind = {
  type: "talker",
  about: "Says more than JSON",
  kind: "secret",
  create: () => ({
    routes: [
      route({
        path: "headers",
        about: "Headers",
        fields: {},
        on: {
          read: {
            about: "Reads",
            run: () =>
              Promise.resolve({
                data: { a: 1 },
                headers: new Map([
                  ["x-one", "1"],
                  ["x-two", "2"],
                ]),
              }),
          },
        },
      }),
      route({
        path: "cached",
        about: "Caching",
        fields: {},
        on: {
          read: {
            about: "Reads",
            run: () => Promise.resolve({ data: { a: 1 }, headers: new Map([["cache-control", "max-age=60"]]) }),
          },
        },
      }),
      route({
        path: "text",
        about: "Text",
        fields: {},
        on: {
          read: {
            about: "Reads",
            run: () => Promise.resolve({ text: { contentType: "text/plain; version=0.0.4", body: "up 1\n" } }),
          },
        },
      }),
    ],
  }),
};

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ kinds: [talker, userpassAuth(fakePasswords()), approleAuth] });
  const must = async (path: string, data: unknown): Promise<void> => {
    expect([path, (await server.request("POST", path, data)).status]).toEqual([path, 204]);
  };
  await must("sys/mounts/kv", { type: "kv" });
  await must("kv/a", { a: "1" });
  await must("sys/mounts/talk", { type: "talker" });
  await must("sys/auth/userpass", { type: "userpass" });
  await must("auth/userpass/users/ann", { password: "right" });
});
afterAll(() => server.close());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/v1/${path}`, { headers: { "X-Vault-Token": server.rootToken, ...headers } });

test("over the rate: 429 with Retry-After and, when they are on, the limit's headers", async () => {
  await server.request("POST", "sys/quotas/rate-limit/kv", { path: "kv", rate: 2, interval: "1h" });
  expect((await get("kv/a")).headers.has("x-ratelimit-limit")).toBe(false);
  await get("kv/a");
  const refused = await get("kv/a");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBe(1800);
  expect(await refused.json()).toEqual({ errors: ['request path "kv/a": rate limit quota exceeded'] });
  await server.request("POST", "sys/quotas/config", { enable_rate_limit_response_headers: true });
  const told = await get("kv/a");
  expect([told.headers.get("x-ratelimit-limit"), told.headers.get("x-ratelimit-remaining")]).toEqual(["2", "0"]);
  expect(told.headers.get("x-ratelimit-reset")).toBe(told.headers.get("retry-after"));
  await server.request("POST", "sys/quotas/rate-limit/kv", { path: "kv", rate: 100 });
  expect((await get("kv/a")).headers.get("x-ratelimit-remaining")).toBe("99");
  await server.request("DELETE", "sys/quotas/rate-limit/kv");
  expect((await get("kv/a")).headers.has("x-ratelimit-limit")).toBe(false);
});

test.each([
  [{ path: "nowhere", rate: 1 }, "invalid mount path"],
  [{ path: "kv", rate: 0 }, "'rate' is invalid"],
  [{ path: "kv", rate: "many" }, "'rate' is invalid"],
  [{ path: "kv" }, "rate"],
  [{ path: "kv", rate: 1, role: "web" }, "concept of roles"],
  [{ path: "auth/userpass", rate: 1, role: "web" }, "concept of roles"],
  [{ path: "kv/x", rate: 1, role: "web" }, "either a path below the mount or a role"],
  [{ rate: 1, role: "web" }, "needs the path of an auth mount"],
  [{ rate: 1, inheritable: false }, "global quotas must be inheritable"],
  [{ path: "kv", rate: 1, inheritable: true }, "only namespace quotas"],
  [{ path: "kv/a*b", rate: 1 }, '"*" at its end'],
  [{ path: "kv", rate: 1, interval: "soon" }, "interval"],
  [{ path: "kv", rate: 1, type: "lease-count" }, "type"],
])("the quota %j is refused", async (data, message) => {
  const { status, body } = await server.request("POST", "sys/quotas/rate-limit/bad", data);
  expect([status, String(body?.["errors"])]).toEqual([400, expect.stringContaining(message)]);
});

test("wrong passwords lock the name, in any spelling; the right one is refused then", async () => {
  const login = (name: string, password: string) =>
    server.request("POST", `auth/userpass/login/${name}`, { password }, "");
  expect((await login("ann", "right")).status).toBe(200);
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) => login(i % 2 === 0 ? "ann" : "ANN", `wrong-${i}`)),
  );
  expect(replies.filter(({ status }) => status === 400)).toHaveLength(5);
  expect(replies.filter(({ status }) => status === 403)).toHaveLength(45);
  const locked = await login("Ann", "right");
  expect([locked.status, locked.body]).toEqual([403, { errors: ["permission denied"] }]);
});

test("the headers of a reply are sent as far as the mount allows them", async () => {
  expect((await get("talk/headers")).headers.has("x-one")).toBe(false);
  await server.request("POST", "sys/mounts/talk/tune", { allowed_response_headers: ["X-One"] });
  const { headers } = await get("talk/headers");
  expect([headers.get("x-one"), headers.has("x-two")]).toEqual(["1", false]);
  const wrapped = await get("talk/headers", { "X-Vault-Wrap-TTL": "1m" });
  expect([wrapped.headers.has("x-one"), "wrap_info" in ((await wrapped.json()) as object)]).toEqual([false, true]);
});

test("what a reply says about caching replaces no-store", async () => {
  await server.request("POST", "sys/mounts/talk/tune", { allowed_response_headers: ["Cache-Control"] });
  expect((await get("talk/cached")).headers.get("cache-control")).toBe("max-age=60");
  await server.request("POST", "sys/mounts/talk/tune", { allowed_response_headers: [] });
  expect((await get("talk/cached")).headers.get("cache-control")).toBe("no-store");
});

test("a body that is no JSON comes as it is, and is never wrapped", async () => {
  for (const headers of [{}, { "X-Vault-Wrap-TTL": "1m" }]) {
    const reply = await get("talk/text", headers);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4"]);
    expect(await reply.text()).toBe("up 1\n");
  }
});

test("what a quota refuses is audited where that is switched on", async () => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/quotas/rate-limit/all", { data: { rate: 1, interval: "1h" } });
  await t.call("read", "sys/mounts");
  const before = t.audit.requests.length;
  expect((await t.refusal("read", "sys/mounts")).kind).toBe("throttled");
  expect(t.audit.requests).toHaveLength(before);
  await t.clock.advance(3_600_000);
  await t.call("update", "sys/quotas/config", { data: { enable_rate_limit_audit_logging: true } });
  expect((await t.refusal("read", "sys/mounts")).status).toBe(429);
  expect(t.audit.requests.at(-1)).toMatchObject({ error: 'request path "sys/mounts": rate limit quota exceeded' });
});

test("a quota of a role holds whatever the case its name was written in", async () => {
  await server.request("POST", "sys/auth/approle", { type: "approle" });
  await server.request("POST", "auth/approle/role/dev", { bind_secret_id: false, token_bound_cidrs: "127.0.0.0/8" });
  await server.request("POST", "auth/approle/role/dev/role-id", { role_id: "dev-id" });
  const quota = { path: "auth/approle", role: "Dev", rate: 1, interval: "1h" };
  expect((await server.request("POST", "sys/quotas/rate-limit/dev", quota)).status).toBe(204);
  const login = (): Promise<number> =>
    server.request("POST", "auth/approle/login", { role_id: "dev-id" }, "").then(({ status }) => status);
  expect([await login(), await login()]).toEqual([200, 429]);
});
