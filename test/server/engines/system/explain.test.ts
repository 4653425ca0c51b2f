/** sys/policy-explain over a real server: one's own token, others with sudo alone, KV version 2, and suggestions that really help. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";

let server: TestServer;
let ann = { token: "", accessor: "" };

async function tokenWith(...policies: string[]): Promise<{ token: string; accessor: string }> {
  const { body } = await server.request("POST", "auth/token/create", { policies });
  const { client_token: token, accessor } = (body as { auth: { client_token: string; accessor: string } }).auth;
  return { token, accessor };
}

beforeAll(async () => {
  server = await testServer();
  await server.request("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await server.request("POST", "sys/policies/acl/ann", {
    policy:
      '# hers\npath "secret/data/ann/*" {\n  capabilities = ["read"]\n}\npath "secret/data/ann/own" { capabilities = ["deny"] }\npath "sys/seal" { capabilities = ["update"] }',
  });
  ann = await tokenWith("ann");
});
afterAll(() => server.close());

const UNKNOWN = "nothing is mounted at this path, or nothing that the asking token can reach";

const explain = (data: object, token = ann.token): Promise<TestReply> =>
  server.request("POST", "sys/policy-explain", data, token);

test.each([
  [
    { operation: "read", path: "secret/data/ann/x" },
    { allowed: true, granting_policies: ["ann"], rules: [{ policy: "ann", line: 2 }] },
  ],
  [
    { operation: "update", path: "secret/data/ann/x" },
    { allowed: false, reason: expect.stringContaining('does not give "update": policy "ann", line 2') },
  ],
  [
    { operation: "read", path: "secret/data/ann/own" },
    { allowed: false, reason: expect.stringContaining("denied by"), rules: [{ line: 5 }] },
  ],
  [
    { operation: "read", path: "/v1/secret/foo" },
    { allowed: false, path: "secret/foo", hints: [expect.stringContaining("secret/data/foo")] },
  ],
  [
    { operation: "list", path: "secret/data/ann" },
    { allowed: false, path: "secret/data/ann/", hints: [expect.stringContaining("secret/metadata/ann/")] },
  ],
  [
    { operation: "read", path: "moon" },
    { allowed: false, hints: [UNKNOWN] },
  ],
  [
    { operation: "update", path: "sys/seal" },
    { allowed: false, needs_sudo: true, reason: expect.stringContaining('needs "sudo"') },
  ],
] as const)("%j", async (data, shown) => {
  const { status, body } = await explain(data);
  expect(status).toBe(200);
  expect(body?.["data"]).toMatchObject(shown);
});

test("a mount that the token reaches nothing of is told by nothing from none, here and in sys/internal/ui/mounts", async () => {
  const { token } = await tokenWith("default");
  const about = async (path: string, as: string): Promise<unknown> => {
    const shown = await explain({ operation: "update", path }, as);
    const mount = await server.request("GET", `sys/internal/ui/mounts/${path}`, undefined, as);
    const text = JSON.stringify([shown.body?.["data"], mount.status, mount.body]);
    return text.replaceAll(path, "PATH");
  };
  expect(await about("secret/foo", token)).toBe(await about("sesame/foo", token));
  expect(await about("secret/foo", ann.token)).not.toBe(await about("sesame/foo", ann.token));
  const bob = await tokenWith("default");
  const full = await explain({ operation: "read", path: "secret/foo", accessor: bob.accessor }, server.rootToken);
  expect(full.body?.["data"]).toMatchObject({ hints: [expect.stringContaining("secret/data/foo")] });
});

test("a denied path gets no suggestion: nothing added would help", async () => {
  const { body } = await explain({ operation: "read", path: "secret/data/ann/own" });
  expect(body?.["data"]).not.toHaveProperty("suggestion");
});

test.each([
  ["update", "secret/data/bob/x"],
  ["list", "secret/metadata/bob/"],
  ["read", "sys/mounts"],
  ["update", "sys/audit/file"],
])("the suggestion for %s %s is a policy that allows it", async (operation, path) => {
  const { body } = await explain({ operation, path });
  const { suggestion } = (body as { data: { suggestion: string } }).data;
  await server.request("POST", "sys/policies/acl/suggested", { policy: suggestion });
  const helped = await tokenWith("ann", "suggested");
  expect((await explain({ operation, path }, helped.token)).body?.["data"]).toMatchObject({ allowed: true });
});

test("a suggestion takes nothing away: beside what is missing it gives what the deciding rule gave", async () => {
  const rule = 'path "secret/data/kept/*" { capabilities = ["read", "update"] }';
  await server.request("POST", "sys/policies/acl/kept", { policy: rule });
  const before = await tokenWith("kept");
  const { body } = await explain({ operation: "delete", path: "secret/data/kept/db" }, before.token);
  const { suggestion } = (body as { data: { suggestion: string } }).data;
  await server.request("POST", "sys/policies/acl/suggested", { policy: suggestion });
  const { token } = await tokenWith("kept", "suggested");
  for (const operation of ["read", "update", "delete"]) {
    const reply = await explain({ operation, path: "secret/data/kept/db" }, token);
    expect(reply.body?.["data"]).toMatchObject({ allowed: true });
  }
});

test("constraints that the suggested text has not are told of", async () => {
  const rule = 'path "secret/data/tied/*" {\n  capabilities = ["update"]\n  required_parameters = ["data"]\n}\n';
  await server.request("POST", "sys/policies/acl/tied", { policy: rule });
  const { token } = await tokenWith("tied");
  const { body } = await explain({ operation: "delete", path: "secret/data/tied/db" }, token);
  expect(body?.["data"]).toMatchObject({ hints: [expect.stringContaining("constraints")] });
});

test("the suggestion for KV version 2 names data/", async () => {
  const { body } = await explain({ operation: "read", path: "secret/foo" });
  expect(body?.["data"]).toMatchObject({ suggestion: 'path "secret/data/foo" {\n  capabilities = ["read"]\n}\n' });
});

test("another's token needs sudo, and is not told apart from none without it", async () => {
  const bob = await tokenWith("default");
  for (const who of [{ token: ann.token }, { accessor: ann.accessor }, { token: "none" }, { accessor: "none" }]) {
    expect((await explain({ operation: "read", path: "a", ...who }, bob.token)).status).toBe(403);
  }
  expect(
    (await explain({ operation: "read", path: "secret/data/ann/x", accessor: ann.accessor }, server.rootToken)).body?.[
      "data"
    ],
  ).toMatchObject({
    allowed: true,
    policies: ["ann", "default"],
  });
  expect((await explain({ operation: "read", path: "a", token: "none" }, server.rootToken)).status).toBe(400);
  await server.request("POST", "sys/policies/acl/helper", {
    policy: 'path "sys/policy-explain" { capabilities = ["update", "sudo"] }',
  });
  const helper = await tokenWith("helper");
  expect((await explain({ operation: "read", path: "a", token: ann.token }, helper.token)).status).toBe(200);
});

test("root may do everything, and is told so", async () => {
  const { body } = await explain({ operation: "update", path: "sys/seal" }, server.rootToken);
  expect(body?.["data"]).toMatchObject({ allowed: true, reason: "a root token may do everything" });
});

test.each([
  [{ path: "a" }, "operation"],
  [{ operation: "fly", path: "a" }, "operation"],
  [{ operation: "read" }, "path"],
  [{ operation: "read", path: "/" }, "path"],
  [{ operation: "read", path: "a", token: "x", accessor: "y" }, "not both"],
])("%j is refused", async (data, word) => {
  const reply = await explain(data);
  expect(reply.status).toBe(400);
  expect(reply.text).toContain(word);
});
