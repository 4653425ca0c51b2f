/** Wrapping on any command, unwrap; leases of logins: lookup, renew, revoke one, by prefix, by force. */
import type { Row } from "./row.ts";

export const leaseRows: readonly Row[] = [
  { line: "secrets enable -path=secret -version=2 kv", out: "Success! Enabled the kv secrets engine at: secret/\n" },
  {
    line: "kv put secret/app password=pw1",
    out: "= Secret Path =\nsecret/data/app\n\n======= Metadata =======\nKey                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            1\n",
  },
  {
    line: "kv get -wrap-ttl=5m secret/app",
    keep: { wrapOne: /wrapping_token: +(\S+)/ },
    out: "Key                              Value\n---                              -----\nwrapping_token:                  @wrapOne@\nwrapping_accessor:               <accessor>\nwrapping_token_ttl:              5m\nwrapping_token_creation_time:    <time>\nwrapping_token_creation_path:    secret/data/app\n",
  },
  {
    line: "write sys/wrapping/lookup token=@wrapOne@",
    out: "Key              Value\n---              -----\ncreation_path    secret/data/app\ncreation_time    <time>\ncreation_ttl     300\n",
  },
  {
    line: "unwrap @wrapOne@",
    out: "Key         Value\n---         -----\ndata        map[password:pw1]\nmetadata    map[created_time:<time> custom_metadata:<nil> deletion_time: destroyed:false version:1]\n",
  },
  {
    line: "unwrap @wrapOne@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/wrapping/unwrap\nCode: 400. Errors:\n\n* wrapping token is not valid or does not exist\n",
    code: 2,
  },
  { line: "read -wrap-ttl=60s -field=wrapping_token secret/data/app", keep: { wrapTwo: /(.+)/ }, out: "@wrapTwo@" },
  { line: "unwrap -field=data", env: { VAULT_TOKEN: "@wrapTwo@" }, out: "map[password:pw1]" },
  {
    line: "unwrap",
    env: { VAULT_TOKEN: "@wrapTwo@" },
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/wrapping/unwrap\nCode: 400. Errors:\n\n* wrapping token is not valid or does not exist\n",
    code: 2,
  },
  {
    line: "read -format=json -wrap-ttl=60s secret/data/app",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": null,\n  "warnings": null,\n  "wrap_info": {\n    "accessor": "<accessor>",\n    "creation_path": "secret/data/app",\n    "creation_time": "<time>",\n    "token": "<token>",\n    "ttl": <number>\n  }\n}\n',
  },
  {
    line: "write -wrap-ttl=90m -field=wrapping_token sys/wrapping/wrap a=b c=d",
    keep: { wrapThree: /(.+)/ },
    out: "@wrapThree@",
  },
  {
    line: "unwrap -format=json @wrapThree@",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": {\n    "a": "b",\n    "c": "d"\n  },\n  "warnings": null\n}\n',
  },
  {
    line: "write sys/wrapping/wrap a=b",
    env: { VAULT_WRAP_TTL: "3m" },
    keep: { wrapFour: /wrapping_token: +(\S+)/ },
    out: "Key                              Value\n---                              -----\nwrapping_token:                  @wrapFour@\nwrapping_accessor:               <accessor>\nwrapping_token_ttl:              3m\nwrapping_token_creation_time:    <time>\nwrapping_token_creation_path:    sys/wrapping/wrap\n",
  },
  { line: "unwrap -", stdin: "@wrapFour@\n", env: { VAULT_TOKEN: "" }, out: "Key    Value\n---    -----\na      b\n" },
  {
    line: "token create -wrap-ttl=2m -policy=default -field=wrapping_token",
    keep: { wrapFive: /(.+)/ },
    out: "@wrapFive@",
  },
  { line: "unwrap -field=token_policies @wrapFive@", out: "[default]" },
  {
    line: "write -wrap-ttl=2m -field=wrapping_token sys/wrapping/wrap a=b",
    keep: { wrapSix: /(.+)/ },
    out: "@wrapSix@",
  },
  {
    line: "write -field=wrapping_token sys/wrapping/rewrap token=@wrapSix@",
    keep: { wrapSeven: /(.+)/ },
    out: "@wrapSeven@",
  },
  {
    line: "unwrap @wrapSix@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/wrapping/unwrap\nCode: 400. Errors:\n\n* wrapping token is not valid or does not exist\n",
    code: 2,
  },
  { line: "unwrap @wrapSeven@", out: "Key    Value\n---    -----\na      b\n" },
  {
    line: "read secret/data/app",
    env: { VAULT_TOKEN: "@wrapSeven@" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/secret/data/app\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read secret/data/app" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "read -wrap-ttl=soon secret/data/app",
    err: "-wrap-ttl: invalid duration: use seconds (90) or a form such as 1h30m\n",
    code: 1,
  },
  {
    line: "unwrap nonsense",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/wrapping/unwrap\nCode: 400. Errors:\n\n* wrapping token is not valid or does not exist\n",
    code: 2,
  },
  // What a command makes of its reply it cannot make of a wrapped one: the wrapping token is shown instead.
  {
    line: "list -wrap-ttl=1m secret/metadata",
    out: "Key                              Value\n---                              -----\nwrapping_token:                  <token>\nwrapping_accessor:               <accessor>\nwrapping_token_ttl:              1m\nwrapping_token_creation_time:    <time>\nwrapping_token_creation_path:    secret/metadata/\n",
  },
  {
    line: "secrets list -field=wrapping_token",
    env: { VAULT_WRAP_TTL: "60" },
    keep: { wrapNine: /(.+)/ },
    out: "@wrapNine@",
  },
  { line: "unwrap -field=secret/ @wrapNine@", out: "map[accessor:kv_<more>" },
  { line: "policy list -wrap-ttl=1m -format=json", out: '{<more>"wrap_info": {<more>' },
  { line: "token capabilities -wrap-ttl=1m -field=wrapping_token_ttl secret/a", out: "1m" },
  { line: "kv put secret/app password=pw2", out: "<more>version            2\n" },
  // What is asked on the way is never wrapped.
  {
    line: "kv rollback -wrap-ttl=1m -version=1 -field=wrapping_token secret/app",
    keep: { wrapTen: /(.+)/ },
    out: "@wrapTen@",
  },
  { line: "unwrap -field=version @wrapTen@", out: "3" },
  { line: "kv patch -method=rw -wrap-ttl=1m -field=wrapping_token_ttl secret/app a=b", out: "1m" },
  { line: "kv get -field=a secret/app", out: "b" },
  { line: "operator rotate -wrap-ttl=1m", out: "Success! Rotated key\n\nKey Term            2\n<more>" },
  // Without -wrap-ttl what is to be wrapped is wrapped for five minutes.
  { line: "write -field=wrapping_token_ttl sys/wrapping/wrap a=b", out: "5m" },
  { line: "auth enable userpass", out: "Success! Enabled userpass auth method at: userpass/\n" },
  {
    line: "write auth/userpass/users/ann password='correct horse' token_ttl=1h",
    out: "Success! Data written to: auth/userpass/users/ann\n",
  },
  {
    line: "login -method=userpass -token-only username=ann password='correct horse'",
    keep: { tokAnn: /(.+)/ },
    out: "@tokAnn@",
  },
  {
    line: "list -format=json sys/leases/lookup/auth/userpass/login/ann",
    keep: { id: /"(\w+)"/ },
    out: '[\n  "@id@"\n]\n',
  },
  { line: "list sys/leases/lookup/auth", out: "Keys\n----\ntoken/\nuserpass/\n" },
  {
    line: "lease lookup auth/userpass/login/ann/@id@",
    out: "Key             Value\n---             -----\nexpire_time     <time>\nid              auth/userpass/login/ann/@id@\nissue_time      <time>\nlast_renewal    <nil>\nrenewable       true\nttl             <number>\n",
  },
  { line: "lease lookup -field=ttl auth/userpass/login/ann/@id@", out: "<number>" },
  {
    line: "lease renew auth/userpass/login/ann/@id@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/renew\nCode: 400. Errors:\n\n* tokens cannot be renewed through this endpoint: use auth/token/renew\n",
    code: 2,
  },
  {
    line: "lease renew -increment=30m auth/userpass/login/ann/@id@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/renew\nCode: 400. Errors:\n\n* tokens cannot be renewed through this endpoint: use auth/token/renew\n",
    code: 2,
  },
  {
    line: "lease lookup auth/userpass/login/ann/none",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/lookup\nCode: 400. Errors:\n\n* invalid lease\n",
    code: 2,
  },
  {
    line: "lease renew none",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/renew\nCode: 400. Errors:\n\n* lease not found\n",
    code: 2,
  },
  { line: "lease revoke none", out: "All revocation operations queued successfully!\n" },
  {
    line: "lease revoke -sync auth/userpass/login/ann/@id@",
    out: "Success! Revoked lease: auth/userpass/login/ann/@id@\n",
  },
  {
    line: "token lookup",
    env: { VAULT_TOKEN: "@tokAnn@" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read auth/token/lookup-self" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "login -method=userpass -token-only username=ann password='correct horse'",
    keep: { tokTwo: /(.+)/ },
    out: "@tokTwo@",
  },
  { line: "lease revoke -prefix auth/userpass/login/ann", out: "All revocation operations queued successfully!\n" },
  {
    line: "lease revoke -prefix -sync auth/userpass/",
    out: "Success! Revoked any leases with prefix: auth/userpass/\n",
  },
  {
    line: "token lookup",
    env: { VAULT_TOKEN: "@tokTwo@" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read auth/token/lookup-self" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "login -method=userpass -token-only username=ann password='correct horse'",
    keep: { tokThree: /(.+)/ },
    out: "@tokThree@",
  },
  {
    line: "lease revoke -prefix -force auth/userpass/",
    out: "Success! Force revoked any leases with prefix: auth/userpass/\n",
    err: "Warning! Force-removing leases can cause the server to become out of sync with its secrets engines!\n",
  },
  {
    line: "token lookup",
    env: { VAULT_TOKEN: "@tokThree@" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read auth/token/lookup-self" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "lease revoke -prefix -force -f=false ''",
    err: "Warning! Force-removing leases can cause the server to become out of sync with its secrets engines!\nError making API request.\n\nURL: PUT @address@/v1/sys/leases/revoke-force/\nCode: 400. Errors:\n\n* prefix must be specified: everything at once is not revoked\n",
    code: 2,
  },
  { line: "secrets enable -path=db lender", out: "Success! Enabled the lender secrets engine at: db/\n" },
  {
    line: "read db/creds/app ttl=1h",
    keep: { leaseDb: /lease_id +(\S+)/ },
    out: "Key                Value\n---                -----\nlease_id           @leaseDb@\nlease_duration     1h\nlease_renewable    true\nname               user-1\n",
  },
  { line: "lease lookup -field=renewable @leaseDb@", out: "true" },
  {
    line: "lease renew @leaseDb@",
    out: "Key                Value\n---                -----\nlease_id           @leaseDb@\nlease_duration     1h\nlease_renewable    true\n",
  },
  { line: "lease renew -increment=2h -field=lease_duration @leaseDb@", out: "2h" },
  {
    line: "lease renew -i=30m -format=json @leaseDb@",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "@leaseDb@",\n  "lease_duration": 1800,\n  "renewable": true,\n  "data": null,\n  "warnings": null\n}\n',
  },
  {
    line: "lease renew -increment=soon @leaseDb@",
    err: 'Error making API request.\n\nURL: PUT @address@/v1/sys/leases/renew\nCode: 400. Errors:\n\n* field "increment" must be a duration of at most 100 years: seconds (90) or a form such as 1h30m\n',
    code: 2,
  },
  {
    line: "write sys/renew lease_id=@leaseDb@ increment=600",
    out: "Key                Value\n---                -----\nlease_id           @leaseDb@\nlease_duration     10m\nlease_renewable    true\n",
  },
  { line: "list sys/leases/lookup/db/creds", out: "Keys\n----\napp/\n" },
  {
    line: "read sys/leases/count type=irrevocable",
    out: "Key            Value\n---            -----\ncounts         map[]\nlease_count    0\n",
  },
  { line: "lease revoke @leaseDb@", out: "All revocation operations queued successfully!\n" },
  { line: "lease revoke -sync @leaseDb@", out: "Success! Revoked lease: @leaseDb@\n" },
  {
    line: "lease lookup @leaseDb@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/lookup\nCode: 400. Errors:\n\n* invalid lease\n",
    code: 2,
  },
  { line: "read -field=lease_id db/creds/app", keep: { leaseTwo: /(.+)/ }, out: "@leaseTwo@" },
  { line: "lease revoke -prefix -sync db/creds", out: "Success! Revoked any leases with prefix: db/creds\n" },
  {
    line: "lease renew @leaseTwo@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/leases/renew\nCode: 400. Errors:\n\n* lease not found\n",
    code: 2,
  },
  { line: "read -wrap-ttl=1m -field=wrapping_token db/creds/app", keep: { wrapEight: /(.+)/ }, out: "@wrapEight@" },
  {
    line: "unwrap @wrapEight@",
    out: "Key                Value\n---                -----\nlease_id           db/creds/app/<accessor>\nlease_duration     3h\nlease_renewable    true\nname               user-3\n",
  },
  { line: "read -field=ttl db/creds/none", err: 'Field "ttl" not present in secret\n', code: 1 },
  { line: "lease", out: "<more>", err: "<more>", code: 1 },
];
