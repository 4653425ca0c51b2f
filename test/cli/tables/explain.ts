/** policy explain, lint, fmt: what a policy does, and why a request was refused. */
import type { Row } from "./row.ts";

export const explainRows: readonly Row[] = [
  { line: "secrets enable -path=secret -version=2 kv", out: "Success! Enabled the kv secrets engine at: secret/\n" },
  { line: "policy write ann ann.hcl", out: "Success! Uploaded policy: ann\n" },
  { line: "token create -id=ann-1 -policy=ann -field=token_accessor", keep: { accAnn: /(.+)/ }, out: "@accAnn@" },
  {
    line: "policy explain read secret/data/ann/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Allowed by policy "ann", line 2\n\nOperation    read\nPath         secret/data/ann/x\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                 Capabilities\n------    ----    ----                 ------------\nann       2       secret/data/ann/*    read, update\n',
  },
  {
    line: "policy explain delete secret/data/ann/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: the deciding rule does not give "delete": policy "ann", line 2\n\nOperation    delete\nPath         secret/data/ann/x\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                 Capabilities\n------    ----    ----                 ------------\nann       2       secret/data/ann/*    read, update\n\nThe least that would allow it:\n\npath "secret/data/ann/x" {\n  capabilities = ["read", "update", "delete"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain read secret/data/ann/own",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied by policy "ann", line 6\n\nOperation    read\nPath         secret/data/ann/own\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                   Capabilities\n------    ----    ----                   ------------\nann       6       secret/data/ann/own    deny\n\nLess specific rules, which do not count here:\n\nPolicy    Line    Path                 Capabilities\n------    ----    ----                 ------------\nann       2       secret/data/ann/*    read, update\n',
    code: 2,
  },
  {
    line: "policy explain read secret/ann/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: no rule of these policies matches the path\n\nOperation    read\nPath         secret/ann/x\nPolicies     ann, default\n\nHint: "secret/" is KV version 2: a secret is read at "secret/data/ann/x" and listed at "secret/metadata/ann/x"\n\nThe least that would allow it:\n\npath "secret/data/ann/x" {\n  capabilities = ["read"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain list secret/ann",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: no rule of these policies matches the path\n\nOperation    list\nPath         secret/ann/\nPolicies     ann, default\n\nHint: "secret/" is KV version 2: a secret is read at "secret/data/ann/" and listed at "secret/metadata/ann/"\n\nThe least that would allow it:\n\npath "secret/metadata/ann/" {\n  capabilities = ["list"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain update secret/data/limited other=1",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: the deciding rule does not let these parameters pass: policy "ann", line 10\n\nOperation    update\nPath         secret/data/limited\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                   Capabilities\n------    ----    ----                   ------------\nann       10      secret/data/limited    update (with constraints)\n\nHint: a write is "create" where nothing is yet, else "update"\n',
    code: 2,
  },
  {
    line: "policy explain update secret/data/limited data=1",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Allowed by policy "ann", line 10\n\nOperation    update\nPath         secret/data/limited\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                   Capabilities\n------    ----    ----                   ------------\nann       10      secret/data/limited    update (with constraints)\n\nHint: a write is "create" where nothing is yet, else "update"\n',
  },
  {
    line: "policy explain read secret/data/wrapped",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: the deciding rule asks for another X-Vault-Wrap-TTL: policy "ann", line 15\n\nOperation    read\nPath         secret/data/wrapped\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                   Capabilities\n------    ----    ----                   ------------\nann       15      secret/data/wrapped    read (with constraints)\n',
    code: 2,
  },
  {
    line: "policy explain -wrap-ttl=2m read secret/data/wrapped",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Allowed by policy "ann", line 15\n\nOperation    read\nPath         secret/data/wrapped\nPolicies     ann, default\n\nThe rule that decides:\n\nPolicy    Line    Path                   Capabilities\n------    ----    ----                   ------------\nann       15      secret/data/wrapped    read (with constraints)\n',
  },
  {
    line: "policy explain update sys/seal",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: no rule of these policies matches the path\n\nOperation    update\nPath         sys/seal\nPolicies     ann, default\n\nThe least that would allow it:\n\npath "sys/seal" {\n  capabilities = ["update", "sudo"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain read nowhere/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'Denied: no rule of these policies matches the path\n\nOperation    read\nPath         nowhere/x\nPolicies     ann, default\n\nHint: nothing is mounted at this path, or nothing that the asking token can reach\n\nThe least that would allow it:\n\npath "nowhere/x" {\n  capabilities = ["read"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain -format=json read secret/data/ann/own",
    env: { VAULT_TOKEN: "ann-1" },
    out: '{\n  "allowed": false,\n  "granting_policies": [],\n  "hints": [],\n  "needs_sudo": false,\n  "operation": "read",\n  "path": "secret/data/ann/own",\n  "policies": [\n    "ann",\n    "default"\n  ],\n  "reason": "denied by policy \\"ann\\", line 6",\n  "rules": [\n    {\n      "capabilities": [\n        "deny"\n      ],\n      "column": 1,\n      "constrained": false,\n      "line": 6,\n      "path": "secret/data/ann/own",\n      "policy": "ann"\n    }\n  ],\n  "weaker_rules": [\n    {\n      "capabilities": [\n        "read",\n        "update"\n      ],\n      "column": 1,\n      "constrained": false,\n      "line": 2,\n      "path": "secret/data/ann/*",\n      "policy": "ann"\n    }\n  ]\n}\n',
    code: 2,
  },
  {
    line: "policy explain -format=yaml read secret/data/ann/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'allowed: true\ngranting_policies:\n  - ann\nhints: []\nneeds_sudo: false\noperation: read\npath: secret/data/ann/x\npolicies:\n  - ann\n  - default\nreason: allowed by policy "ann", line 2\nrules:\n  - capabilities:\n      - read\n      - update\n    column: 1\n    constrained: false\n    line: 2\n    path: secret/data/ann/*\n    policy: ann\nweaker_rules: []\n',
  },
  {
    line: "policy explain -field=suggestion read secret/x",
    env: { VAULT_TOKEN: "ann-1" },
    out: 'path "secret/data/x" {\n  capabilities = ["read"]\n}\n',
    code: 2,
  },
  {
    line: "policy explain read secret/data/ann/x",
    out: "Allowed: a root token may do everything\n\nOperation    read\nPath         secret/data/ann/x\nPolicies     root\n",
  },
  {
    line: "policy explain -token-accessor=@accAnn@ read secret/data/ann/x",
    out: 'Allowed by policy "ann", line 2\n<more>',
  },
  { line: "policy explain -token=ann-1 delete secret/data/ann/x", out: "Denied: <more>", code: 2 },
  { line: "policy explain -token=- delete secret/data/ann/x", stdin: "ann-1\n", out: "Denied: <more>", code: 2 },
  {
    line: "policy explain -token=- delete secret/data/ann/x",
    stdin: "\n",
    err: "-token needs a token: leave it out to ask about your own\n",
    code: 1,
  },
  {
    line: "policy explain -token=@root@ read secret/data/ann/x",
    env: { VAULT_TOKEN: "ann-1" },
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/policy-explain\nCode: 403. Errors:\n\n* permission denied\n\nHint: the token is not good, or its policies do not let it ask: the policy "default" lets everybody ask about\nhimself, asking about another token needs sudo on sys/policy-explain.\n',
    code: 2,
  },
  {
    line: "policy explain -token=ann-1 -token-accessor=a read x",
    err: "give -token or -token-accessor, not both\n",
    code: 1,
  },
  {
    line: "policy explain -token-accessor=none read x",
    err: "Error making API request.\n\nURL: POST @address@/v1/sys/policy-explain\nCode: 400. Errors:\n\n* invalid accessor\n",
    code: 2,
  },
  // A server that is not ours.
  {
    line: "policy explain -address=@issuer@ read secret/a",
    err: 'this server has no sys/policy-explain: only oksae explains its decisions.\n"oksae token capabilities PATH" tells what a token may do, and -output-policy what a command needs.\n',
    code: 2,
  },
  {
    line: "policy explain look secret/a",
    err: "the operation must be one of read, list, create, update, patch, delete, not look\n",
    code: 1,
  },
  { line: "policy explain read ''", err: "the path is empty\n", code: 1 },
  { line: "policy explain read", err: "error: missing required argument 'path'\n<more>", code: 1 },
  { line: "path-help secret", out: "<more>data/*path\n        A secret's data, by version\n<more>" },
  {
    line: "policy explain -output-curl-string read secret/a",
    out: 'curl -X POST -H "X-Vault-Token: $(oksae print token)" -H \'X-Vault-Request: true\' -d \'{"operation":"read","path":"secret/a"}\' @address@/v1/sys/policy-explain\n',
  },
  {
    line: "policy explain -output-policy read secret/a",
    out: 'path "sys/policy-explain" {\n  capabilities = ["create", "update"]\n}\n',
  },
  {
    line: "read secret/data/ann/own",
    env: { VAULT_TOKEN: "ann-1" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/secret/data/ann/own\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read secret/data/ann/own" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "policy lint two.hcl",
    out: 'two.hcl:1:1: "secret/" is KV version 2: secrets lie below data/ and are listed below metadata/; write "secret/data/foo"\ntwo.hcl:2:1: "deny" takes all away: the other capabilities beside it have no effect\n',
    code: 2,
  },
  {
    line: "policy lint -format=json two.hcl",
    out: '[\n  {\n    "line": 1,\n    "column": 1,\n    "message": "\\"secret/\\" is KV version 2: secrets lie below data/ and are listed below metadata/; write \\"secret/data/foo\\""\n  },\n  {\n    "line": 2,\n    "column": 1,\n    "message": "\\"deny\\" takes all away: the other capabilities beside it have no effect"\n  }\n]\n',
    code: 2,
  },
  { line: "policy lint -offline -", stdin: 'path "a/*" { capabilities = ["read"] }\n' },
  {
    line: "policy lint -",
    stdin: 'path "secret/foo" { capabilities = ["read"] }\n',
    out: 'standard input:1:1: "secret/" is KV version 2: secrets lie below data/ and are listed below metadata/; write "secret/data/foo"\n',
    code: 2,
  },
  { line: "policy lint bad.hcl", err: "bad.hcl: line 1, column 6: { is not closed\n", code: 1 },
  { line: "policy lint none.hcl", err: "Error: none.hcl cannot be read: ENOENT\n", code: 1 },
  { line: "policy fmt two.hcl", out: "Success! Formatted policy: two.hcl\n" },
  { line: "policy fmt two.hcl -format=json" },
  { line: "policy fmt bad.hcl", err: "bad.hcl: line 1, column 6: { is not closed\n", code: 1 },
  { line: "policy read ann -format=json", out: '{\n  "policy": "# what Ann may do<more>' },
];
