/** The method in the real server: create or update before the policy, renewals, imported hashes, what the audit sees. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { userpassAuth } from "../../../../server/auth/userpass/userpass.ts";
import { bcryptPasswords } from "../../../../server/clients/bcrypt.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ kinds: [userpassAuth(bcryptPasswords())] });
  await server.request("POST", "sys/auth/people", { type: "userpass" });
});
afterAll(() => server.close());

const logIn = async (name: string, password: string) =>
  server.request("POST", `auth/people/login/${name}`, { password }, "");
const tokenOf = (body: Record<string, unknown> | undefined): string =>
  (body?.["auth"] as { client_token: string }).client_token;

test("a login's token renews until the user's policies change", async () => {
  await server.request("POST", "auth/people/users/ann", { password: "p", token_policies: "dev", token_ttl: 600 });
  const token = tokenOf((await logIn("ann", "p")).body);
  const renewed = await server.request("POST", "auth/token/renew-self", {}, token);
  expect(renewed.body).toMatchObject({ auth: { lease_duration: 600 } });
  await server.request("POST", "auth/people/users/ann/policies", { token_policies: "other" });
  const refused = await server.request("POST", "auth/token/renew-self", {}, token);
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("policies have changed, not renewing")]);
});

test("an imported hash lets its password in", async () => {
  // Of "s3cret", in the form and with the cost of `htpasswd -B`.
  const password_hash = "$2y$05$6UlgAxfou75mSoOyjS1F1Oky1F8sa7gYu0HV2A/USIo27vKynDXWG";
  expect((await server.request("POST", "auth/people/users/old", { password_hash })).status).toBe(204);
  expect((await logIn("old", "s3cret")).status).toBe(200);
  expect((await logIn("old", "secret")).status).toBe(400);
});

test("who may only create users cannot overwrite one", async () => {
  const policy = 'path "auth/people/users/*" { capabilities = ["create"] }';
  await server.request("POST", "sys/policies/acl/creator", { policy });
  const made = await server.request("POST", "auth/token/create", { policies: ["creator"] });
  const token = tokenOf(made.body);
  expect((await server.request("POST", "auth/people/users/new", { password: "p" }, token)).status).toBe(204);
  expect((await server.request("POST", "auth/people/users/NEW", { password: "q" }, token)).status).toBe(403);
  expect((await logIn("new", "p")).status).toBe(200);
});

test("token_max_count counts a user's tokens, however the name is spelt", async () => {
  await server.request("POST", "auth/people/users/few", { password: "p", token_max_count: 2 });
  const replies = [];
  for (const name of ["few", "FEW", "Few", "few"]) replies.push(await logIn(name, "p"));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
  await server.request("POST", "auth/people/users/other", { password: "p", token_max_count: 2 });
  expect((await logIn("other", "p")).status).toBe(200);
});

test("a name that is not there is locked like one that is", async () => {
  await server.request("POST", "auth/people/users/there", { password: "p" });
  for (const name of ["there", "absent"]) {
    const told = [];
    for (let turn = 0; turn < 7; turn += 1) told.push(await logIn(turn % 2 === 0 ? name : name.toUpperCase(), "wrong"));
    expect(told.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 403, 403]);
    expect(new Set(told.slice(5).map(({ text }) => text)).size).toBe(1);
  }
  expect((await logIn("there", "p")).status).toBe(403);
});
