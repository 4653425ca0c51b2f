/** Logins: what is asked of the directory in which order, what follows from its answers. */
import { beforeEach, expect, test } from "@jest/globals";
import { Fault } from "../../../../lib/fault.ts";
import { ldapAuth } from "../../../../server/auth/ldap/ldap.ts";
import { BadCredentials } from "../../../../server/contract/guards.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { entry, type FakeLdap, fakeLdap } from "../../../fakes/ldap.ts";

const PEOPLE = "ou=people,dc=x";
const ANN = `uid=ann,${PEOPLE}`;
const SERVICE = { binddn: "cn=svc,dc=x", bindpass: "svc" };

let ldap: FakeLdap;
let at: AuthMount;
beforeEach(async () => {
  ldap = fakeLdap();
  ldap.passwords.set(ANN, "pw").set("cn=svc,dc=x", "svc");
  ldap.found.set(`${ANN} (objectClass=*)`, [entry(ANN, { uid: ["Ann"] })]);
  ldap.found.set(`${PEOPLE} (uid=ann)`, [entry(ANN, { uid: ["Ann"] })]);
  at = authMount(ldapAuth(ldap));
  await at.call("update", "config", { userdn: PEOPLE, userattr: "UID", token_policies: "all" });
});

const logIn = (name = "ann", password = "pw") => at.grant(`login/${name}`, { password });

test("before it is configured: 400", async () => {
  const fault = await authMount(ldapAuth(ldap)).refusal("update", "login/ann", { password: "pw" });
  expect([fault.kind, fault.message]).toEqual(["invalid", "auth method not configured"]);
});

test("settings that do not say where users are: 400, without a bind", async () => {
  await at.call("update", "config", { userdn: "" });
  const fault = await at.refusal("update", "login/ann", { password: "pw" });
  expect([fault.message, fault instanceof BadCredentials]).toEqual([expect.stringContaining("set userdn"), false]);
  expect(ldap.said).toEqual([]);
});

test("a bind under the typed name, then the user's own entry", async () => {
  const grant = await logIn();
  expect(ldap.said).toEqual([`bind ${ANN}`, `search ${ANN} (objectClass=*)`]);
  expect(grant).toMatchObject({ alias: ANN, displayName: "Ann", policies: ["all"], groupAliases: [] });
  expect(Object.fromEntries(grant.metadata)).toEqual({ username: "Ann" });
  expect(Object.fromEntries(grant.aliasMetadata ?? [])).toEqual({ name: "Ann" });
});

test("a service account: bind, search, the user's bind, the account's again", async () => {
  await at.call("update", "config", SERVICE);
  const grant = await logIn();
  expect(ldap.said).toEqual(["bind cn=svc,dc=x", `search ${PEOPLE} (uid=ann)`, `bind ${ANN}`, "bind cn=svc,dc=x"]);
  expect(grant.alias).toBe("ann");
});

test("discoverdn: an anonymous search, the user's bind", async () => {
  await at.call("update", "config", { discoverdn: true });
  await logIn();
  expect(ldap.said).toEqual(["anonymous ", `search ${PEOPLE} (uid=ann)`, `bind ${ANN}`]);
});

test.each([
  ["a wrong password", "ann", [entry(ANN)]],
  ["an unknown user", "eve", []],
  ["a name that means two", "eve", [entry(ANN), entry("uid=bob")]],
])("%s: the same words, and as many binds as any other", async (_, name, found) => {
  await at.call("update", "config", SERVICE);
  ldap.found.set(`${PEOPLE} (uid=${name})`, found);
  const fault = await at.refusal("update", `login/${name}`, { password: name === "eve" ? "pw" : "wrong" });
  expect(fault).toBeInstanceOf(BadCredentials);
  expect([fault.status, fault.message]).toEqual([400, "ldap operation failed: failed to bind as user"]);
  expect(ldap.said.filter((line) => line.startsWith("bind uid="))).toHaveLength(1);
});

test("a name that means two stays out even where the guess at its DN fits", async () => {
  await at.call("update", "config", SERVICE);
  ldap.found.set(`${PEOPLE} (uid=ann)`, [entry(ANN), entry("uid=bob")]);
  expect(await at.refusal("update", "login/ann", { password: "pw" })).toBeInstanceOf(BadCredentials);
});

test.each([{}, { password: "" }])("an empty password is refused before the directory is asked", async (body) => {
  expect((await at.refusal("update", "login/ann", body)).message).toContain("zero length");
  expect(ldap.servers).toEqual([]);
});

