/** Users as an operator writes and reads them. */
import { beforeEach, expect, test } from "@jest/globals";
import { userpassAuth } from "../../../../server/auth/userpass/userpass.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { type FakePasswords, fakePasswords } from "../../../fakes/passwords.ts";

/** Of "s3cret", in the form and with the cost of `htpasswd -B`. */
const HTPASSWD = "$2y$05$6UlgAxfou75mSoOyjS1F1Oky1F8sa7gYu0HV2A/USIo27vKynDXWG";

let passwords: FakePasswords;
let at: AuthMount;
beforeEach(() => {
  passwords = fakePasswords();
  at = authMount(userpassAuth(passwords));
});

const read = async (name = "ann"): Promise<unknown> => (await at.call("read", `users/${name}`))?.data;

test("a user without anything else has Vault's defaults", async () => {
  await at.call("update", "users/ann", { password: "p" });
  expect(await read()).toEqual({
    token_bound_cidrs: [],
    token_explicit_max_ttl: 0,
    token_max_ttl: 0,
    token_no_default_policy: false,
    token_num_uses: 0,
    token_period: 0,
    token_policies: [],
    token_ttl: 0,
    token_type: "default",
  });
});

test("old names are shown as long as they were written last", async () => {
  await at.call("update", "users/ann", {
    password: "p",
    policies: "a,b",
    ttl: 60,
    max_ttl: "2m",
    bound_cidrs: "10.0.0.0/8",
  });
  expect(await read()).toMatchObject({
    token_policies: ["a", "b"],
    policies: ["a", "b"],
    token_ttl: 60,
    ttl: 60,
    token_max_ttl: 120,
    max_ttl: 120,
    token_bound_cidrs: ["10.0.0.0/8"],
    bound_cidrs: ["10.0.0.0/8"],
  });
  await at.call("update", "users/ann", { token_policies: "c", token_ttl: 30 });
  const now = await read();
  expect(now).toMatchObject({ token_policies: ["c"], token_ttl: 30, max_ttl: 120 });
  expect(now).not.toHaveProperty("policies");
  expect(now).not.toHaveProperty("ttl");
});

test("names are one in any case, listed in lower case", async () => {
  await at.call("update", "users/Ann", { password: "p", token_ttl: 1 });
  await at.call("update", "users/ANN", { token_max_ttl: 5 });
  expect(await read("aNN")).toMatchObject({ token_ttl: 1, token_max_ttl: 5 });
  expect((await at.call("list", "users/"))?.data).toEqual({ keys: ["ann"] });
  expect(passwords.hashed).toBe(1);
});

test.each([
  ["ann", true],
  ["_a", true],
  ["a-", true],
  ["ann.lee@example.com", true],
  ["a.", false],
  ["a@", false],
  [".a", false],
  ["-a", false],
  ["a b", false],
  ["é", false],
])("the name %j may be: %s", async (name, may) => {
  if (may) await at.call("update", `users/${name}`, { password: "p" });
  else expect(await at.refusal("update", `users/${name}`, { password: "p" })).toMatchObject({ kind: "invalid" });
});

test.each([
  ["nothing", {}, "missing password"],
  ["an empty password", { password: "" }, "missing password"],
  ["73 bytes", { password: "x".repeat(73) }, "72 bytes"],
  ["73 bytes in fewer characters", { password: `${"é".repeat(36)}x` }, "72 bytes"],
  ["a NUL", { password: "a\0b" }, "NUL"],
  ["both", { password: "a", password_hash: HTPASSWD }, "exclude"],
  ["no hash", { password_hash: "s3cret" }, "bcrypt hash"],
  ["a $2x$ hash", { password_hash: HTPASSWD.replace("2y", "2x") }, "bcrypt hash"],
  ["a cut hash", { password_hash: HTPASSWD.slice(0, -1) }, "bcrypt hash"],
  ["a cost of 3", { password_hash: HTPASSWD.replace("05", "03") }, "cost from 4"],
  ["a cost of 15", { password_hash: HTPASSWD.replace("05", "15") }, "cost from 4"],
  ["a ttl above the maximum", { password: "p", ttl: 10, max_ttl: 5 }, "ttl should be shorter"],
  ["no network", { password: "p", token_bound_cidrs: "all" }, "CIDR"],
])("a new user with %s is refused", async (_, body, words) => {
  const fault = await at.refusal("update", "users/ann", body);
  expect([fault.kind, fault.message]).toEqual(["invalid", expect.stringContaining(words)]);
  expect(fault.message).not.toContain("s3cret");
  expect(await at.refusal("read", "users/ann")).toMatchObject({ kind: "not-found", errors: [] });
});

test.each([
  ["72 bytes", { password: "x".repeat(72) }],
  ["a hash of cost 4", { password_hash: HTPASSWD.replace("05", "04") }],
  ["a hash of cost 14", { password_hash: HTPASSWD.replace("05", "14") }],
])("a new user with %s is taken", async (_, body) => {
  await at.call("update", "users/ann", body);
  expect(JSON.stringify(await read())).not.toMatch(/hash|\$2/);
});

test("a new password: for a user who is there", async () => {
  await at.call("update", "users/ann", { password: "old", token_policies: "dev" });
  await at.call("update", "users/ann/password", { password: "new" });
  await expect(at.grant("login/ann", { password: "new" })).resolves.toMatchObject({ policies: ["dev"] });
  await expect(at.refusal("update", "login/ann", { password: "old" })).resolves.toMatchObject({ kind: "invalid" });
  expect((await at.refusal("update", "users/ann/password", {})).message).toBe("missing password");
  expect((await at.refusal("update", "users/bob/password", { password: "p" })).message).toBe("username does not exist");
  expect(passwords.hashed).toBe(2);
});

test("new policies: for a user who is there", async () => {
  await at.call("update", "users/ann", { password: "p", token_ttl: 9 });
  await at.call("update", "users/ann/policies", { policies: "b, A,b" });
  expect(await read()).toMatchObject({ token_policies: ["a", "b"], policies: ["a", "b"], token_ttl: 9 });
  await at.call("update", "users/ann/policies", {});
  expect(await read()).toMatchObject({ token_policies: [] });
  expect((await at.refusal("update", "users/bob/policies", {})).message).toBe("username does not exist");
});

test("delete, then nothing: 404; the list of none too", async () => {
  await at.call("update", "users/ann", { password: "p" });
  await at.call("delete", "users/ANN");
  expect(await at.refusal("read", "users/ann")).toMatchObject({ kind: "not-found", errors: [] });
  expect(await at.refusal("list", "users/")).toMatchObject({ kind: "not-found", errors: [] });
});
