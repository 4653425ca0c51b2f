/**
 * No form of a request gets past a deny on the path it is about, through the whole server. Source: CVE-2026-3605 (dot
 * segments in policy paths), GHSA-xp3c-3jw3-4vcr (LIST with a trailing slash).
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type TestServer, testServer } from "../../fakes/server.ts";
import { http, type RawReply, raw } from "../http/serving.ts";

const POLICY = `
path "kv/*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }
path "kv/secret/*" { capabilities = ["deny"] }
path "kv/folder" { capabilities = ["deny"] }
path "kv/folder/" { capabilities = ["deny"] }
path "kv/one" { capabilities = ["deny"] }
`;
const HIDDEN = "hidden-value";

let server: TestServer;
let token = "";
let port = 0;

beforeAll(async () => {
  server = await testServer();
  port = Number(new URL(server.url).port);
  const must = async (path: string, data: unknown): Promise<Record<string, unknown>> => {
    const reply = await server.request("POST", path, data);
    expect([path, reply.status < 300]).toEqual([path, true]);
    return reply.body ?? {};
  };
  await must("sys/mounts/kv", { type: "kv" });
  for (const path of ["secret/a", "secret/b/c", "folder/hidden-name", "one"]) await must(`kv/${path}`, { v: HIDDEN });
  await must("kv/open", { v: "open" });
  await must("sys/policies/acl/deny", { policy: POLICY });
  const made = await must("auth/token/create", { policies: ["deny"], no_default_policy: true });
  token = (made["auth"] as { client_token: string }).client_token;
});
afterAll(() => server.close());

const ask = (method: string, target: string, body = ""): Promise<RawReply> =>
  raw(port, http(method, target, [`X-Vault-Token: ${token}`], body));

test.each([
  "/v1/kv/open/../secret/a",
  "/v1/kv/./secret/a",
  "/v1/kv/%2e/secret/a",
  "/v1/kv/open/%2e%2e/secret/a",
  "/v1/kv/open/%2E./secret/a",
  "/v1/kv/open/%252e%252e/secret/a",
  "/v1/kv/open/%c0%ae%c0%ae/secret/a",
  "/v1/kv/open%2f..%2fsecret/a",
  "/v1/kv/open/..%5csecret/a",
  "/v1/kv/secret/a%00",
  "/v1/kv%00/secret/a",
  "/v1/kv/secret/a%0a",
])("%s is refused as no path", async (target) => {
  for (const method of ["GET", "LIST", "DELETE"]) {
    const reply = await ask(method, target);
    expect([method, reply.status]).toEqual([method, 400]);
  }
});

test.each([
  "/v1//kv/secret/a",
  "/v1/kv//secret/a",
  "/v1/kv/secret//a",
  "/v1/kv/%2Fsecret/a",
])("%s is redirected, not served", async (target) => {
  const reply = await ask("GET", target);
  expect([reply.status, reply.headers.get("location")]).toEqual([307, "/v1/kv/secret/a"]);
  expect(reply.body).not.toContain(HIDDEN);
});

test.each([
  ["GET", "/v1/kv/secret/a"],
  ["GET", "/v1/kv/secret/%61"],
  ["GET", "/v1/kv/%73ecret/a"],
  ["GET", "/v1/kv/secret%2Fa"],
  ["GET", "http://elsewhere/v1/kv/secret/a"],
  ["PUT", "/v1/kv/secret/a"],
  ["POST", "/v1/kv/one"],
  ["DELETE", "/v1/kv/secret/a"],
  ["LIST", "/v1/kv/secret"],
  ["LIST", "/v1/kv/secret/"],
  ["LIST", "/v1/kv/secret/b"],
  ["GET", "/v1/kv/secret?list=true"],
  ["GET", "/v1/kv/secret/?list=1"],
  ["LIST", "/v1/kv/folder"],
  ["LIST", "/v1/kv/folder/"],
  ["GET", "/v1/kv/folder?list=true"],
  ["GET", "/v1/kv/folder/?list=true"],
  ["GET", "/v1/kv/fo%6cder?list=t"],
])("%s %s is denied", async (method, target) => {
  const reply = await ask(method, target, method.startsWith("P") ? '{"v":"mine"}' : "");
  expect(reply.status).toBe(403);
  expect(reply.all).not.toContain("hidden");
});

test("no spelling of a denied path tells or changes anything", async () => {
  const letter = fc.constantFrom("plain", "lower", "upper", "twice");
  const spelled = (text: string, how: readonly string[]): string =>
    [...text]
      .map((char, i) => {
        const hex = char.charCodeAt(0).toString(16);
        const one = how[i % how.length];
        if (one === "plain") return char;
        if (one === "twice") return `%25${hex}`;
        return `%${one === "upper" ? hex.toUpperCase() : hex}`;
      })
      .join("");
  const extra = fc.constantFrom(
    "",
    "/",
    "//",
    "/.",
    "/..",
    "/%2e",
    "%20",
    "%00",
    ";x",
    "?list=true",
    "?list=false",
    "?help=0",
  );
  const target = fc.tuple(
    fc.constantFrom("kv/secret/a", "kv/secret/b/c", "kv/secret", "kv/folder", "kv/one"),
    fc.array(letter, { minLength: 1, maxLength: 8 }),
    extra,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "LIST", "POST", "PUT", "PATCH", "DELETE"),
      target,
      async (method, [path, how, end]) => {
        const writes = method.startsWith("P");
        const reply = await raw(
          port,
          http(
            method,
            `/v1/${spelled(path, how)}${end}`,
            [`X-Vault-Token: ${token}`, "Content-Type: application/merge-patch+json"],
            writes ? '{"v":"mine"}' : "",
          ),
        );
        expect(reply.all).not.toContain("hidden");
      },
    ),
    { numRuns: 300 },
  );
  for (const path of ["secret/a", "secret/b/c", "folder/hidden-name", "one"]) {
    expect((await server.request("GET", `kv/${path}`)).body?.["data"]).toEqual({ v: HIDDEN });
  }
}, 60_000);