test("networks are looked at before the directory is asked", async () => {
  await at.call("update", "config", { token_bound_cidrs: "10.0.0.0/8" });
  expect((await at.refusal("update", "login/ann", { password: "pw" }, "11.0.0.1")).kind).toBe("denied");
  expect(ldap.servers).toEqual([]);
  await expect(at.grant("login/ann", { password: "pw" }, "10.255.255.255")).resolves.toMatchObject({
    displayName: "Ann",
  });
});

test("upndomain: a bind as user@domain, an entry by its principal name", async () => {
  await at.call("update", "config", { upndomain: "corp.example" });
  ldap.passwords.set("ann@corp.example", "pw");
  const key = `${PEOPLE} (userPrincipalName=ann@corp.example)`;
  ldap.found.set(key, [entry("CN=Ann,DC=corp", { userPrincipalName: ["Ann@corp.example"], uid: ["ann"] })]);
  expect((await logIn()).alias).toBe("ann@corp.example");
  ldap.found.set(key, []);
  expect((await at.refusal("update", "login/ann", { password: "pw" })).message).toContain("principal name");
});

test("a directory that does not show the user's entry: the typed name, folded", async () => {
  ldap.found.clear();
  expect(await logIn()).toMatchObject({ alias: ANN, displayName: "ann" });
});

test("username_as_alias takes the directory's value, whatever was typed (CVE-2025-6013)", async () => {
  await at.call("update", "config", { ...SERVICE, username_as_alias: true });
  ldap.found.set(`${PEOPLE} (uid=ANN )`, [entry(ANN, { uid: ["Ann"] })]);
  expect((await logIn("ANN ")).alias).toBe("ann");
  await at.call("update", "config", { case_sensitive_names: true });
  expect((await logIn("ANN ")).alias).toBe("Ann");
});

test.each([
  ["the one in its DN", `uid=bea,${PEOPLE}`, "bea"],
  ["the first in order", `cn=x,${PEOPLE}`, "ann"],
])("a user with several names is one alias, whichever is typed: %s", async (_, dn, alias) => {
  await at.call("update", "config", SERVICE);
  ldap.passwords.set(dn, "pw");
  for (const typed of ["bea", "ann"]) {
    ldap.found.set(`${PEOPLE} (uid=${typed})`, [entry(dn, { uid: typed === "ann" ? ["bea", "ann"] : ["ann", "bea"] })]);
    expect((await logIn(typed)).alias).toBe(alias);
  }
});

test("the lockout's name is the folded one (CVE-2025-6004)", async () => {
  expect(await at.alias("login/ ANN ", {})).toBe("ann");
  for (const name of ["jose", "José", "Jose\u0301", "JÖSE", "ｊｏｓｅ", " j\u200bosé"]) {
    expect(await at.alias(`login/${name}`, {})).toBe("jose");
  }
  expect([await at.alias("login/Straße Æ", {}), await at.alias("login/strasse ae", {})]).toEqual([
    "strasse ae",
    "strasse ae",
  ]);
});

const GROUPS = "ou=groups,dc=x";
const inGroups = async (config: object, entries: readonly ReturnType<typeof entry>[]) => {
  await at.call("update", "config", { groupdn: GROUPS, groupfilter: "(member={{.UserDN}})", ...config });
  ldap.found.set(`${GROUPS} (member=${ANN})`, entries);
  return logIn();
};

test.each([
  ["cn values", { groupattr: "cn" }, entry("cn=a,dc=x", { cn: ["Devs", "Dev"] }), ["Dev", "Devs"]],
  ["a cn value that looks like a DN is a name", {}, entry("cn=a,dc=x", { cn: ["cn=admins,dc=x"] }), ["cn=admins,dc=x"]],
  ["DN values", { groupattr: "memberOf" }, entry(ANN, { memberof: ["cn=Devs,dc=x", "ou=y"] }), ["Devs", "ou=y"]],
  ["no value: the entry's own cn", { groupattr: "name" }, entry("cn=Devs\\, all,dc=x"), ["Devs, all"]],
  ["no value and no cn: the DN", { groupattr: "name" }, entry("ou=devs,dc=x"), ["ou=devs,dc=x"]],
  [
    "old ways: CN in capitals only",
    { groupattr: "name", use_pre111_group_cn_behavior: true },
    entry("cn=d,dc=x"),
    ["cn=d,dc=x"],
  ],
  ["old ways: CN in capitals", { groupattr: "name", use_pre111_group_cn_behavior: true }, entry("CN=d,dc=x"), ["d"]],
])("groups: %s", async (_, config, found, names) => {
  expect((await inGroups(config, [found])).groupAliases).toEqual(names);
});

