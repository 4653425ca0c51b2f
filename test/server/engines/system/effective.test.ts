/** What an entity and its groups give counts wherever sys/ tells what a token may do. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { userpassAuth } from "../../../../server/auth/userpass/userpass.ts";
import { fakePasswords } from "../../../fakes/passwords.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";

let server: TestServer;
let ann = { client_token: "", entity_id: "", accessor: "" };
beforeAll(async () => {
  server = await testServer({ kinds: [userpassAuth(fakePasswords())] });
  await server.request("POST", "sys/auth/userpass", { type: "userpass" });
  await server.request("POST", "sys/mounts/kv", { type: "kv" });
  await server.request("POST", "auth/userpass/users/ann", { password: "p" });
  const login = await server.request("POST", "auth/userpass/login/ann", { password: "p" }, "");
  ann = (login.body as { auth: typeof ann }).auth;
  await server.request("POST", "sys/policies/acl/hers", {
    policy: 'path "kv/{{identity.entity.id}}" { capabilities = ["read"] }\npath "kv/group" { capabilities = ["list"] }',
  });
});
afterAll(() => server.close());

const seen = async () => {
  const own = `kv/${ann.entity_id}`;
  const post = async (path: string, data: object, token?: string) =>
    ((await server.request("POST", path, data, token)).body as { data: Record<string, unknown> }).data;
  const get = async (path: string) =>
    (
      (await server.request("GET", path, undefined, ann.client_token)).body as {
        data: Record<string, Record<string, unknown> | undefined>;
      }
    ).data;
  return {
    self: (await post("sys/capabilities-self", { paths: own }, ann.client_token))[own],
    token: (await post("sys/capabilities", { paths: own, token: ann.client_token }))[own],
    accessor: (await post("sys/capabilities-accessor", { paths: own, accessor: ann.accessor }))[own],
    rules: (await get("sys/internal/ui/resultant-acl"))["exact_paths"]?.[own],
    mounts: Object.keys((await get("sys/internal/ui/mounts"))["secret"] ?? {}).includes("kv/"),
    explained: (await post("sys/policy-explain", { operation: "read", path: own }, ann.client_token))["allowed"],
  };
};

const NOTHING = {
  self: ["deny"],
  token: ["deny"],
  accessor: ["deny"],
  rules: undefined,
  mounts: false,
  explained: false,
};
const READ = {
  self: ["read"],
  token: ["read"],
  accessor: ["read"],
  rules: { capabilities: ["read"] },
  mounts: true,
  explained: true,
};

test("nothing at first, the entity's policies at once, nothing again", async () => {
  expect(await seen()).toEqual(NOTHING);
  await server.request("POST", `identity/entity/id/${ann.entity_id}`, { policies: ["hers"] });
  expect(await seen()).toEqual(READ);
  await server.request("POST", `identity/entity/id/${ann.entity_id}`, { policies: [] });
  expect(await seen()).toEqual(NOTHING);
});

test("a group's policies too", async () => {
  await server.request("POST", "identity/group", {
    name: "readers",
    policies: ["hers"],
    member_entity_ids: [ann.entity_id],
  });
  expect(await seen()).toEqual(READ);
});

test("a disabled entity gives nothing, seen from outside", async () => {
  await server.request("POST", `identity/entity/id/${ann.entity_id}`, { disabled: true });
  const own = `kv/${ann.entity_id}`;
  const { body } = await server.request("POST", "sys/capabilities", { paths: own, token: ann.client_token });
  expect(body?.[own]).toEqual(["deny"]);
  expect((await server.request("POST", "sys/capabilities-self", { paths: own }, ann.client_token)).status).toBe(403);
});
