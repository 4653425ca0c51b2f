// The story of clients/go/story.go.txt told by node-vault, with its own methods. Arguments: the folder with node-vault in its
// node_modules, and the JSON file that describes the world.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , folder, file] = process.argv;
const vaultOf = createRequire(join(folder, "package.json"))("node-vault");
const world = JSON.parse(readFileSync(file, "utf8"));
const vault = vaultOf({ endpoint: world.address, token: "" });
const withToken = (token) => vaultOf({ endpoint: world.address, token });
let steps = 0;

function same(got, want, what) {
  assert.deepEqual(got, want, what);
  steps += 1;
  console.log(`ok ${what}`);
}

async function refused(status, what, work) {
  const error = await work().then(
    () => undefined,
    (e) => e,
  );
  assert.ok(error !== undefined, `${what}: was not refused`);
  same(error.response?.statusCode, status, what);
}

/** node-vault takes over every token that a call gives it: back to the root token. */
let root = "";
function asRoot(reply) {
  vault.token = root;
  return reply;
}

const RULES = 'path "app/data/team/*" { capabilities = ["read", "list"] }';

async function start() {
  same((await vault.initialized()).initialized, false, "not initialized");
  const made = await vault.init({ secret_shares: 3, secret_threshold: 2 });
  for (const key of made.keys.slice(0, 2)) await vault.unseal({ secret_shares: 1, key });
  root = made.root_token;
  asRoot();
  same((await vault.status()).sealed, false, "unsealed");
  same((await vault.health()).initialized, true, "health");
  await vault.enableAudit({ name: "file", type: "file", options: { file_path: world.audit } });
  same(Object.keys((await vault.audits()).data), ["file/"], "audit device");
  return made.keys;
}

async function mountsAndKv() {
  await vault.mount({ mount_point: "app", type: "kv", options: { version: "2" } });
  await vault.mount({ mount_point: "legacy", type: "kv" });
  same((await vault.mounts()).data["app/"].type, "kv", "mounts");
  await vault.remount({ from: "legacy", to: "old" });
  await vault.write("old/a", { b: "c" }).catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await vault.write("old/a", { b: "c" });
  });
  same((await vault.read("old/a")).data, { b: "c" }, "kv 1");
  same((await vault.list("old")).data.keys, ["a"], "kv 1 list");
  await vault.delete("old/a");
  await refused(404, "kv 1 deleted", () => vault.read("old/a"));
  await vault.unmount({ mount_point: "old" });
  await vault.write("app/data/team/db", { data: { password: "one" } });
  await vault.update("app/data/team/db", { data: { user: "app" } });
  same((await vault.read("app/data/team/db")).data.data, { password: "one", user: "app" }, "kv 2 patched");
}

async function policies() {
  await vault.addPolicy({ name: "team", rules: RULES });
  same((await vault.getPolicy({ name: "team" })).data.rules, RULES, "policy");
  same((await vault.policies()).data.policies.includes("team"), true, "policies");
}

async function tokens() {
  const { auth } = asRoot(await vault.tokenCreate({ policies: ["team"], ttl: "1h" }));
  const own = withToken(auth.client_token);
  same((await own.tokenLookupSelf()).data.policies, ["default", "team"], "lookup");
  same((await own.read("app/data/team/db")).data.data.user, "app", "read");
  await refused(403, "no write", () => own.write("app/data/team/db", { data: {} }));
  same((await own.tokenRenewSelf({ increment: 600 })).auth.lease_duration, 600, "renewed");
  same((await vault.tokenAccessors()).data.keys.includes(auth.accessor), true, "accessors");
  await vault.addTokenRole({ role_name: "ci", allowed_policies: "team", orphan: true });
  same(asRoot(await vault.tokenCreateRole({ role_name: "ci", policies: ["team"] })).auth.orphan, true, "by role");
  await vault.tokenRevoke({ token: auth.client_token });
  await refused(403, "revoked", () => own.tokenLookupSelf());
}

const LOGINS = {
  userpass: (client, body, name) => client.userpassLogin({ username: name, password: body.password }),
  ldap: (client, body, name) => client.ldapLogin({ username: name, password: body.password }),
  github: (client, body) => client.githubLogin({ token: body.token }),
};

async function logins() {
  for (const method of ["userpass", "ldap", "github", "aws", "jwt"]) {
    await vault.enableAuth({ mount_point: method, type: method });
    const config = world[method];
    if (config) await vault.write(`auth/${method}/${method === "aws" ? "config/client" : "config"}`, config);
    for (const [path, role] of Object.entries(world.roles[method] ?? {}))
      await vault.write(`auth/${method}/${path}`, role);
    const { path, body } = world.logins[method];
    const login = LOGINS[method] ?? ((client) => client.write(`auth/${method}/${path}`, body));
    const { auth } = await login(withToken(""), body, path.split("/").at(-1));
    same(auth.policies.includes("team"), true, `policies by ${method}`);
    same((await withToken(auth.client_token).read("app/data/team/db")).data.data.user, "app", `read by ${method}`);
  }
  same(Object.keys((await vault.auths()).data).includes("jwt/"), true, "auth methods");
}

async function approle() {
  await vault.enableAuth({ mount_point: "approle", type: "approle" });
  await vault.addApproleRole({ role_name: "web", policies: "team" });
  const { role_id } = (await vault.getApproleRoleId({ role_name: "web" })).data;
  const { secret_id } = (await vault.getApproleRoleSecret({ role_name: "web" })).data;
  const { auth } = await withToken("").approleLogin({ role_id, secret_id });
  same((await withToken(auth.client_token).read("app/data/team/db")).data.data.user, "app", "read by approle");
}

async function wrappingAndLeases() {
  const wrapped = await vault.request({
    method: "POST",
    path: "/sys/wrapping/wrap",
    json: { zip: "zap" },
    headers: { "X-Vault-Wrap-TTL": "60s" },
  });
  const { token } = wrapped.wrap_info;
  same((await vault.unwrap({ token })).data, { zip: "zap" }, "unwrapped");
  await refused(400, "once only", () => vault.unwrap({ token }));
  const { path, body } = world.logins.userpass;
  const { auth } = asRoot(await vault.userpassLogin({ username: path.split("/").at(-1), password: body.password }));
  const { keys } = (await vault.list(`sys/leases/lookup/auth/userpass/${path}`)).data;
  const leases = keys.map((key) => `auth/userpass/${path}/${key}`);
  const [lease_id] = leases;
  await refused(400, "a token's lease is renewed as a token", () => vault.renew({ lease_id, increment: 600 }));
  // Without sync Vault answers 202, which node-vault takes for an error.
  for (const lease of leases) await vault.write("sys/leases/revoke", { lease_id: lease, sync: true });
  await refused(403, "its token is gone", () => withToken(auth.client_token).tokenLookupSelf());
}

async function keys(shares) {
  await vault.rotate();
  same((await vault.read("sys/key-status")).data.term, 2, "term 2");
  await vault.seal();
  same((await vault.status()).sealed, true, "sealed");
  for (const key of shares.slice(0, 2)) await vault.unseal({ key });
  same((await vault.status()).sealed, false, "unsealed");
}

const shares = await start();
for (const part of [mountsAndKv, policies, tokens, logins, approle, wrappingAndLeases]) {
  await part();
  asRoot();
}
await keys(shares);
console.log(`${steps} steps`);
