/** What a tune takes and refuses, in …/tune and in `config` when a mount is enabled; source: Vault's API pages "/sys/auth", "/sys/mounts". */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";
import { toyAuth } from "../../../fakes/toy-auth.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ kinds: [approleAuth, toyAuth] });
  await server.request("POST", "sys/mounts/kv", { type: "kv" });
  await server.request("POST", "sys/auth/approle", { type: "approle" });
  await server.request("POST", "sys/auth/toy", { type: "toy" });
});
afterAll(() => server.close());

const readTune = async (path: string): Promise<unknown> => (await server.request("GET", `${path}/tune`)).body?.["data"];

test.each([
  ["sys/mounts/kv", { token_type: "service" }, "can only be modified on auth mounts"],
  ["sys/auth/token", { token_type: "batch" }, "cannot be set for 'token'"],
  ["sys/auth/approle", { token_type: "other" }, "token_type"],
  ["sys/mounts/kv", { allowed_managed_keys: ["a"] }, "allowed_managed_keys"],
  ["sys/mounts/kv", { user_lockout_config: { lockout_disable: true } }, "user lockout configuration for auth type"],
  ["sys/auth/toy", { user_lockout_config: { lockout_threshold: 3 } }, "user lockout configuration for auth type"],
  ["sys/auth/approle", { user_lockout_config: { lockout_threshold: "-1" } }, "lockout_threshold"],
  ["sys/auth/approle", { user_lockout_config: { lockout_duration: "soon" } }, "lockout_duration"],
  ["sys/auth/approle", { user_lockout_config: { lockout_disable: "maybe" } }, "lockout_disable"],
  ["sys/auth/approle", { user_lockout_config: [1] }, "user_lockout_config"],
  ["sys/mounts/kv", { default_lease_ttl: "769h" }, "above the effective max_lease_ttl"],
  ["sys/mounts/kv", { max_lease_ttl: "soon" }, "max_lease_ttl"],
  ["sys/mounts/kv", { listing_visibility: "some" }, "listing_visibility"],
  ["sys/mounts/sys", { description: "x" }, "cannot be tuned"],
  ["sys/mounts/cubbyhole", { description: "x" }, "cannot be tuned"],
  ["sys/mounts/none", { description: "x" }, "no mount at"],
])("%s with %j is refused: %s", async (path, data, why) => {
  const before = await readTune(path);
  const reply = await server.request("POST", `${path}/tune`, data);
  expect(reply.status).toBe(400);
  expect(reply.text).toContain(why);
  expect(await readTune(path)).toEqual(before);
});

test("what is left out stays, member by member, also within user_lockout_config", async () => {
  const tune = (data: object) => server.request("POST", "sys/auth/approle/tune", data);
  await tune({ user_lockout_config: { lockout_threshold: "7", lockout_duration: "10m" }, description: "one" });
  await tune({ user_lockout_config: { lockout_disable: true, lockout_counter_reset_duration: 90 } });
  await tune({ token_type: "default-batch" });
  expect(await readTune("sys/auth/approle")).toMatchObject({
    description: "one",
    token_type: "default-batch",
    user_lockout_threshold: 7,
    user_lockout_duration: 600,
    user_lockout_counter_reset_duration: 90,
    user_lockout_disable: true,
  });
  const { body } = await server.request("GET", "sys/auth");
  expect(body?.["data"]).toMatchObject({
    "approle/": { config: { user_lockout_config: { user_lockout_threshold: 7 }, token_type: "default-batch" } },
  });
});

test("a list that was set can be emptied, a TTL handed back to the server", async () => {
  const tune = (data: object) => server.request("POST", "sys/mounts/kv/tune", data);
  await tune({ audit_non_hmac_request_keys: ["a"], max_lease_ttl: "1h", options: { a: "1" } });
  await tune({ audit_non_hmac_request_keys: "", max_lease_ttl: "system", options: { b: "2" } });
  const shown = await readTune("sys/mounts/kv");
  expect(shown).toMatchObject({ max_lease_ttl: 2_764_800, options: { a: "1", b: "2" } });
  expect(shown).not.toHaveProperty("audit_non_hmac_request_keys");
});

test.each([
  [{ default_lease_ttl: [1] }, "config.default_lease_ttl"],
  [{ audit_non_hmac_request_keys: { a: 1 } }, "config.audit_non_hmac_request_keys"],
  [{ force_no_cache: "perhaps" }, "config.force_no_cache"],
  [{ user_lockout_config: "x" }, "config.user_lockout_config"],
  [{ allowed_managed_keys: ["a"] }, "allowed_managed_keys"],
])("config %j is refused when a mount is enabled: %s", async (config, why) => {
  const reply = await server.request("POST", "sys/auth/other", { type: "approle", config });
  expect(reply.status).toBe(400);
  expect(reply.text).toContain(why);
});

test("user_lockout_config and token_type hold from the enabling on", async () => {
  const config = { user_lockout_config: { lockout_threshold: 2 }, token_type: "batch" };
  await server.request("POST", "sys/auth/strict", { type: "approle", config });
  expect(await readTune("sys/auth/strict")).toMatchObject({
    token_type: "batch",
    user_lockout_threshold: 2,
    user_lockout_duration: 0,
    user_lockout_disable: false,
  });
});
