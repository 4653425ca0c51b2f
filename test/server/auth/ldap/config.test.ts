/** The settings and the mappings as an operator writes and reads them. */
import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "@jest/globals";
import { ldapAuth } from "../../../../server/auth/ldap/ldap.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { fakeLdap } from "../../../fakes/ldap.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url), "utf8");

let at: AuthMount;
beforeEach(() => {
  at = authMount(ldapAuth(fakeLdap()));
});

const read = async (): Promise<Record<string, unknown>> =>
  (await at.call("read", "config"))?.data as Record<string, unknown>;

test("the defaults are Vault's, also before anything is written", async () => {
  const defaults = await read();
  expect(defaults).toEqual({
    url: "ldap://127.0.0.1",
    userdn: "",
    userattr: "cn",
    userfilter: "({{.UserAttr}}={{.Username}})",
    groupdn: "",
    groupfilter: "(|(memberUid={{.Username}})(member={{.UserDN}})(uniqueMember={{.UserDN}}))",
    groupattr: "cn",
    upndomain: "",
    binddn: "",
    discoverdn: false,
    deny_null_bind: true,
    anonymous_group_search: false,
    use_token_groups: false,
    case_sensitive_names: false,
    username_as_alias: false,
    use_pre111_group_cn_behavior: false,
    starttls: false,
    insecure_tls: false,
    certificate: "",
    tls_min_version: "tls12",
    tls_max_version: "tls12",
    request_timeout: 90,
    connection_timeout: 30,
    max_page_size: 0,
    dereference_aliases: "never",
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
  await at.call("update", "config", {});
  expect(await read()).toEqual(defaults);
});

const EVERYTHING = {
  url: "ldaps://a.example,ldap://[::1]:1389",
  userdn: "ou=P,dc=x",
  userattr: "uid",
  userfilter: "(&(uid={{.Username}})(!(locked=1)))",
  groupdn: "ou=G",
  groupfilter: "(member:1.2.840.113556.1.4.1941:={{.UserDN}})",
  groupattr: "memberOf",
  upndomain: "corp",
  binddn: "cn=b",
  discoverdn: true,
  deny_null_bind: true,
  anonymous_group_search: true,
  use_token_groups: true,
  case_sensitive_names: true,
  username_as_alias: true,
  use_pre111_group_cn_behavior: true,
  starttls: true,
  insecure_tls: true,
  certificate: pem("one.cert"),
  tls_min_version: "tls10",
  tls_max_version: "tls13",
  request_timeout: 5,
  connection_timeout: 6,
  max_page_size: 100,
  dereference_aliases: "finding",
  token_bound_cidrs: ["10.0.0.0/8"],
  token_explicit_max_ttl: 50,
  token_max_ttl: 40,
  token_no_default_policy: true,
  token_num_uses: 2,
  token_period: 30,
  token_policies: ["p"],
  token_ttl: 20,
  token_type: "service",
};

test("what is written is read, but for passwords and keys; what is not sent stays", async () => {
  const secret = { bindpass: "b1ndpass", client_tls_cert: pem("one.cert"), client_tls_key: pem("one.key") };
  await at.call("update", "config", { ...EVERYTHING, ...secret });
  expect(await read()).toEqual(EVERYTHING);
  await at.call("update", "config", { userdn: "ou=Q" });
  expect(await read()).toEqual({ ...EVERYTHING, userdn: "ou=Q" });
});

test.each([
  ["url", "http://a"],
  ["url", "ldap://"],
  ["url", "ldap://a/dc=x"],
  ["url", "ldap://u:p@a"],
  ["url", "ldap://a,"],
  ["url", Array(17).fill("ldap://a").join(",")],
  ["userattr", "uid)(x"],
  ["groupattr", ""],
  ["userattr", "2.5.4.3"],
  ["userfilter", "({{.UserAttr}}={{.Name}})"],
  ["userfilter", "({{.UserAttr"],
  ["userfilter", "((uid={{.Username}})"],
  ["groupfilter", "(member={{.UserDN}}"],
  ["groupfilter", "{{range $i := .X}}{{end}}"],
  ["deny_null_bind", false],
  ["certificate", "no PEM"],
  ["client_tls_cert", pem("one.cert")],
  ["client_tls_key", pem("one.key")],
  ["tls_min_version", "tls13"],
  ["tls_max_version", "ssl3"],
  ["dereference_aliases", "sometimes"],
  ["request_timeout", 0],
  ["request_timeout", 601],
  ["connection_timeout", 0],
  ["max_page_size", 10_001],
  ["token_bound_cidrs", "x"],
  ["token_ttl", "soon"],
])("%s = %j is refused", async (name, value) => {
  const fault = await at.refusal("update", "config", { [name]: value });
  expect(fault.kind).toBe("invalid");
  expect(fault.message).not.toContain("PRIVATE KEY");
});

test.each([
  ["request_timeout", 600],
  ["connection_timeout", "1ms"],
  ["max_page_size", 10_000],
  ["max_page_size", -1],
  ["url", Array(16).fill("ldap://a").join(",")],
  ["groupfilter", ""],
  ["userfilter", ""],
  ["userattr", "sAMAccountName"],
])("%s = %j is taken", async (name, value) => {
  await at.call("update", "config", { [name]: value });
});

test("a key that is not the certificate's is refused", async () => {
  const pair = { client_tls_cert: pem("one.cert"), client_tls_key: pem("two.key") };
  expect((await at.refusal("update", "config", pair)).message).toContain("X509 key pair");
});

test.each(["groups", "users"])("%s: any name, one in any spelling, with slashes and blanks", async (folder) => {
  const body = { policies: "B,a,a", ...(folder === "users" ? { groups: "x, Y,x" } : {}) };
  for (const name of ["CN=Devs/All", "Ann  Lee", "zoë"]) await at.call("update", `${folder}/${name}`, body);
  expect((await at.call("list", `${folder}/`))?.data).toEqual({ keys: ["ann lee", "cn=devs/all", "zoë"] });
  const shown = folder === "users" ? { policies: ["a", "b"], groups: "x,Y" } : { policies: ["a", "b"] };
  for (const name of ["cn=devs/all", " ANN LEE", "ZOË"]) {
    expect((await at.call("read", `${folder}/${name}`))?.data).toEqual(shown);
    await at.call("delete", `${folder}/${name}`);
    expect(await at.refusal("read", `${folder}/${name}`)).toMatchObject({ kind: "not-found", errors: [] });
  }
  expect(await at.refusal("list", `${folder}/`)).toMatchObject({ kind: "not-found", errors: [] });
});

test("a name has a bound", async () => {
  await at.call("update", `groups/${"a".repeat(694)}`, { policies: "p" });
  expect((await at.refusal("update", `groups/${"a".repeat(695)}`, {})).message).toContain("too long");
  expect((await at.refusal("read", `groups/${"a".repeat(695)}`, {})).kind).toBe("not-found");
  expect((await at.refusal("update", "groups/", {})).kind).toBe("invalid");
});
