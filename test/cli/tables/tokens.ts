/** token create, lookup, renew, revoke: every flag; roles, batch tokens, periods, uses, orphans, aliases. */
import type { Row } from "./row.ts";

export const tokenRows: readonly Row[] = [
  {
    line: "policy write app -",
    stdin: 'path "secret/*" { capabilities = ["read"] }\npath "auth/token/create" { capabilities = ["update"] }',
    out: "Success! Uploaded policy: app\n",
  },
  // The talk's #3874: nobody asked for a period, so the token has none, whatever else is asked for.
  {
    line: "token create -policy=app -ttl=1h -explicit-max-ttl=2h -display-name=talk",
    keep: { tokPlain: /token +(hvs\S+)/, accPlain: /token_accessor +(\S+)/ },
    out: 'Key                  Value\n---                  -----\ntoken                @tokPlain@\ntoken_accessor       @accPlain@\ntoken_duration       1h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  // The talk's #3874.
  {
    line: "token lookup @tokPlain@",
    out: "Key                 Value\n---                 -----\naccessor            @accPlain@\ncreation_time       <number>\ncreation_ttl        3600\ndisplay_name        token-talk\nentity_id           n/a\nexpire_time         <time>\nexplicit_max_ttl    7200\nid                  @tokPlain@\nissue_time          <time>\nmeta                <nil>\nnum_uses            0\norphan              false\npath                auth/token/create\npolicies            [app default]\nrenewable           true\nttl                 <number>\ntype                service\n",
  },
  // The talk's #3874.
  { line: "token lookup -field=period @tokPlain@", err: 'Field "period" not present in secret\n', code: 1 },
  {
    line: "token create -policy=app -period=24h -id=periodic-1",
    out: 'Key                  Value\n---                  -----\ntoken                periodic-1\ntoken_accessor       <accessor>\ntoken_duration       24h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  { line: "token lookup -field=period periodic-1", out: "86400" },
  { line: "token create -policy=app -period=0 -id=not-periodic-1 -field=token_duration -ttl=30m", out: "30m" },
  { line: "token lookup -field=period not-periodic-1", err: 'Field "period" not present in secret\n', code: 1 },
  { line: "token create -policy=app -use-limit=2 -id=twice-1 -field=token_policies", out: "[app default]" },
  { line: "token lookup -field=num_uses twice-1", out: "2" },
  { line: "token lookup -field=num_uses", env: { VAULT_TOKEN: "twice-1" }, out: "1" },
  { line: "token lookup -field=num_uses", env: { VAULT_TOKEN: "twice-1" }, out: "0" },
  {
    line: "token lookup -field=num_uses",
    env: { VAULT_TOKEN: "twice-1" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read auth/token/lookup-self" tells why, if the token is good.\n',
    code: 2,
  },
  { line: "token create -use-limit=-1", err: "-use-limit takes a whole number, not -1\n", code: 1 },
  {
    line: "token create -type=batch -policy=app -ttl=20m",
    keep: { tokBatch: /token +(hvb\S+)/ },
    out: 'Key                  Value\n---                  -----\ntoken                @tokBatch@\ntoken_accessor       n/a\ntoken_duration       20m\ntoken_renewable      false\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  {
    line: "token lookup @tokBatch@",
    out: "Key                 Value\n---                 -----\naccessor            n/a\ncreation_time       <number>\ncreation_ttl        1200\ndisplay_name        token\nentity_id           n/a\nexpire_time         <time>\nexplicit_max_ttl    0\nid                  @tokBatch@\nissue_time          <time>\nmeta                <nil>\nnum_uses            0\norphan              false\npath                auth/token/create\npolicies            [app default]\nrenewable           false\nttl                 <number>\ntype                batch\n",
  },
  { line: "token lookup -field=type @tokBatch@", out: "batch" },
  {
    line: "token renew @tokBatch@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/auth/token/renew\nCode: 400. Errors:\n\n* batch tokens cannot be renewed\n",
    code: 2,
  },
  {
    line: "token revoke @tokBatch@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/auth/token/revoke\nCode: 400. Errors:\n\n* batch tokens cannot be revoked\n",
    code: 2,
  },
  {
    line: "token create -type=batch -policy=app -period=1h",
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* batch tokens cannot have "period" set\n',
    code: 2,
  },
  {
    line: "token create -type=moon -policy=app",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* invalid 'token_type' value\n",
    code: 2,
  },
  { line: "token create -policy=app -renewable=false -field=token_renewable", out: "false" },
  { line: "token create -policy=app -renewable -field=token_renewable", out: "true" },
  {
    line: "token create -policy=app -policy=other -no-default-policy -field=policies",
    out: "[app other]",
    err: 'WARNING! The following warnings were returned from the server:\n\n  * Policy "other" does not exist\n\n',
  },
  {
    line: "token create -policy=app -metadata=team=x -metadata=stage=test -ttl=10m",
    out: 'Key                  Value\n---                  -----\ntoken                <token>\ntoken_accessor       <accessor>\ntoken_duration       10m\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\ntoken_meta_stage     test\ntoken_meta_team      x\n',
  },
  {
    line: "token create -metadata=team",
    err: 'Failed to parse K=V data: argument 1 has no "=": write key=value, key=@file or -\n',
    code: 1,
  },
  {
    line: "token create -policy=app -ttl=soon",
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* field "ttl" must be a duration of at most 100 years: seconds (90) or a form such as 1h30m\n',
    code: 2,
  },
  { line: "token create -policy=app -orphan -id=orphan-1 -field=token_policies", out: "[app default]" },
  { line: "token lookup -field=orphan orphan-1", out: "true" },
  { line: "token create -policy=root -ttl=5m -field=policies", out: "[root]" },
  {
    line: "token create -policy=root",
    env: { VAULT_TOKEN: "orphan-1" },
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* child policies must be subset of parent\n",
    code: 2,
  },
  {
    line: "token create -policy=app -id=child-1 -ttl=5m",
    env: { VAULT_TOKEN: "orphan-1" },
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* root or sudo privileges required to specify token id\n",
    code: 2,
  },
  {
    line: "token create -policy=app -ttl=5m -field=token_policies",
    env: { VAULT_TOKEN: "orphan-1" },
    keep: {},
    out: "[app default]",
  },
  {
    line: "write auth/token/roles/ci allowed_policies=app orphan=true token_period=2h renewable=true allowed_entity_aliases=ann",
    out: "Success! Data written to: auth/token/roles/ci\n",
  },
  {
    line: "read auth/token/roles/ci",
    out: "Key                         Value\n---                         -----\nallowed_entity_aliases      [ann]\nallowed_policies            [app]\nallowed_policies_glob       []\ndisallowed_policies         []\ndisallowed_policies_glob    []\nexplicit_max_ttl            0\nname                        ci\norphan                      true\npath_suffix                 n/a\nperiod                      7200\nrenewable                   true\ntoken_explicit_max_ttl      0\ntoken_no_default_policy     false\ntoken_period                7200\ntoken_type                  default-service\n",
  },
  { line: "list auth/token/roles", out: "Keys\n----\nci\n" },
  {
    line: "token create -role=ci -policy=app",
    keep: { tokRole: /token +(hvs\S+)/, accRole: /token_accessor +(\S+)/ },
    out: 'Key                  Value\n---                  -----\ntoken                @tokRole@\ntoken_accessor       @accRole@\ntoken_duration       2h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  { line: "token lookup -field=role @tokRole@", out: "ci" },
  { line: "token lookup -field=period @tokRole@", out: "7200" },
  { line: "token lookup -field=orphan @tokRole@", out: "true" },
  {
    line: "token create -role=ci -policy=root",
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/token/create/ci\nCode: 400. Errors:\n\n* token policies (["root","default"]) must be subset of the role\'s allowed policies (["app","default"]) or glob policies ([])\n',
    code: 2,
  },
  {
    line: "token create -role=none",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create/none\nCode: 400. Errors:\n\n* unknown role none\n",
    code: 2,
  },
  { line: "token create -role=ci -entity-alias=ann -field=token_policies", out: "[app default]" },
  {
    line: "token create -role=ci -entity-alias=bob",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create/ci\nCode: 400. Errors:\n\n* invalid 'entity_alias' value\n",
    code: 2,
  },
  {
    line: "token create -entity-alias=ann",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/create\nCode: 400. Errors:\n\n* 'entity_alias' is only allowed in combination with token role\n",
    code: 2,
  },
  {
    line: "token lookup -accessor @accRole@",
    out: "Key                 Value\n---                 -----\naccessor            @accRole@\ncreation_time       <number>\ncreation_ttl        7200\ndisplay_name        token\nentity_id           n/a\nexpire_time         <time>\nexplicit_max_ttl    0\nid                  n/a\nissue_time          <time>\nmeta                <nil>\nnum_uses            0\norphan              true\npath                auth/token/create/ci\nperiod              7200\npolicies            [app default]\nrenewable           true\nrole                ci\nttl                 <number>\ntype                service\n",
  },
  {
    line: "token renew -accessor @accRole@",
    out: 'Key                  Value\n---                  -----\ntoken                n/a\ntoken_accessor       @accRole@\ntoken_duration       2h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  {
    line: "token renew -increment=10m @tokPlain@",
    out: 'Key                  Value\n---                  -----\ntoken                @tokPlain@\ntoken_accessor       @accPlain@\ntoken_duration       10m\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  { line: "token renew -i 10m -field=token_duration @tokPlain@", out: "10m" },
  { line: "token renew -i=10m -field=token_duration @tokPlain@", out: "10m" },
  {
    line: "token renew",
    env: { VAULT_TOKEN: "@tokPlain@" },
    out: 'Key                  Value\n---                  -----\ntoken                @tokPlain@\ntoken_accessor       @accPlain@\ntoken_duration       1h\ntoken_renewable      true\ntoken_policies       ["app" "default"]\nidentity_policies    []\npolicies             ["app" "default"]\n',
  },
  {
    line: "token renew -format=json -increment=5m @tokPlain@",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": null,\n  "warnings": null,\n  "auth": {\n    "accessor": "@accPlain@",\n    "client_token": "@tokPlain@",\n    "entity_id": "",\n    "lease_duration": 300,\n    "metadata": null,\n    "mfa_requirement": null,\n    "num_uses": 0,\n    "orphan": false,\n    "policies": [\n      "app",\n      "default"\n    ],\n    "renewable": true,\n    "token_policies": [\n      "app",\n      "default"\n    ],\n    "token_type": "service"\n  }\n}\n',
  },
  {
    line: "token renew hvs.none",
    err: "Error making API request.\n\nURL: PUT @address@/v1/auth/token/renew\nCode: 400. Errors:\n\n* token not found\n",
    code: 2,
  },
  { line: "token capabilities @tokPlain@ secret/a", out: "read\n" },
  { line: "token capabilities -accessor @accPlain@ secret/a", out: "read\n" },
  { line: "token capabilities -accessor @accPlain@", err: "give the accessor, then the path\n", code: 1 },
  { line: "token capabilities secret/a", env: { VAULT_TOKEN: "@tokPlain@" }, out: "read\n" },
  {
    line: "token capabilities -accessor none secret/a",
    err: "Error making API request.\n\nURL: POST @address@/v1/sys/capabilities-accessor\nCode: 400. Errors:\n\n* invalid accessor\n",
    code: 2,
  },
  { line: "token revoke -accessor @accPlain@", out: "Success! Revoked token (if it existed)\n" },
  {
    line: "token lookup -accessor @accPlain@",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/lookup-accessor\nCode: 400. Errors:\n\n* invalid accessor\n",
    code: 2,
  },
  {
    line: "token revoke -mode=orphan -accessor @accRole@",
    err: "-mode=orphan needs the token itself as argument\n",
    code: 1,
  },
  { line: "token revoke -mode=orphan @tokRole@", out: "Success! Revoked token (if it existed)\n" },
  { line: "token revoke -mode=path", err: "name a token, or give -self for your own\n", code: 1 },
  { line: "token create -policy=app -id=parent-1 -field=policies", out: "[app default]" },
  {
    line: "token create -policy=app -field=token",
    env: { VAULT_TOKEN: "parent-1" },
    keep: { tokChild: /(.+)/ },
    out: "@tokChild@",
  },
  { line: "token revoke -mode=orphan parent-1", out: "Success! Revoked token (if it existed)\n" },
  { line: "token lookup -field=orphan @tokChild@", out: "true" },
  { line: "token revoke -mode=path auth/token/create", out: "Success! Revoked token (if it existed)\n" },
  {
    line: "token lookup @tokChild@",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/token/lookup\nCode: 403. Errors:\n\n* bad token\n",
    code: 2,
  },
  { line: "token revoke -self -accessor", err: "-accessor needs the accessor as argument\n", code: 1 },
  { line: "list auth/token/accessors", out: "Keys\n----\n<more>" },
  {
    line: "write -f auth/token/tidy",
    out: "Success! Data written to: auth/token/tidy\n",
    err: "WARNING! The following warnings were returned from the server:\n\n  * Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.\n\n",
  },
  { line: "token nope", err: "error: unknown command 'nope'\n<more>", code: 1 },
];
