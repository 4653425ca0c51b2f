/**
 * LIST as clients send it, end to end through listener, door, handler and a toy core: hvac 2 (`adapters.py`: method "list",
 * which requests sends in upper case), node-vault (`list`: method LIST), Vault's Go client and ours (GET `?list=true`).
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { http, raw, type Serving, serving } from "../../server/http/serving.ts";

const never = new AbortController().signal;
let s: Serving;
beforeAll(async () => {
  s = await serving();
  for (const name of ["a", "b"]) {
    await s.client.request({ method: "POST", path: `secret/app/${name}`, body: { k: "v" } }, never);
  }
});
afterAll(async () => {
  await s.stop();
});

const TOKEN = "X-Vault-Token: hvs.x";
const requests: readonly (readonly [client: string, request: string])[] = [
  [
    "hvac",
    http("LIST", "/v1/secret/app", [
      "User-Agent: python-requests/2.31.0",
      "Accept-Encoding: gzip, deflate",
      "Accept: */*",
      "Connection: keep-alive",
      "X-Vault-Request: true",
      TOKEN,
    ]),
  ],
  [
    "node-vault",
    http("LIST", "/v1/secret/app", ["accept: application/json", "X-Vault-Request: true", TOKEN, "Connection: close"]),
  ],
  ["node-vault with a body", http("LIST", "/v1/secret/app", [TOKEN, "content-type: application/json"], "{}")],
  ["curl -X LIST, path with a slash", http("LIST", "/v1/secret/app/", [TOKEN])],
  ["Go", http("GET", "/v1/secret/app?list=true", ["X-Vault-Request: true", TOKEN])],
];

test.each(requests)("%s", async (_client, request) => {
  const reply = await raw(s.port, request);
  const { data } = JSON.parse(reply.body) as { data: unknown };
  expect([reply.status, data]).toEqual([200, { keys: ["a", "b"] }]);
  expect(s.core.calls.at(-1)).toMatchObject({ operation: "list", path: "secret/app/", data: new Map() });
});

test("our own client, and an empty folder", async () => {
  const reply = await s.client.request({ method: "LIST", path: "secret/app" }, never);
  expect(reply.rawText).toContain('"data":{"keys":["a","b"]}');
  const none = s.client.request({ method: "LIST", path: "secret/none" }, never);
  await expect(none).rejects.toMatchObject({
    reason: "refused",
    kind: "not-found",
    errors: [],
    rawText: '{"errors":[]}\n',
  });
});