test("policies: of all, of the user, of its groups here and there, each once", async () => {
  await at.call("update", "users/ANN", { policies: "u, all", groups: "local" });
  await at.call("update", "groups/devs", { policies: "d1,d2" });
  await at.call("update", "groups/Local", { policies: "l" });
  const grant = await inGroups({}, [entry("cn=x", { cn: ["DEVS", "other"] })]);
  expect(grant.policies).toEqual(["all", "d1", "d2", "l", "u"]);
  expect(grant.groupAliases).toEqual(["local", "DEVS", "other"]);
});

test("case_sensitive_names: mappings by case", async () => {
  await at.call("update", "config", { case_sensitive_names: true });
  await at.call("update", "groups/devs", { policies: "d" });
  await at.call("update", "groups/Devs", { policies: "D2" });
  expect((await inGroups({}, [entry("cn=x", { cn: ["Devs"] })])).policies).toEqual(["all", "d2"]);
});

test("no groups: Vault's warning", async () => {
  await at.call("update", "config", { groupdn: "ou=g", groupfilter: "" });
  const reply = await at.call("update", "login/ann", { password: "pw" });
  expect(reply?.warnings).toEqual([
    'no LDAP groups found in groupDN "ou=g"; only policies from locally-defined groups available',
  ]);
});

test("tokenGroups: every SID is looked up, groups that are gone are left out", async () => {
  await at.call("update", "config", { use_token_groups: true });
  const sid = (rid: number): Buffer => Buffer.from(`0102000000000005200000000${String(rid)}000000`, "hex");
  ldap.found.set(`${ANN} (objectClass=*)`, [
    entry(ANN, { uid: ["Ann"], tokenGroups: [sid(1), sid(2), Buffer.from("bad")] }),
  ]);
  ldap.found.set("<SID=S-1-5-32-1> (objectClass=*)", [entry("CN=Admins,DC=x")]);
  ldap.found.set("<SID=S-1-5-32-2> (objectClass=*)", []);
  expect((await logIn()).groupAliases).toEqual(["Admins"]);
});

test("anonymous_group_search: on a connection of its own, without a bind", async () => {
  await inGroups({ anonymous_group_search: true }, [entry("cn=devs,dc=x")]);
  expect(ldap.said.slice(-2)).toEqual(["anonymous ", `search ${GROUPS} (member=${ANN})`]);
  expect(ldap.servers).toHaveLength(2);
});

test("the settings reach the client", async () => {
  const config = {
    url: "LDAP://One.example, ldaps://two.example:1636",
    starttls: true,
    insecure_tls: true,
    tls_max_version: "tls13",
  };
  await at.call("update", "config", { ...config, request_timeout: 7, connection_timeout: "250ms" });
  await at.call("update", "config", { max_page_size: 50, dereference_aliases: "always" });
  await inGroups({}, []);
  expect(ldap.servers[0]).toMatchObject({
    urls: ["ldap://one.example", "ldaps://two.example:1636"],
    startTls: true,
    insecureTls: true,
    tlsMin: "tls12",
    tlsMax: "tls13",
    requestTimeout: 7000,
    connectionTimeout: 250,
  });
  expect(ldap.queries.at(-1)).toMatchObject({ pageSize: 50, dereference: "always", most: 0 });
  await at.call("update", "config", { max_page_size: -1 });
  await inGroups({}, []);
  expect(ldap.queries.at(-1)).toMatchObject({ pageSize: 0 });
});

test("a renewal asks again, with the groups of now", async () => {
  const grant = await inGroups({ token_ttl: "1h", token_period: "10m" }, [entry("cn=x", { cn: ["devs"] })]);
  ldap.found.set(`${GROUPS} (member=${ANN})`, [entry("cn=x", { cn: ["ops"] })]);
  expect(await at.renew(grant)).toEqual({ ttl: 3_600_000, maxTtl: 0, period: 600_000, groups: ["ops"] });
});

test("a renewal is refused when policies, password or user are others by now; a directory that is away is no refusal", async () => {
  const grant = await logIn();
  await at.call("update", "users/ann", { policies: "more" });
  await expect(at.renew(grant)).rejects.toMatchObject({
    kind: "denied",
    message: "policies have changed, not renewing",
  });
  await at.call("delete", "users/Ann");
  await expect(at.renew(grant)).resolves.toMatchObject({ groups: [] });
  ldap.fault = new Fault("unavailable", "away", { retryAfter: 1 });
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "unavailable" });
  ldap.fault = undefined;
  ldap.passwords.set(ANN, "new");
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  await expect(at.renew({ ...grant, internal: new Map([["mount", "old"]]) })).rejects.toMatchObject({ kind: "denied" });
});
