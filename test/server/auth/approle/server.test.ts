/** AppRole on the real server: wrapped secret ids, the lockout, the entity behind a role id, and what the audit shows. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-approle-"));
const auditFile = join(folder, "audit.log");
let server: TestServer;

beforeAll(async () => {
  server = await testServer({ kinds: [approleAuth] });
  await server.request("POST", "sys/audit/file", { type: "file", options: { file_path: auditFile } });
  await server.request("POST", "sys/auth/approle", { type: "approle" });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const role = (name: string, body: object = {}): Promise<TestReply> =>
  server.request("POST", `auth/approle/role/${name}`, { role_id: `${name}-id`, ...body });
const dataOf = (reply: TestReply): Record<string, unknown> => reply.body?.["data"] as Record<string, unknown>;
const authOf = (reply: TestReply): Record<string, unknown> => reply.body?.["auth"] as Record<string, unknown>;
const secretOf = async (name: string): Promise<string> =>
  String(dataOf(await server.request("POST", `auth/approle/role/${name}/secret-id`))["secret_id"]);
const logIn = (name: string, secret: string): Promise<TestReply> =>
  server.request("POST", "auth/approle/login", { role_id: `${name}-id`, secret_id: secret }, "");

test("a wrapped secret id opens once, and logs in", async () => {
  await role("wrapped", { secret_id_num_uses: 1 });
  const reply = await fetch(`${server.url}/v1/auth/approle/role/wrapped/secret-id`, {
    method: "POST",
    headers: { "X-Vault-Token": server.rootToken, "X-Vault-Wrap-TTL": "60" },
  });
  const { data, wrap_info: wrap } = (await reply.json()) as { data: unknown; wrap_info: Record<string, string> };
  expect([data, wrap["creation_path"]]).toEqual([null, "auth/approle/role/wrapped/secret-id"]);
  const opened = await server.request("POST", "sys/wrapping/unwrap", undefined, wrap["token"]);
  const secret = String(dataOf(opened)["secret_id"]);
  expect((await logIn("wrapped", secret)).status).toBe(200);
  expect((await logIn("wrapped", secret)).status).toBe(400);
  expect((await server.request("POST", "sys/wrapping/unwrap", undefined, wrap["token"])).status).toBe(400);
});

test("five wrong secret ids lock the role id, whether there is such a role or not; others go on", async () => {
  await role("locked");
  await role("free");
  const [locked, free] = [await secretOf("locked"), await secretOf("free")];
  for (const name of ["locked", "nobody"]) {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await logIn(name, "wrong")).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 403]);
  }
  expect((await logIn("locked", locked)).status).toBe(403);
  expect((await logIn("free", free)).status).toBe(200);
});

test("a role id is one entity, with the metadata of its last login", async () => {
  await role("known");
  const first = authOf(await logIn("known", await secretOf("known")));
  const secret = await server.request("POST", "auth/approle/role/known/secret-id", { metadata: '{"team":"core"}' });
  const second = authOf(await logIn("known", String(dataOf(secret)["secret_id"])));
  expect(first["entity_id"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(second["entity_id"]).toBe(first["entity_id"]);
  expect(second["metadata"]).toEqual({ team: "core", role_name: "known" });
});

test("a token is renewed until its role has gone", async () => {
  await role("short", { token_ttl: "10m" });
  const token = String(authOf(await logIn("short", await secretOf("short")))["client_token"]);
  expect((await server.request("POST", "auth/token/renew-self", {}, token)).status).toBe(200);
  await server.request("DELETE", "auth/approle/role/short");
  expect((await server.request("POST", "auth/token/renew-self", {}, token)).status).toBe(403);
});

test("a role of batch tokens gives those, and takes nothing that they cannot have", async () => {
  await role("batch", { token_type: "batch", token_ttl: "5m" });
  const auth = authOf(await logIn("batch", await secretOf("batch")));
  expect(auth).toMatchObject({ token_type: "batch", accessor: "", renewable: false, lease_duration: 300 });
  for (const [setting, value] of [
    ["period", { token_period: "1h" }],
    ["token-num-uses", { token_num_uses: 3 }],
  ] as const) {
    const refused = await server.request("POST", `auth/approle/role/batch/${setting}`, value);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("token_type")]);
  }
});

test("no secret id is ever in the audit", async () => {
  await role("audited");
  const secret = await secretOf("audited");
  await logIn("audited", secret);
  await logIn("audited", `wrong-${secret}`);
  for (const path of ["secret-id/lookup", "secret-id/destroy"]) {
    await server.request("POST", `auth/approle/role/audited/${path}`, { secret_id: secret });
  }
  await server.request("POST", "auth/approle/role/audited/custom-secret-id", { secret_id: "of-my-own-choice" });
  await server.request("DELETE", "auth/approle/role/audited/secret-id/destroy?secret_id=of-my-own-choice");
  const lines = readFileSync(auditFile, "utf8");
  expect(lines).toContain("auth/approle/role/audited/secret-id/lookup");
  expect(lines).not.toContain(secret);
  expect(lines).not.toContain("of-my-own-choice");
});
