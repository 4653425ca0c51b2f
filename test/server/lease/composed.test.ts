/** What goes with a token in the server as it is composed: the secrets it was lent, and its cubbyhole. */
import { expect, test } from "@jest/globals";
import { keysOf } from "../../fakes/keys.ts";
import { type Directory, lender } from "../../fakes/lender.ts";
import { testServer } from "../../fakes/server.ts";

test.each([
  "revoke-self",
  "revoke-accessor",
  "revoke",
])("%s undoes what the token was lent and empties its cubbyhole", async (path) => {
  const directory: Directory = { alive: new Set(), tried: [], down: false };
  const server = await testServer({ kinds: [lender(directory)] });
  await server.request("POST", "sys/mounts/lend", { type: "lender" });
  await server.request("POST", "sys/policies/acl/lent", { policy: 'path "lend/*" { capabilities = ["read"] }' });
  const before = await keysOf(server.store);
  const made = await server.request("POST", "auth/token/create", { policies: ["lent"] });
  const { client_token: token, accessor } = (made.body as { auth: { client_token: string; accessor: string } }).auth;
  const lent = await server.request("GET", "lend/creds/a", undefined, token);
  const lease_id = String(lent.body?.["lease_id"]);
  await server.request("POST", "cubbyhole/mine", { a: "1" }, token);
  expect([directory.alive.size, (await server.request("POST", "sys/leases/lookup", { lease_id })).status]).toEqual([
    1, 200,
  ]);
  await server.request("POST", `auth/token/${path}`, { token, accessor }, path === "revoke-self" ? token : undefined);
  expect((await server.request("POST", "sys/leases/lookup", { lease_id })).status).toBe(400);
  for (let i = 0; i < 200 && directory.alive.size > 0; i += 1) await new Promise((done) => setTimeout(done, 10));
  expect([...directory.alive]).toEqual([]);
  for (let i = 0; i < 200 && (await keysOf(server.store)).length > before.length; i += 1) {
    await new Promise((done) => setTimeout(done, 10));
  }
  expect(await keysOf(server.store)).toEqual(before);
  await server.close();
});
