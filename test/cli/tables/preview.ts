/** -output-curl-string, -output-policy, -header, -non-interactive, print token: what is shown, or refused, before anything is sent. */
import type { Row } from "./row.ts";

const CURL = `curl <any>-H "X-Vault-Token: $(oksae print token)" -H 'X-Vault-Request: true'`;

export const previewRows: readonly Row[] = [
  { line: "secrets enable -path=secret -version=2 kv", out: "Success! Enabled the kv secrets engine at: secret/\n" },
  { line: "read -output-curl-string secret/data/a", out: `${CURL} http://127.0.0.1:<number>/v1/secret/data/a\n` },
  {
    line: "write -output-curl-string sys/policies/acl/a policy='it is'",
    out: `curl -X PUT <any>-d '{"policy":"it is"}' http://127.0.0.1:<number>/v1/sys/policies/acl/a\n`,
  },
  {
    line: `write -output-curl-string a/b "x=it's"`,
    out: `curl -X PUT <any>-d '{"x":"it'\\''s"}' http://127.0.0.1:<number>/v1/a/b\n`,
  },
  { line: "kv get -output-curl-string secret/a", out: `${CURL} http://127.0.0.1:<number>/v1/secret/data/a\n` },
  {
    line: "kv get -output-curl-string -version=2 secret/a",
    out: `${CURL} 'http://127.0.0.1:<number>/v1/secret/data/a?version=2'\n`,
  },
  {
    line: "kv patch -output-curl-string secret/a b=c",
    out: "curl -X PATCH <any>'Content-Type: application/merge-patch+json'<any>\n",
  },
  {
    line: "read -output-curl-string -wrap-ttl=2m -header X-Trace=7 a/b",
    out: "curl <any>'X-Vault-Wrap-TTL: 2m0s' -H 'x-trace: 7'<any>\n",
  },
  {
    line: "login -method=userpass -output-curl-string username=ann password=pw",
    out: `curl -X POST -H 'X-Vault-Request: true' -d '{"password":"pw"}' http://127.0.0.1:<number>/v1/auth/userpass/login/ann\n`,
  },
  { line: "list -output-policy secret/metadata", out: 'path "secret/metadata" {\n  capabilities = ["list"]\n}\n' },
  { line: "write -output-policy a/b c=d", out: 'path "a/b" {\n  capabilities = ["create", "update"]\n}\n' },
  { line: "delete -output-policy a/b", out: 'path "a/b" {\n  capabilities = ["delete"]\n}\n' },
  { line: "kv patch -output-policy secret/a b=c", out: 'path "secret/data/a" {\n  capabilities = ["patch"]\n}\n' },
  {
    line: "operator seal -output-policy",
    out: 'path "sys/seal" {\n  capabilities = ["create", "update", "sudo"]\n}\n',
  },
  {
    line: "audit enable -output-policy file file_path=/tmp/a",
    out: 'path "sys/audit/file" {\n  capabilities = ["create", "update", "sudo"]\n}\n',
  },
  {
    line: "read -output-policy -output-curl-string a/b",
    err: "cannot specify both -output-curl-string and -output-policy\n",
    code: 1,
  },
  { line: "read -header X-Trace a/b", err: "-header takes Name=Value\n", code: 1 },
  { line: "read -header X-Vault-Token=a a/b", err: "-header must not set x-vault-token<any>\n", code: 1 },
  { line: "read -header 'A=b\u0007' a/b", err: "-header a: the value must be printable ASCII\n", code: 1 },
  { line: "print token", out: "<token>\n" },
  { line: "print token", env: { VAULT_TOKEN: "" }, out: "\n" },
  { line: "print token", env: { OKSAE_TOKEN: "ours" }, out: "ours\n" },
  {
    line: "login -method=radius",
    err: 'Unknown auth method: radius: use one of token, <any>"oksae write<any>\n',
    code: 1,
  },
  {
    line: "login -method=userpass",
    err: "'username' must be specified: oksae login -method=userpass username=NAME\n",
    code: 1,
  },
  { line: "login -method=aws role=dev", err: "no AWS credentials: set AWS_ACCESS_KEY_ID<any>\n", code: 1 },
  { line: "login -token-only @root@", out: "<token>" },
  { line: "lease revoke -force a/b", err: "Specifying -force requires also specifying -prefix\n", code: 1 },
  { line: "kv rollback secret/a", err: "Version flag must be specified<any>\n", code: 1 },
  { line: "patch secret/data/a", err: "Must supply data or use -force\n", code: 1 },
  { line: "operator generate-root -decode=AAAA", err: "-decode needs the -otp<any>\n", code: 1 },
  { line: "operator generate-root -decode=AwAWHw -otp=kvef", out: "hvsy\n" },
  { line: "policy fmt odd.hcl", out: "Success! Formatted policy: odd.hcl\n" },
  {
    line: "write -output-curl-string a @odd.hcl",
    err: "Failed to parse K=V data: odd.hcl: <any>\n",
    code: 1,
  },
  {
    line: "policy fmt -",
    stdin: 'path "a" {capabilities=["read"]}',
    out: 'path "a" {\n  capabilities = ["read"]\n}\n',
  },
  { line: "policy fmt broken.hcl", err: "broken.hcl: line <any>\n", code: 1 },
  { line: "policy lint app.hcl -offline" },
  { line: "policy lint odd.hcl", out: "odd.hcl:1:<number>: <any>secret/data/db<any>\n", code: 2 },
  { line: "policy lint -format=json odd.hcl", out: '[\n  {\n    "line": 1,<more>', code: 2 },
  {
    line: "policy lint odd.hcl",
    env: { OKSAE_ADDR: "http://127.0.0.1:9" },
    err: "Error: <more>\n-offline checks the text alone\n",
    code: 2,
  },
  { line: "operator rekey -target=moon -status", err: "-target must be barrier or recovery, not moon\n", code: 1 },
  { line: "operator rekey -init -key-shares=many", err: "-key-shares takes a whole number, not many\n", code: 1 },
];
