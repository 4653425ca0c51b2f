/** Sudo where a handler asks for it itself: for one operation of a route, or of callers whom nobody has admitted. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../../../fakes/server.ts";
import { toyAuth } from "../../../fakes/toy-auth.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ kinds: [toyAuth] });
  await server.request("POST", "sys/auth/toy", { type: "toy" });
  await server.request("POST", "sys/policies/acl/plain", {
    policy:
      'path "sys/leases/lookup" { capabilities = ["list", "update"] }\npath "sys/leases/lookup/*" { capabilities = ["list"] }\npath "sys/rekey/init" { capabilities = ["delete"] }',
  });
  await server.request("POST", "sys/policies/acl/strong", {
    policy:
      'path "sys/leases/lookup" { capabilities = ["list", "sudo"] }\npath "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }\npath "sys/rekey/init" { capabilities = ["delete", "sudo"] }',
  });
});
afterAll(() => server.close());

async function login(name: string, policies: string): Promise<{ readonly token: string; readonly entity: string }> {
  const { body } = await server.request("POST", `auth/toy/login/${name}`, { policies }, "");
  const auth = (body as { auth: { client_token: string; entity_id: string } }).auth;
  return { token: auth.client_token, entity: auth.entity_id };
}

test("listing all leases needs it, looking one up does not", async () => {
  const [plain, strong] = [await login("ann", "plain"), await login("bob", "strong")];
  for (const path of ["sys/leases/lookup", "sys/leases/lookup/", "sys/leases/lookup/auth/toy"]) {
    const list = (token: string): Promise<number> =>
      server.request("GET", `${path}?list=true`, undefined, token).then(({ status }) => status);
    expect([path, await list(plain.token), await list(strong.token)]).toEqual([path, 403, 200]);
  }
  const lookup = await server.request("POST", "sys/leases/lookup", { lease_id: "auth/none" }, plain.token);
  expect([lookup.status, lookup.body]).toEqual([400, { errors: ["invalid lease"] }]);
});

test("a token of a disabled entity gives none to who cancels what others have begun (CVE-2026-5807)", async () => {
  const [plain, strong] = [await login("cid", "plain"), await login("dan", "strong")];
  const begin = (): Promise<unknown> =>
    server.request("POST", "sys/rekey/init", { secret_shares: 1, secret_threshold: 1 }, "");
  const cancel = (token: string): Promise<number> =>
    server.request("DELETE", "sys/rekey/init", undefined, token).then(({ status }) => status);
  await begin();
  expect(await cancel(plain.token)).toBe(400);
  expect(await cancel(strong.token)).toBe(204);
  await begin();
  await server.request("POST", `identity/entity/id/${strong.entity}`, { disabled: true });
  expect(await cancel(strong.token)).toBe(400);
  expect(await cancel(server.rootToken)).toBe(204);
});
