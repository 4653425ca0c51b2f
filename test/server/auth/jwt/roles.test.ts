/** Roles and what a login through them gives: bounds, groups, metadata, networks, renewal. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { jwtAuth } from "../../../../server/auth/jwt/jwt.ts";
import { authMount } from "../../../fakes/auth-mount.ts";
import { type JwtMount, jwtMount } from "../../../fakes/jwt-mount.ts";

let mount: JwtMount;
beforeAll(async () => {
  mount = await jwtMount();
});
beforeEach(async () => {
  await mount.call("delete", "role/app");
  await mount.role({ role_type: "jwt", user_claim: "sub", bound_audiences: "oksae", policies: "dev" });
});
afterAll(() => mount.close());

const grant = (claims: object, address?: string) =>
  mount.grant("login", { role: "APP", jwt: mount.issuer.token({ ...claims }, { now: mount.clock.now() }) }, address);

test.each([
  [{}, 'role_type "oidc", which is what it means when left out'],
  [{ role_type: "oidc" }, "needs the browser flow, which is not served here"],
  [{ role_type: "saml" }, "invalid 'role_type'"],
  [{ role_type: "jwt" }, "a user claim must be defined on the role"],
  [{ role_type: "jwt", user_claim: "sub" }, "bound_audiences must be set"],
  [{ role_type: "jwt", user_claim: "sub", bound_audiences: ["a", ""] }, "bound_audiences must be set"],
  [
    { role_type: "jwt", user_claim: "sub", bound_subject: "x", bound_claims: { a: "b" } },
    "bound_audiences must be set",
  ],
])("no role: %j", async (body, message) => {
  expect((await mount.refusal("update", "role/new", body)).message).toContain(message);
  expect((await mount.refusal("read", "role/new")).kind).toBe("not-found");
});

test.each([
  [{ bound_audiences: [] }, "bound_audiences must be set"],
  [{ bound_claims_type: "regex" }, "invalid 'bound_claims_type'"],
  [{ bound_claims: { a: { b: "c" } } }, "claim is not a string or list"],
  [{ bound_claims_type: "glob", bound_claims: { a: 1 } }, "claim is not a string"],
  [{ claim_mappings: { a: "role" } }, 'metadata key "role" is reserved and may not be a mapping destination'],
  [{ claim_mappings: { a: "x", b: "x" } }, 'multiple keys are mapped to metadata key "x"'],
  [{ clock_skew_leeway: "soon" }, 'field "clock_skew_leeway" must be a duration'],
  [{ token_ttl: 2, token_max_ttl: 1 }, "ttl should be shorter than max ttl"],
  [{ verbose_oidc_logging: true }, "verbose_oidc_logging would write claims to the log"],
  [{ period: "2000h" }, "is greater than the backend's maximum lease TTL"],
])("no change: %j", async (body, message) => {
  const before = await mount.call("read", "role/app");
  expect((await mount.refusal("update", "role/app", body)).message).toContain(message);
  expect(await mount.call("read", "role/app")).toEqual(before);
});

test("older names stand for the new ones until those are written", async () => {
  await mount.role({ num_uses: 3, bound_cidrs: "10.0.0.0/8", ttl: 60, max_ttl: 120 });
  expect((await mount.call("read", "role/app"))?.data).toMatchObject({
    token_num_uses: 3,
    token_bound_cidrs: ["10.0.0.0/8"],
    num_uses: 3,
    bound_cidrs: ["10.0.0.0/8"],
    ttl: 60,
    token_ttl: 60,
    policies: ["dev"],
  });
  await mount.role({ token_num_uses: 4 });
  const data = (await mount.call("read", "role/app"))?.data;
  expect(data).toMatchObject({ token_num_uses: 4, ttl: 60 });
  expect(data).not.toHaveProperty("num_uses");
});

test.each([
  [-1, -1],
  ["-1", -1],
  ["90", 90],
  ["1m30s", 90],
  [0, 0],
  ["", 0],
])("a leeway of %j is shown as %s", async (sent, shown) => {
  await mount.role({ expiration_leeway: sent });
  expect((await mount.call("read", "role/app"))?.data).toMatchObject({ expiration_leeway: shown });
});

test("a grant has the user, the groups and the metadata of the claims", async () => {
  await mount.role({
    user_claim: "/person/id",
    user_claim_json_pointer: true,
    groups_claim: "/person/groups",
    claim_mappings: { "/person/team": "team", none: "gone" },
    bound_claims: { "/person/groups": ["ops"], email_verified: true },
    token_num_uses: 7,
  });
  const person = { id: "Ann@example", groups: ["ops", "", "dev", "ops"], team: "core" };
  const given = await grant({ person, email_verified: true });
  expect(given).toMatchObject({ alias: "Ann@example", displayName: "Ann@example", role: "app", numUses: 7 });
  expect(given.groupAliases).toEqual(["ops", "dev"]);
  expect(Object.fromEntries(given.metadata)).toEqual({ team: "core", role: "app" });
  expect(given.aliasMetadata).toEqual(given.metadata);
});

test("a pointer in user_claim counts only where the role says so", async () => {
  await mount.role({ user_claim: "/sub" });
  expect(await mount.outcome({})).toContain('claim "/sub" not found in token');
  expect((await grant({ "/sub": "odd" })).alias).toBe("odd");
});

test("a role without groups_claim leaves all groups", async () => {
  expect((await grant({ groups: ["ops"] })).groupAliases).toEqual([]);
});

test.each<[unknown, string]>([
  [undefined, 'failed to fetch groups: "groups" claim not found in token'],
  [{ a: 1 }, '"groups" claim could not be converted to string list'],
  [["a", 1], 'a value in the "groups" claim is no string'],
  [Array.from({ length: 1001 }, (_, i) => `g${i}`), '"groups" claim has more than 1000 groups'],
])("groups of %.30j: refused", async (groups, message) => {
  await mount.role({ groups_claim: "groups" });
  expect(await mount.outcome({ groups })).toContain(message);
});

test("groups: one name alone, none, a thousand", async () => {
  await mount.role({ groups_claim: "groups" });
  expect((await grant({ groups: "ops" })).groupAliases).toEqual(["ops"]);
  expect((await grant({ groups: [] })).groupAliases).toEqual([]);
  expect((await grant({ groups: Array.from({ length: 1000 }, (_, i) => `g${i}`) })).groupAliases).toHaveLength(1000);
});

test("a mapped claim that is no string is refused", async () => {
  await mount.role({ claim_mappings: { level: "level" } });
  expect(await mount.outcome({ level: 3 })).toBe("error converting claim 'level' to string");
});

test("bound subject, bound claims", async () => {
  await mount.role({ bound_subject: "ann", bound_claims_type: "glob", bound_claims: { repo: "org/*" } });
  expect(await mount.outcome({ repo: "org/app" })).toBe("in");
  expect(await mount.outcome({ repo: "other/app" })).toContain("does not match any associated bound claim values");
  const bob = { repo: "org/app", sub: "bob" };
  expect(await mount.outcome(bob)).toContain("invalid subject (sub) claim");
});

test("leeways of the role are those of its logins", async () => {
  const exp = mount.clock.now() / 1000 - 30;
  expect(await mount.outcome({ exp })).toBe("in");
  await mount.role({ clock_skew_leeway: -1 });
  expect(await mount.outcome({ exp })).toContain("token is expired");
});

test("token_bound_cidrs hold for the login too", async () => {
  await mount.role({ token_bound_cidrs: "10.0.0.0/8" });
  expect((await grant({}, "10.1.2.3")).boundCidrs).toEqual(["10.0.0.0/8"]);
  await expect(grant({}, "11.1.2.3")).rejects.toMatchObject({ kind: "denied" });
});

test("the default role, and none", async () => {
  const jwt = mount.issuer.token({}, { now: mount.clock.now() });
  expect((await mount.refusal("update", "login", { jwt })).message).toBe("missing role");
  expect((await mount.refusal("update", "login", { role: "app" })).message).toBe("missing token");
  expect((await mount.refusal("update", "login", { jwt, role: "none" })).message).toBe(
    'role "none" could not be found',
  );
  await mount.call("update", "config", { oidc_discovery_url: mount.issuer.url, default_role: "App" });
  expect((await mount.grant("login", { jwt })).role).toBe("app");
  const bare = authMount(jwtAuth({ get: () => Promise.reject(new Error("asked")) }));
  expect((await bare.refusal("update", "login", { jwt, role: "app" })).message).toBe("could not load configuration");
});

test("the lockout is not asked: before the signature nobody is named", async () => {
  expect(await mount.alias("login", { role: "app", jwt: mount.issuer.token() })).toBeUndefined();
});

test("renewal goes by the role as it is now, and is refused once it has gone", async () => {
  const given = await grant({});
  await mount.role({ token_ttl: "5m", token_period: "1h" });
  expect(await mount.renew(given)).toEqual({ ttl: 300_000, maxTtl: 0, period: 3_600_000 });
  await mount.call("delete", "role/App");
  await expect(mount.renew(given)).rejects.toMatchObject({ kind: "denied" });
});

test.each(["oidc/auth_url", "oidc/callback"])("the browser flow is refused with a sentence: %s", async (path) => {
  const fault = await mount.refusal("update", path, { role: "x", redirect_uri: "y" });
  expect([fault.kind, fault.message]).toEqual(["invalid", expect.stringContaining("browser flow")]);
});
