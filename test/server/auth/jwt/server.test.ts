/** JWT logins on the real server: groups of the claim become policies and leave again; the audit never shows a token. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { jwtAuth, oidcAuth } from "../../../../server/auth/jwt/jwt.ts";
import { issuerDocuments } from "../../../../server/clients/jwks.ts";
import { type OidcIssuer, oidcIssuer } from "../../../fakes/oidc-issuer.ts";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-jwt-"));
const auditFile = join(folder, "audit.log");
let server: TestServer;
let issuer: OidcIssuer;

beforeAll(async () => {
  issuer = await oidcIssuer({ tls: true });
  const documents = issuerDocuments();
  server = await testServer({ kinds: [jwtAuth(documents), oidcAuth(documents)] });
  await server.request("POST", "sys/audit/file", { type: "file", options: { file_path: auditFile } });
  for (const type of ["jwt", "oidc"]) {
    await server.request("POST", `sys/auth/${type}`, { type });
    const config = { oidc_discovery_url: issuer.url, oidc_discovery_ca_pem: issuer.ca, default_role: "app" };
    expect((await server.request("POST", `auth/${type}/config`, config)).status).toBe(204);
    const role = { role_type: "jwt", user_claim: "sub", bound_audiences: "oksae", groups_claim: "groups" };
    expect((await server.request("POST", `auth/${type}/role/app`, role)).status).toBe(204);
  }
});
afterAll(async () => {
  await Promise.all([server.close(), issuer.close()]);
  rmSync(folder, { recursive: true });
});

const logIn = (jwt: string, mount = "jwt"): Promise<TestReply> =>
  server.request("POST", `auth/${mount}/login`, { jwt }, "");
const authOf = (reply: TestReply): Record<string, unknown> => reply.body?.["auth"] as Record<string, unknown>;

test("a group of the claim brings its policies, and takes them along when it goes", async () => {
  const mounts = await server.request("GET", "sys/auth");
  const { accessor } = (mounts.body?.["data"] as Record<string, { accessor: string }>)["jwt/"] ?? { accessor: "" };
  const made = await server.request("POST", "identity/group", { name: "ops", type: "external", policies: ["ops"] });
  const { id } = made.body?.["data"] as { id: string };
  const alias = { name: "operators", mount_accessor: accessor, canonical_id: id };
  expect((await server.request("POST", "identity/group-alias", alias)).status).toBe(200);
  const during = authOf(await logIn(issuer.token({ groups: ["operators"] })));
  expect([during["token_policies"], during["identity_policies"]]).toEqual([["default"], ["ops"]]);
  const after = authOf(await logIn(issuer.token({ groups: ["others"] })));
  expect(after["entity_id"]).toBe(during["entity_id"]);
  expect(after["identity_policies"] ?? []).toEqual([]);
});

test("fifty logins of one user at once are one entity", async () => {
  const all = await Promise.all(Array.from({ length: 50 }, () => logIn(issuer.token({ sub: "crowd", groups: [] }))));
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(all.map((reply) => authOf(reply)["entity_id"])).size).toBe(1);
});

test("mounted as oidc it is the same, and the browser flow is refused without a token", async () => {
  expect((await logIn(issuer.token({ groups: [] }), "oidc")).status).toBe(200);
  for (const [method, path] of [
    ["POST", "auth_url"],
    ["GET", "callback?state=a&code=b"],
    ["POST", "callback"],
  ] as const) {
    const reply = await server.request(method, `auth/oidc/oidc/${path}`, method === "GET" ? undefined : {}, "");
    expect([path, reply.status, reply.text]).toEqual([path, 400, expect.stringContaining("browser flow")]);
  }
});

test("no token of the issuer is ever in the audit", async () => {
  const good = issuer.token({ groups: [] });
  const bad = issuer.token({ aud: "another" });
  expect([(await logIn(good)).status, (await logIn(bad)).status]).toEqual([200, 400]);
  const lines = readFileSync(auditFile, "utf8");
  expect(lines).toContain("auth/jwt/login");
  for (const token of [good, bad]) for (const part of token.split(".").slice(1)) expect(lines).not.toContain(part);
});
