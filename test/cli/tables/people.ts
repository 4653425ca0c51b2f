/** policy, token, secrets, auth, audit, operator, status, login. */
import type { Row } from "./row.ts";

/** The status table: its first column is as wide as its longest key. */
const STATUS = (sealed: boolean): string => {
  const rows = [
    ["Key", "Value"],
    ["---", "-----"],
    ["Seal Type", "shamir"],
    ["Initialized", "true"],
    ["Sealed", String(sealed)],
    ["Total Shares", "1"],
    ["Threshold", "1"],
    ...(sealed
      ? [
          ["Unseal Progress", "0/1"],
          ["Unseal Nonce", "n/a"],
        ]
      : []),
    ["Version", "<any>"],
    ["Build Date", "<any>"],
    ["Storage Type", "inmem"],
    ...(sealed
      ? []
      : [
          ["Cluster Name", "oksae-cluster-<any>"],
          ["Cluster ID", "<uuid>"],
        ]),
    ["HA Enabled", "false"],
  ];
  return rows.map(([key = "", value = ""]) => `${key.padEnd(sealed ? 19 : 16)}${value}\n`).join("");
};

export const peopleRows: readonly Row[] = [
  { line: "policy write app app.hcl", out: "Success! Uploaded policy: app\n" },
  {
    line: "policy write from-stdin -",
    stdin: 'path "x" { capabilities = ["read"] }',
    out: "Success! Uploaded policy: from-stdin\n",
  },
  {
    line: "policy write bad -",
    stdin: 'path "x" {',
    err: "Error making API request.\n\nURL: PUT <any>/v1/sys/policies/acl/bad\nCode: 400. Errors:\n\n* <any>\n",
    code: 2,
  },
  { line: "policy write app none.hcl", err: "Error: none.hcl cannot be read<any>\n", code: 1 },
  { line: "policy list", out: "app\ndefault\nfrom-stdin\nroot\n" },
  { line: "policy list -format=json", out: '[\n  "app",\n  "default",\n  "from-stdin",\n  "root"\n]\n' },
  { line: "policy read app", out: 'path "secret/*" {\n  capabilities = ["read"]\n}\n' },
  { line: "policy read APP", out: 'path "secret/*" {\n  capabilities = ["read"]\n}\n' },
  { line: "policy read none", err: "No policy named: none\n", code: 2 },
  { line: "policy delete from-stdin", out: "Success! Deleted policy: from-stdin\n" },
  { line: "policy delete root", err: "<more>Code: 400<more>", code: 2 },
  {
    line: "token create -policy=app -ttl=1h",
    out: 'Key                  Value\n---                  -----\ntoken                <token>\ntoken_accessor       <accessor>\ntoken_duration       1h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  { line: "token create -field=token -policy=app", out: "<token>" },
  { line: "token create -policy=app -no-default-policy -field=policies", out: "[app]" },
  {
    line: "token create -id=chosen-1 -policy=app -period=1h -display-name=ci -metadata=team=x -field=token_duration",
    out: "1h",
  },
  { line: "token lookup -field=display_name chosen-1", out: "token-ci" },
  { line: "token lookup -field=period chosen-1", out: "3600" },
  { line: "token lookup -field=meta chosen-1", out: "map[team:x]" },
  {
    line: "token lookup",
    out: "Key                 Value\n---                 -----\naccessor            <accessor>\n<more>",
  },
  { line: "token lookup -accessor", err: "-accessor needs the accessor as argument\n", code: 1 },
  {
    line: "token lookup hvs.none",
    err: "Error making API request.\n\nURL: POST <any>/v1/auth/token/lookup\nCode: 403. Errors:\n\n* bad token\n",
    code: 2,
  },
  {
    line: "token renew chosen-1",
    out: "Key                  Value\n---                  -----\ntoken                chosen-1\n<more>",
  },
  { line: "token renew -increment=30m chosen-1", out: "Key <more>" },
  { line: "token capabilities secret/app", out: "root\n" },
  { line: "token capabilities chosen-1 secret/app", out: "read\n" },
  { line: "token capabilities chosen-1 sys/policy", out: "deny\n" },
  { line: "token capabilities -format=json chosen-1 secret/app", out: '[\n  "read"\n]\n' },
  { line: "token create -use-limit=some", err: "-use-limit takes a whole number, not some\n", code: 1 },
  { line: "token create -type=batch", err: "<more>Code: 400<more>", code: 2 },
  { line: "token revoke chosen-1", out: "Success! Revoked token (if it existed)\n" },
  { line: "token lookup chosen-1", err: "<more>* bad token\n", code: 2 },
  { line: "token revoke", err: "name a token, or give -self for your own\n", code: 1 },
  { line: "token revoke -mode=all hvs.x", err: "-mode can be orphan or path, not all\n", code: 1 },
  {
    line: "secrets enable -path=team -description=Team kv-v2",
    out: "Success! Enabled the kv-v2 secrets engine at: team/\n",
  },
  {
    line: "secrets list",
    out: "Path          Type         Accessor              Description\n----          ----         --------              -----------\ncubbyhole/    cubbyhole    cubbyhole_<accessor>    <any>\nidentity/     identity     identity_<accessor>     <any>\nsys/          system       system_<accessor>       <any>\nteam/         kv           kv_<accessor>           Team\n",
  },
  { line: "secrets list -detailed", out: "Path <more>team/ <more>" },
  { line: "secrets list -format=json", out: '{\n  "cubbyhole/": {<more>  "sys/": {<more>  "team/": {<more>' },
  {
    line: "secrets enable -path=team kv",
    err: "<more>Code: 400. Errors:\n\n* path is already in use at team/\n",
    code: 2,
  },
  { line: "secrets enable nope", err: "<more>Code: 400. Errors:\n\n* <any>nope<any>\n", code: 2 },
  {
    line: "secrets tune -max-lease-ttl=24h -description=Ours team/",
    out: "Success! Tuned the secrets engine at: team/\n",
  },
  { line: "read -field=max_lease_ttl sys/mounts/team/tune", out: "86400" },
  { line: "secrets disable team", out: "Success! Disabled the secrets engine (if it existed) at: team/\n" },
  { line: "secrets disable team", out: "Success! Disabled the secrets engine (if it existed) at: team/\n" },
  { line: "secrets enable ''", err: "name the type to enable\n", code: 1 },
  {
    line: "auth list",
    out: "Path      Type     Accessor               Description\n----      ----     --------               -----------\ntoken/    token    auth_token_<accessor>    token based credentials\n",
  },
  { line: "auth list -format=json", out: '{\n  "token/": {<more>' },
  { line: "auth enable nope", err: "<more>Code: 400<more>", code: 2 },
  { line: "auth tune -default-lease-ttl=1h token", out: "Success! Tuned the auth method at: token/\n" },
  { line: "auth disable none", out: "Success! Disabled the auth method (if it existed) at: none/\n" },
  { line: "audit list", err: "No audit devices are enabled.\n", code: 2 },
  { line: "audit enable file file_path=@audit@", out: "Success! Enabled the file audit device at: file/\n" },
  { line: "audit list", out: "Path     Type    Description\n----     ----    -----------\nfile/    file    n/a\n" },
  {
    line: "audit list -detailed",
    out: "Path     Type    Description    Replication    Options\n<more>file_path=<more>",
  },
  { line: "audit enable file", err: "<more>Code: 400<more>", code: 2 },
  { line: "audit disable file", out: "Success! Disabled audit device (if it was enabled) at: file/\n" },
  { line: "login -no-store @root@", out: "Success! You are now authenticated.<more>token <more>" },
  { line: "login -no-print @root@", err: "WARNING! VAULT_TOKEN is set, <any>unset it to use this one.\n\n" },
  { line: "token lookup -field=display_name", env: { OKSAE_TOKEN: "" }, out: "root" },
  { line: "login -", stdin: "@root@\n", env: { VAULT_TOKEN: "" }, out: "Success! <more>" },
  { line: "login hvs.wrong", err: "<more>Code: 403<more>", code: 2 },
  { line: "login -method=ldap", err: "<any>must be specified<any>\n", code: 1 },
  { line: "aws unlock web1", err: "not an instance id: web1<any>\n", code: 1 },
  { line: "aws unlock i-0123456789abcdef0", err: "<more>Code: 404<more>", code: 2 },
  { line: "operator init", err: "<more>Code: 400. Errors:\n\n* Vault is already initialized\n", code: 2 },
  { line: "operator init -status", out: "Vault is initialized\n" },
  { line: "operator init -key-shares=many", err: "-key-shares takes a whole number, not many\n", code: 1 },
  { line: "status", out: STATUS(false) },
  { line: "status -format=json", out: '{\n<more>"sealed": false<more>' },
  { line: "status -field=sealed", out: "false" },
  {
    line: "status",
    env: { OKSAE_ADDR: "http://127.0.0.1:9" },
    err: "Error: <any>\nIs the server running<any>\n",
    code: 1,
  },
  { line: "operator seal", out: "Success! Vault is sealed.\n" },
  { line: "status", out: STATUS(true), code: 2 },
  {
    line: "read secret/a",
    err: "Error making API request.\n\nURL: GET <any>\nCode: 503. Errors:\n\n* Vault is sealed\n",
    code: 2,
  },
  { line: "operator unseal nonsense", err: "<more>Code: 400<more>", code: 2 },
  { line: "operator unseal -reset", out: STATUS(true) },
  { line: "operator unseal -", stdin: "@key@\n", out: STATUS(false) },
  { line: "operator seal", out: "Success! Vault is sealed.\n" },
  { line: "operator unseal @key@", out: STATUS(false) },
  { line: "-version", out: "oksae v<any>\n" },
  { line: "token -help", out: "Usage: oksae token <more>" },
  { line: "operator unseal -help", out: "Usage: oksae operator unseal <more>" },
];
