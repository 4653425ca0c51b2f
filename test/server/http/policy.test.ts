/** CORS and the UI's headers. Source: Vault's API pages "/sys/config/cors" and "/sys/config/ui"; the Fetch standard, "CORS protocol". */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { CorsRules } from "../../../server/contract/http-policy.ts";
import { replying } from "../../fakes/toy-core.ts";
import { http, raw, type Serving, serving } from "./serving.ts";

const UI = "https://ui.example.com";
let rules: CorsRules | undefined;
let s: Serving;

beforeEach(async () => {
  rules = { allowedOrigins: [UI], allowedHeaders: ["Content-Type", "X-Vault-Token", "X-Mine"] };
  s = await serving(undefined, {
    policy: { cors: () => rules, uiHeaders: () => new Map([["x-frame-options", ["DENY"]]]) },
  });
  s.core.answer = () => replying({ data: { a: 1 } });
});
afterEach(async () => {
  await s.stop();
});

const ask = (method: string, headers: readonly string[], target = "/v1/kv/a") =>
  raw(s.port, http(method, target, headers));
const ALLOW = "access-control-allow-origin";

test("an allowed origin gets its reply, and is named", async () => {
  const reply = await ask("GET", [`Origin: ${UI}`]);
  expect(reply.status).toBe(200);
  expect([reply.headers.get(ALLOW), reply.headers.get("vary")]).toEqual([UI, "Origin"]);
  expect(reply.headers.has("access-control-allow-methods")).toBe(false);
});

test("so does its error", async () => {
  const reply = await ask("GET", [`Origin: ${UI}`], "/v1/kv/%00");
  expect([reply.status, reply.headers.get(ALLOW)]).toEqual([400, UI]);
});

test("a preflight is answered without the core", async () => {
  const reply = await ask("OPTIONS", [`Origin: ${UI}`, "Access-Control-Request-Method: PUT"]);
  expect(reply.status).toBe(200);
  expect(reply.body).toBe("");
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    [ALLOW]: UI,
    "access-control-allow-methods": "DELETE,GET,OPTIONS,POST,PUT,LIST",
    "access-control-allow-headers": "Content-Type,X-Vault-Token,X-Mine",
    "access-control-max-age": "300",
    vary: "Origin",
  });
  expect(s.core.calls).toHaveLength(0);
});

test.each(["PATCH", "TRACE", ""])("a preflight for %p is 405", async (method) => {
  const asked = method === "" ? [] : [`Access-Control-Request-Method: ${method}`];
  expect((await ask("OPTIONS", [`Origin: ${UI}`, ...asked])).status).toBe(405);
});

test.each([
  "https://ui.example.com.evil.org",
  "https://UI.example.com",
  "http://ui.example.com",
  "https://ui.example.com:8443",
  "null",
])("the origin %s is refused before anything is done", async (origin) => {
  for (const method of ["GET", "OPTIONS"]) {
    const reply = await ask(method, [`Origin: ${origin}`, "Access-Control-Request-Method: GET"]);
    expect([reply.status, reply.headers.has(ALLOW)]).toEqual([403, false]);
    expect(reply.body).toContain("origin not allowed");
  }
  expect(s.core.calls).toHaveLength(0);
});

test('"*" allows every origin', async () => {
  rules = { allowedOrigins: ["*"], allowedHeaders: [] };
  expect((await ask("GET", ["Origin: https://any.example.org"])).headers.get(ALLOW)).toBe("https://any.example.org");
});

describe("nothing changes", () => {
  test("without an Origin", async () => {
    const reply = await ask("GET", []);
    expect([reply.status, reply.headers.has(ALLOW), reply.headers.has("vary")]).toEqual([200, false, false]);
    expect((await ask("OPTIONS", [])).status).toBe(405);
  });

  test("while CORS is off", async () => {
    rules = undefined;
    const reply = await ask("GET", ["Origin: https://any.example.org"]);
    expect([reply.status, reply.headers.has(ALLOW)]).toEqual([200, false]);
    expect((await ask("OPTIONS", [`Origin: ${UI}`])).status).toBe(405);
  });
});

test("the UI's headers stand beside replies below /ui/ alone", async () => {
  expect((await ask("GET", [], "/ui/")).headers.get("x-frame-options")).toBe("DENY");
  expect((await ask("GET", [])).headers.has("x-frame-options")).toBe(false);
});
