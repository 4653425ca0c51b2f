/** The OpenAPI document and path-help over a real server: valid by the schema, nothing that the token may not know of. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import { awsAuth } from "../../../../server/auth/aws/aws.ts";
import type { AwsPorts } from "../../../../server/contract/ec2.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";

interface Operation {
  readonly operationId: string;
  readonly requestBody?: unknown;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const validator = new Validator();
let server: TestServer;
let reader = "";
beforeAll(async () => {
  server = await testServer({ kinds: [awsAuth({} as AwsPorts)] });
  await server.request("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await server.request("POST", "sys/mounts/old", { type: "kv" });
  await server.request("POST", "sys/mounts/older", { type: "kv" });
  await server.request("POST", "sys/auth/aws", { type: "aws" });
  await server.request("POST", "sys/policies/acl/reader", {
    policy: 'path "old/a" { capabilities = ["read"] }',
  });
  const made = await server.request("POST", "auth/token/create", { policies: ["reader"], no_default_policy: true });
  reader = (made.body as { auth: { client_token: string } }).auth.client_token;
});
afterAll(() => server.close());

async function document(query = "", token?: string): Promise<Document> {
  const reply = await server.request("GET", `sys/internal/specs/openapi${query}`, undefined, token);
  expect(reply.status).toBe(200);
  return reply.body as unknown as Document;
}

const verbs = ["get", "post", "patch", "delete"];
const operationsOf = ({ paths }: Document): readonly (readonly [string, string, Operation])[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    verbs.flatMap((verb) => (item[verb] === undefined ? [] : [[path, verb, item[verb] as Operation] as const])),
  );

test.each([
  "",
  "?generic_mount_paths=true",
  "?context=anything",
])("the document%s is valid OpenAPI 3.0", async (query) => {
  const made = await document(query);
  const result = await validator.validate(made as never);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  expect(made.openapi).toBe("3.0.2");
});

test("every operation has an id of its own, every parameter in a path is declared", async () => {
  for (const query of ["", "?generic_mount_paths=true"]) {
    const made = await document(query);
    const all = operationsOf(made);
    const ids = all.map(([, , { operationId }]) => operationId);
    expect(all.length).toBeGreaterThan(150);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, item] of Object.entries(made.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = ((item["parameters"] ?? []) as { name: string }[]).map(({ name }) => name).sort();
      expect([path, declared]).toEqual([path, inPath]);
    }
  }
});

test("what needs sudo, no token, or tells create from update, says so", async () => {
  const { paths } = await document();
  expect(paths["/sys/seal"]).toMatchObject({ "x-vault-sudo": true });
  expect(paths["/sys/health"]).toMatchObject({ "x-vault-unauthenticated": true });
  expect(paths["/auth/aws/login"]).toMatchObject({ "x-vault-unauthenticated": true });
  expect(paths["/secret/data/{path}"]).toMatchObject({ "x-vault-createSupported": true });
  expect(paths["/sys/mounts"]).not.toHaveProperty("x-vault-sudo");
});

test("a list is a get with list=true", async () => {
  const { paths } = await document();
  expect(paths["/sys/policies/password"]).toMatchObject({
    get: { parameters: [{ name: "list", in: "query", required: true, schema: { enum: ["true"] } }] },
  });
});

test("generic mount paths show each type once", async () => {
  const { paths } = await document("?generic_mount_paths=true");
  const kv = Object.keys(paths).filter((path) => path === "/{kv_mount_path}/{path}");
  expect(kv).toHaveLength(1);
  expect(Object.keys(paths).filter((path) => path.startsWith("/old") || path.startsWith("/older"))).toEqual([]);
  expect(Object.keys(paths)).toContain("/auth/{aws_mount_path}/login");
});

test("a token sees the mounts it may reach; no token, those that are shown to all", async () => {
  const roots = ({ paths }: Document): readonly string[] =>
    [...new Set(Object.keys(paths).map((path) => path.split("/")[1] ?? ""))].sort();
  expect(roots(await document("", reader))).toEqual(["old"]);
  expect(roots(await document("", ""))).toEqual([]);
  await server.request("POST", "sys/mounts/older/tune", { listing_visibility: "unauth" });
  expect(roots(await document("", ""))).toEqual(["older"]);
});

test.each([
  ["sys/mounts", "Matching Route: mounts"],
  ["secret/data/app", "Matching Route: data/*path"],
  ["secret", "## PATHS"],
  ["sys", "policies/acl"],
  ["auth/token/create", "## PARAMETERS"],
  ["sys/policies/password", "Lists them"],
])("help of %s says %s", async (path, text) => {
  const { status, body } = await server.request("GET", `${path}?help=1`, undefined, reader);
  expect(status).toBe(200);
  expect(Object.keys(body ?? {}).sort()).toEqual(["help", "openapi", "see_also"]);
  expect(body?.["help"]).toContain(text);
  const result = await validator.validate(body?.["openapi"] as never);
  expect(result.errors ?? []).toEqual([]);
});

test.each([
  "sys/health",
  "auth/aws/login",
  "sys/internal/specs/openapi",
])("help of %s, which asks for no token, asks for none either", async (path) => {
  expect((await server.request("GET", `${path}?help=1`, undefined, "")).status).toBe(200);
});

test("a wrapping token reads no help", async () => {
  const made = await fetch(`${server.url}/v1/sys/mounts`, {
    headers: { "X-Vault-Token": server.rootToken, "X-Vault-Wrap-TTL": "60" },
  });
  const { wrap_info } = (await made.json()) as { wrap_info: { token: string } };
  expect((await server.request("GET", "sys/mounts?help=1", undefined, wrap_info.token)).status).toBe(403);
});

test("help needs a good token, and a path that is one", async () => {
  expect((await server.request("GET", "sys/mounts?help=1", undefined, "")).status).toBe(403);
  expect((await server.request("GET", "sys/mounts?help=1", undefined, "hvs.nonsense")).status).toBe(403);
  expect((await server.request("GET", "sys/nowhere/at/all?help=1")).status).toBe(404);
  expect((await server.request("GET", "nowhere/at/all?help=1")).status).toBe(404);
});

test("help tells nothing that is kept: the same with and without a secret", async () => {
  const before = await server.request("GET", "old/hidden?help=1");
  await server.request("POST", "old/hidden", { password: "canary-5521" });
  const after = await server.request("GET", "old/hidden?help=1");
  expect(after.body).toEqual(before.body);
  expect(after.text).not.toContain("canary");
});
