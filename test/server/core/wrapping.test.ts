/** Response wrapping through the whole server. Source: Vault's page "Response wrapping" and its API pages "/sys/wrapping/…". */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import { approleAuth } from "../../../server/auth/approle/approle.ts";
import { userpassAuth } from "../../../server/auth/userpass/userpass.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { keysOf } from "../../fakes/keys.ts";
import { fakePasswords } from "../../fakes/passwords.ts";
import { type TestReply, type TestServer, testServer } from "../../fakes/server.ts";

const INVALID = ["wrapping token is not valid or does not exist"];
const clock = fakeClock(Date.UTC(2026, 0, 1));
let server: TestServer;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "oksae-wrapping-"));
  const options = new Map([["file_path", join(folder, "audit.log")]]);
  server = await testServer({
    clock,
    kinds: [userpassAuth(fakePasswords()), approleAuth],
    declared: [{ path: "file/", type: "file", description: "", options }],
  });
  await ok("POST", "sys/mounts/kv", { type: "kv" });
  await ok("POST", "kv/app", { password: "s3cret", pin: 1234 });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(
  method: string,
  path: string,
  { token = server.rootToken, data, wrap }: { token?: string; data?: unknown; wrap?: string } = {},
): Promise<TestReply> {
  const reply = await fetch(`${server.url}/v1/${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { "X-Vault-Token": token }),
      ...(wrap === undefined ? {} : { "X-Vault-Wrap-TTL": wrap }),
    },
    ...(data !== undefined && { body: JSON.stringify(data) }),
    redirect: "manual",
  });
  const text = await reply.text();
  const json = reply.headers.get("content-type")?.includes("json") === true;
  return {
    status: reply.status,
    headers: reply.headers,
    text,
    body: text === "" || !json ? undefined : (JSON.parse(text) as Record<string, unknown>),
  };
}

async function ok(method: string, path: string, data?: unknown, token?: string): Promise<Record<string, unknown>> {
  const reply = await ask(method, path, { data, ...(token !== undefined && { token }) });
  expect([path, reply.status < 300, reply.text]).toEqual([path, true, reply.text]);
  return reply.body ?? {};
}

interface Wrap {
  readonly token: string;
  readonly accessor: string;
  readonly ttl: number;
  readonly creation_time: string;
  readonly creation_path: string;
  readonly wrapped_accessor?: string;
}

async function wrapped(method = "GET", path = "kv/app", options: Parameters<typeof ask>[2] = {}): Promise<Wrap> {
  const reply = await ask(method, path, { wrap: "60s", ...options });
  expect([reply.status, reply.text]).toEqual([200, reply.text]);
  return reply.body?.["wrap_info"] as Wrap;
}

async function tokenWith(policy: string, name: string): Promise<string> {
  await ok("POST", `sys/policies/acl/${name}`, { policy });
  const made = await ok("POST", "auth/token/create", { policies: [name] });
  return (made["auth"] as { client_token: string }).client_token;
}

const unwrap = (token: string): Promise<TestReply> => ask("POST", "sys/wrapping/unwrap", { token });

test("the reply is not told, what tells about it is", async () => {
  const { status, body, text } = await ask("GET", "kv/app", { wrap: "5m" });
  expect(status).toBe(200);
  expect(text).not.toContain("s3cret");
  expect(body).toEqual({
    request_id: expect.any(String),
    lease_id: "",
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: {
      token: expect.any(String),
      accessor: expect.any(String),
      ttl: 300,
      creation_time: "2026-01-01T00:00:00.000Z",
      creation_path: "kv/app",
    },
    warnings: null,
    auth: null,
    mount_type: "",
  });
});

test("unwrapping gives the envelope that the call would have given", async () => {
  const plain = (await ask("GET", "kv/app")).body;
  const { token } = await wrapped();
  const opened = await unwrap(token);
  expect(opened.headers.get("content-type")).toBe("application/json");
  expect(opened.body).toEqual({ ...plain, request_id: expect.any(String) });
});

test.each([
  ["by itself", (token: string) => unwrap(token)],
  ["named by another", (token: string) => ask("POST", "sys/wrapping/unwrap", { data: { token } })],
  ["in both places", (token: string) => ask("POST", "sys/wrapping/unwrap", { token, data: { token } })],
])("opens once, %s", async (_, open) => {
  const { token } = await wrapped();
  expect((await open(token)).status).toBe(200);
  for (const again of [await open(token), await unwrap(token)]) {
    expect([again.status, again.body?.["errors"]]).toEqual([400, INVALID]);
  }
  expect((await ask("POST", "auth/token/lookup", { data: { token } })).status).toBe(403);
});

test.each(["header", "body", "mixed"])("50 at the same time, token in the %s: one gets it", async (where) => {
  for (let round = 0; round < 3; round += 1) {
    const { token } = await wrapped();
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const inBody = where === "body" || (where === "mixed" && i % 2 === 0);
        return inBody ? ask("POST", "sys/wrapping/unwrap", { data: { token } }) : unwrap(token);
      }),
    );
    expect(replies.filter(({ text }) => text.includes("s3cret"))).toHaveLength(1);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 400]));
  }
});

test("50 unwrap and rewrap at the same time: one of them all", async () => {
  const { token } = await wrapped();
  const paths = Array.from({ length: 50 }, (_, i) => `sys/wrapping/${i % 2 === 0 ? "unwrap" : "rewrap"}`);
  const replies = await Promise.all(
    paths.map((path, i) => ask("POST", path, i % 3 === 0 ? { data: { token } } : { token })),
  );
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
});

test("lookup tells without opening, without a token of one's own", async () => {
  const { token } = await wrapped("GET", "kv/app", { wrap: "90" });
  const shown = { creation_path: "kv/app", creation_time: "2026-01-01T00:00:00Z", creation_ttl: 90 };
  const asks: readonly Promise<TestReply>[] = [
    ask("POST", "sys/wrapping/lookup", { token: "", data: { token } }),
    ask("POST", "sys/wrapping/lookup", { token }),
    ask("GET", `sys/wrapping/lookup?token=${token}`, { token: "" }),
  ];
  for (const one of asks) expect((await one).body?.["data"]).toEqual(shown);
  expect((await unwrap(token)).status).toBe(200);
});

test("rewrap moves it, with the path and the time to live of the first", async () => {
  const first = await wrapped("GET", "kv/app", { wrap: "90s" });
  const second = (await ok("POST", "sys/wrapping/rewrap", { token: first.token }))["wrap_info"] as Wrap;
  expect(second).toMatchObject({ ttl: 90, creation_path: "kv/app" });
  expect((await unwrap(first.token)).status).toBe(400);
  const third = (await ok("POST", "sys/wrapping/rewrap", {}, second.token))["wrap_info"] as Wrap;
  expect((await unwrap(second.token)).status).toBe(400);
  expect((await unwrap(third.token)).body?.["data"]).toEqual({ password: "s3cret", pin: 1234 });
});

test("a wrapping token is refused everywhere else, and can still be opened then", async () => {
  const { token } = await wrapped();
  const elsewhere: readonly (readonly [string, string, unknown?])[] = [
    ["GET", "kv/app"],
    ["GET", "cubbyhole/response"],
    ["POST", "cubbyhole/mine", { a: 1 }],
    ["LIST", "cubbyhole/"],
    ["GET", "auth/token/lookup-self"],
    ["POST", "auth/token/renew-self"],
    ["POST", "auth/token/revoke-self"],
    ["POST", "auth/token/create", { policies: ["response-wrapping"] }],
    ["POST", "sys/wrapping/wrap", { a: 1 }],
    ["POST", "sys/capabilities-self", { paths: ["kv/app"] }],
    ["GET", "nowhere/at/all"],
  ];
  for (const [method, path, data] of elsewhere) {
    expect([path, (await ask(method, path, { token, data })).status]).toEqual([path, 403]);
  }
  const other = await wrapped();
  expect((await ask("POST", "sys/wrapping/unwrap", { token, data: { token: other.token } })).status).toBe(403);
  for (const one of [token, other.token]) expect((await unwrap(one)).status).toBe(200);
});

test("it ends with its time to live", async () => {
  const { token } = await wrapped("GET", "kv/app", { wrap: "30s" });
  await clock.advance(29_999);
  expect((await ask("POST", "sys/wrapping/lookup", { token })).status).toBe(200);
  await clock.advance(1);
  expect((await unwrap(token)).body?.["errors"]).toEqual(INVALID);
});

test("it cannot be renewed, and dies by its accessor", async () => {
  const { token, accessor } = await wrapped();
  expect((await ask("POST", "auth/token/renew-accessor", { data: { accessor } })).status).toBe(400);
  await ok("POST", "auth/token/revoke-accessor", { accessor });
  expect((await unwrap(token)).status).toBe(400);
});

test("what is no wrapping token is told apart from nothing else", async () => {
  const service = await tokenWith(`path "kv/*" { capabilities = ["read"] }`, "plain");
  for (const token of [service, "hvs.nothing", server.rootToken]) {
    for (const path of ["unwrap", "rewrap", "lookup"]) {
      const byHeader = await ask("POST", `sys/wrapping/${path}`, { token });
      const byBody = await ask("POST", `sys/wrapping/${path}`, { data: { token } });
      for (const reply of path === "lookup" || token === server.rootToken ? [byHeader] : [byHeader, byBody]) {
        expect([path, reply.status, reply.body?.["errors"]]).toEqual([path, 400, INVALID]);
      }
    }
  }
  expect((await ask("POST", "sys/wrapping/unwrap", { token: "" })).status).toBe(403);
  expect((await ask("POST", "sys/wrapping/lookup", { token: "" })).status).toBe(400);
});

test("who names it in the body needs a policy for it, and does not use it up without", async () => {
  const caller = await tokenWith(`path "sys/wrapping/unwrap" { capabilities = ["deny"] }`, "no-unwrap");
  const { token } = await wrapped();
  expect((await ask("POST", "sys/wrapping/unwrap", { token: caller, data: { token } })).status).toBe(403);
  expect((await ask("POST", "sys/wrapping/unwrap", { token: "", data: { token } })).status).toBe(403);
  expect((await unwrap(token)).status).toBe(200);
});

test("a token in it: the accessor is told, and it works after", async () => {
  const info = await wrapped("POST", "auth/token/create", { data: { policies: ["default"] } });
  const { body } = await unwrap(info.token);
  const { client_token: made, accessor } = body?.["auth"] as { client_token: string; accessor: string };
  expect(info.wrapped_accessor).toBe(accessor);
  expect((await ask("GET", "auth/token/lookup-self", { token: made })).status).toBe(200);
});

test("a login and a secret id can be wrapped: their accessors are told", async () => {
  await ok("POST", "sys/auth/userpass", { type: "userpass" });
  await ok("POST", "auth/userpass/users/ann", { password: "right" });
  const login = await wrapped("POST", "auth/userpass/login/ann", { token: "", data: { password: "right" } });
  const opened = (await unwrap(login.token)).body?.["auth"] as { accessor: string; client_token: string };
  expect(login.wrapped_accessor).toBe(opened.accessor);
  expect(login.creation_path).toBe("auth/userpass/login/ann");
  await ok("POST", "sys/auth/approle", { type: "approle" });
  await ok("POST", "auth/approle/role/web", {});
  const made = await wrapped("POST", "auth/approle/role/web/secret-id");
  const secret = (await unwrap(made.token)).body?.["data"] as Record<string, string>;
  expect(made.wrapped_accessor).toBe(secret["secret_id_accessor"]);
});

test("nothing of it is in the audit in clear: neither token nor secret nor number, wrapped or opened", async () => {
  await ok("POST", "kv/audited", { canary: "canary-secret", pin: 918_273_645 });
  const { token } = await wrapped("GET", "kv/audited");
  const again = (await ok("POST", "sys/wrapping/rewrap", { token }))["wrap_info"] as Wrap;
  await ask("POST", "sys/wrapping/lookup", { data: { token: again.token } });
  const opened = await unwrap(again.token);
  await unwrap(again.token);
  const text = readFileSync(join(folder, "audit.log"), "utf8");
  for (const clear of ["canary-secret", "918273645", token, again.token]) expect(text).not.toContain(clear);
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  const id = opened.body?.["request_id"];
  const first = lines.find(({ type, request }) => (type as unknown) === "response" && request?.["id"] === id);
  expect(first?.["response"]).toMatchObject({
    data: { canary: expect.stringMatching(/^hmac-sha256:/), pin: expect.stringMatching(/^hmac-sha256:/) },
    wrap_info: { ttl: 60, creation_path: "kv/audited", token: expect.stringMatching(/^hmac-sha256:/) },
  });
  const refused = lines.filter(
    ({ request, error }) => request?.["path"] === "sys/wrapping/unwrap" && error !== undefined,
  );
  expect(refused.at(-1)?.["error"]).toBe(INVALID[0]);
});

test("outlives a seal, and is not opened while sealed", async () => {
  const { token } = await wrapped();
  await server.core.operator.seal();
  expect((await unwrap(token)).status).toBe(503);
  for (const key of server.keys) await server.core.operator.unseal(new Secret(key));
  expect((await unwrap(token)).status).toBe(200);
});

test("a reply with a status of its own has it again when it is opened", async () => {
  await ok("POST", "sys/mounts/kv2", { type: "kv", options: { version: "2" } });
  await ok("POST", "kv2/data/x", { data: { a: "1" } });
  await ok("DELETE", "kv2/data/x");
  const plain = await ask("GET", "kv2/data/x");
  expect(plain.status).toBe(404);
  const { token } = await wrapped("GET", "kv2/data/x");
  const opened = await unwrap(token);
  expect([opened.status, opened.body?.["data"]]).toEqual([404, plain.body?.["data"]]);
});

test("sys/wrapping/wrap takes any data and asks for the header", async () => {
  const data = { foo: "bar", n: 1.5, deep: { a: [null, true] } };
  const { token } = await wrapped("POST", "sys/wrapping/wrap", { data });
  expect((await unwrap(token)).body?.["data"]).toEqual(data);
  const refused = await ask("POST", "sys/wrapping/wrap", { data });
  expect([refused.status, refused.body?.["errors"]]).toEqual([400, ["endpoint requires response wrapping to be used"]]);
});

test.each([
  ["GET", "sys/health"],
  ["GET", "sys/seal-status"],
  ["GET", "sys/leader"],
  ["GET", "sys/init"],
])("%s %s is never wrapped", async (method, path) => {
  const { body } = await ask(method, path, { token: "", wrap: "60s" });
  expect(body).not.toHaveProperty("wrap_info");
});

test.each([
  ["POST", "sys/decode-token", { encoded_token: "AAAA", otp: "abc" }],
  ["GET", "sys/internal/ui/mounts", undefined],
])("%s %s is wrapped for nobody without a token: it would fill the storage", async (method, path, data) => {
  const before = await keysOf(server.store);
  const { status, body } = await ask(method, path, { token: "", wrap: "876000h", data });
  expect([status, body?.["wrap_info"] ?? null]).toEqual([200, null]);
  expect(await keysOf(server.store)).toEqual(before);
  expect((await ask(method, path, { wrap: "60s", data })).body?.["wrap_info"]).toMatchObject({ ttl: 60 });
});

test.each([
  ["GET", "sys/wrapping/unwrap", undefined, 403],
  ["GET", "sys/wrapping/rewrap", undefined, 403],
  ["POST", "sys/wrapping/unwrap", { token: ["x"] }, 403],
])("%s %s %j takes no use", async (method, path, data, status) => {
  const { token } = await wrapped();
  expect((await ask(method, path, { token, data })).status).toBe(status);
  expect((await unwrap(token)).status).toBe(200);
});

test("a 204 has nothing to wrap", async () => {
  expect((await ask("POST", "kv/none", { data: { a: "1" }, wrap: "60s" })).status).toBe(204);
});

describe("bounds of a policy", () => {
  const POLICY = `path "kv/*" { capabilities = ["create", "read", "update", "delete", "list"]  min_wrapping_ttl = "10s"  max_wrapping_ttl = "60s" }`;
  test.each([
    ["GET", "kv/app", undefined],
    ["LIST", "kv/", undefined],
    ["POST", "kv/bound", { a: "1" }],
    ["POST", "kv/app", { password: "s3cret", pin: 1234 }],
    ["DELETE", "kv/bound", undefined],
  ])("%s %s", async (method, path, data) => {
    const token = await tokenWith(POLICY, "bounded");
    for (const [wrap, good] of [
      [undefined, false],
      ["9s", false],
      ["10s", true],
      ["60s", true],
      ["61s", false],
    ] as const) {
      const { status } = await ask(method, path, { token, data, ...(wrap !== undefined && { wrap }) });
      expect([wrap, status < 300]).toEqual([wrap, good]);
      expect(good || status === 403).toBe(true);
    }
  });
});

test.each([
  "response-wrapping",
  "Response-Wrapping",
  "control-group",
])("nobody writes, deletes or gives away %s", async (name) => {
  const policy = `path "*" { capabilities = ["sudo", "read"] }`;
  expect((await ask("POST", `sys/policies/acl/${name}`, { data: { policy } })).status).toBe(400);
  expect((await ask("POST", `sys/policy/${name}`, { data: { policy } })).status).toBe(400);
  expect((await ask("DELETE", `sys/policies/acl/${name}`)).status).toBe(400);
  expect((await ask("POST", "auth/token/create", { data: { policies: [name] } })).status).toBe(400);
});

test("the longest path can be wrapped", async () => {
  const path = `kv/${"a".repeat(700)}`;
  await ok("POST", path, { a: "1" });
  expect((await unwrap((await wrapped("GET", path)).token)).body?.["data"]).toEqual({ a: "1" });
});
