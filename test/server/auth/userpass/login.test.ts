/** Logins with a password: who gets in, and that nothing tells who is there. */
import { beforeEach, expect, test } from "@jest/globals";
import { userpassAuth } from "../../../../server/auth/userpass/userpass.ts";
import { BadCredentials } from "../../../../server/contract/guards.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { type FakePasswords, fakePasswords } from "../../../fakes/passwords.ts";

let passwords: FakePasswords;
let at: AuthMount;
beforeEach(async () => {
  passwords = fakePasswords();
  at = authMount(userpassAuth(passwords));
  await at.call("update", "users/Ann", {
    password: "s3cret",
    token_policies: "dev",
    token_ttl: "1h",
    token_max_ttl: "2h",
  });
});

test.each(["ann", "ANN", "Ann"])("%s logs in as ann", async (name) => {
  const grant = await at.grant(`login/${name}`, { password: "s3cret" });
  expect(grant).toMatchObject({
    alias: "ann",
    displayName: "ann",
    policies: ["dev"],
    ttl: 3_600_000,
    maxTtl: 7_200_000,
  });
  expect(grant.metadata).toEqual(new Map([["username", "ann"]]));
  expect(JSON.stringify([...grant.internal])).not.toContain("s3cret");
});

test.each([
  ["a wrong password", "ann", "wrong"],
  ["an unknown user", "bob", "s3cret"],
  ["a name no user can have", "..%", "s3cret"],
  ["a password that bcrypt would cut", "ann", "x".repeat(73)],
  ["a password with a NUL", "ann", "s3cret\0more"],
])("%s costs exactly one comparison and is told in the same words", async (_, name, password) => {
  const fault = await at.refusal("update", `login/${name}`, { password });
  expect(fault).toBeInstanceOf(BadCredentials);
  expect([fault.status, fault.message]).toEqual([400, "invalid username or password"]);
  expect(passwords.compared).toHaveLength(1);
});

test("a right password costs one comparison too, and an unknown user's hash has the cost of all others", async () => {
  await at.grant("login/ann", { password: "s3cret" });
  expect(passwords.compared).toHaveLength(1);
  await at.refusal("update", "login/bob", { password: "s3cret" });
  expect(passwords.compared[1]?.hash).toMatch(/^\$2a\$10\$[./A-Za-z0-9]{53}$/);
});

test("a cut or NUL-ended password is refused even where the stored hash would take it", async () => {
  const long = "x".repeat(73);
  const lax = authMount(userpassAuth({ ...passwords, compare: () => Promise.resolve(true) }));
  await lax.call("update", "users/ann", { password: "p" });
  for (const password of [long, "p\0"]) {
    expect(await lax.refusal("update", "login/ann", { password })).toBeInstanceOf(BadCredentials);
  }
  await expect(lax.grant("login/ann", { password: "x".repeat(72) })).resolves.toMatchObject({ alias: "ann" });
});

test("no password: refused before any work, and not counted as a failure", async () => {
  for (const body of [{}, { password: "" }]) {
    const fault = await at.refusal("update", "login/ann", body);
    expect([fault.kind, fault.message, fault instanceof BadCredentials]).toEqual([
      "invalid",
      "missing password",
      false,
    ]);
  }
  expect(passwords.compared).toEqual([]);
});

test("the lockout counts by the lower-cased name", async () => {
  expect(await at.alias("login/ANN", {})).toBe("ann");
});

test.each([
  ["10.1.2.3", true],
  ["10.1.255.255", true],
  ["10.2.0.0", false],
  ["::ffff:10.1.0.1", true],
  ["2001:db8::1", false],
])("networks: from %s %s", async (address, allowed) => {
  await at.call("update", "users/ann", { token_bound_cidrs: "10.1.0.0/16" });
  const body = { password: "s3cret" };
  if (allowed) expect((await at.grant("login/ann", body, address)).boundCidrs).toEqual(["10.1.0.0/16"]);
  else
    expect(await at.refusal("update", "login/ann", body, address)).toMatchObject({
      kind: "denied",
      message: "permission denied",
    });
});

test("renewal goes by the user as it is now", async () => {
  const grant = await at.grant("login/ann", { password: "s3cret" });
  await at.call("update", "users/ann", { token_ttl: "30m", token_period: "10m" });
  expect(await at.renew(grant)).toEqual({ ttl: 1_800_000, maxTtl: 7_200_000, period: 600_000 });
});

test("renewal with other policies is refused; their order and case do not count", async () => {
  const grant = await at.grant("login/ann", { password: "s3cret" });
  await at.call("update", "users/ann/policies", { token_policies: "DEV,default" });
  await expect(at.renew(grant)).resolves.toMatchObject({ ttl: 3_600_000 });
  await at.call("update", "users/ann/policies", { token_policies: "dev,ops" });
  await expect(at.renew(grant)).rejects.toMatchObject({
    kind: "denied",
    message: "policies have changed, not renewing",
  });
});

test("renewal without the user, or from another mount, is refused", async () => {
  const grant = await at.grant("login/ann", { password: "s3cret" });
  const other = authMount(userpassAuth(passwords));
  await expect(other.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  await at.call("delete", "users/ANN");
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  await expect(at.renew({ ...grant, internal: new Map([["mount", "old"]]) })).rejects.toMatchObject({ kind: "denied" });
});
