/** identity, cubbyhole, quotas, locked users and generated passwords by the plain commands; what a refusal looks like. */
import type { Row } from "./row.ts";

export const limitRows: readonly Row[] = [
  {
    line: "write identity/entity name=ann metadata=team=x policies=app",
    keep: { idAnn: /id +([0-9a-f-]{36})/ },
    out: "Key        Value\n---        -----\naliases    <nil>\nid         @idAnn@\nname       ann\n",
  },
  { line: "read identity/entity/id/@idAnn@", out: "Key <more>name <more>ann\n<more>" },
  { line: "read -field=metadata identity/entity/name/ann", out: "map[team:x]" },
  { line: "list identity/entity/name", out: "Keys\n----\nann\n" },
  {
    line: "list -detailed identity/entity/id",
    out: "Keys                                    name\n----                                    ----\n@idAnn@    ann\n",
  },
  {
    line: "list -detailed -format=json identity/entity/id",
    out: '{\n  "key_info": {\n    "@idAnn@": {\n      "name": "ann"\n    }\n  },\n  "keys": [\n    "@idAnn@"\n  ]\n}\n',
  },
  {
    line: "write identity/group name=devs policies=team member_entity_ids=@idAnn@",
    keep: { idDevs: /id +([0-9a-f-]{36})/ },
    out: "Key     Value\n---     -----\nid      @idDevs@\nname    devs\n",
  },
  { line: "list identity/group/name", out: "Keys\n----\ndevs\n" },
  { line: "read -field=member_entity_ids identity/group/name/devs", out: "[@idAnn@]" },
  { line: "write identity/lookup/entity name=ann -field=id", out: "@idAnn@" },
  { line: "auth enable userpass", out: "Success! Enabled userpass auth method at: userpass/\n" },
  { line: "read -field=accessor sys/auth/userpass", keep: { v_mount: /(.+)/ }, out: "@v_mount@" },
  { line: "write identity/entity-alias name=ann canonical_id=@idAnn@ mount_accessor=@v_mount@", out: "Key <more>" },
  {
    line: "write auth/userpass/users/ann password='correct horse'",
    out: "Success! Data written to: auth/userpass/users/ann\n",
  },
  {
    line: "login -method=userpass -no-store username=ann password='correct horse'",
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         768h\ntoken_renewable        true\ntoken_policies         ["default"]\nidentity_policies      ["app" "team"]\npolicies               ["app" "default" "team"]\ntoken_meta_username    ann\n',
  },
  {
    line: "delete identity/group/name/devs",
    out: "Success! Data deleted (if it existed) at: identity/group/name/devs\n",
  },
  { line: "read identity/group/name/devs", err: "No value found at identity/group/name/devs\n", code: 2 },
  {
    line: "delete identity/entity/name/ann",
    out: "Success! Data deleted (if it existed) at: identity/entity/name/ann\n",
  },
  { line: "list identity/entity/name", err: "No value found at identity/entity/name\n", code: 2 },
  { line: "list -detailed identity/entity/name", err: "No value found at identity/entity/name\n", code: 2 },
  { line: "token create -policy=default -field=token", keep: { tokDefault: /(.+)/ }, out: "@tokDefault@" },
  { line: "write cubbyhole/mine a=b", out: "Success! Data written to: cubbyhole/mine\n" },
  { line: "read cubbyhole/mine", out: "Key    Value\n---    -----\na      b\n" },
  { line: "list cubbyhole", out: "Keys\n----\nmine\n" },
  { line: "delete cubbyhole/mine", out: "Success! Data deleted (if it existed) at: cubbyhole/mine\n" },
  { line: "read cubbyhole/mine", err: "No value found at cubbyhole/mine\n", code: 2 },
  {
    line: "auth tune -user-lockout-threshold=2 -user-lockout-duration=10m userpass",
    out: "Success! Tuned the auth method at: userpass/\n",
  },
  { line: "login -method=userpass username=ann password=wrong", out: "", err: "<more>", code: 2 },
  { line: "login -method=userpass username=ann password=wrong", out: "", err: "<more>", code: 2 },
  // Locked: the right password does not help, and the answer is the one of every refusal.
  {
    line: "login -method=userpass username=ann password='correct horse'",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/userpass/login/ann\nCode: 403. Errors:\n\n* permission denied\n",
    code: 2,
  },
  {
    line: "read sys/locked-users",
    out: "Key             Value\n---             -----\nby_namespace    [map[counts:1 mount_accessors:[map[alias_identifiers:[ann] counts:1 mount_accessor:@v_mount@]] namespace_id:root namespace_path:]]\ntotal           1\n",
  },
  { line: "read -format=json sys/locked-users", out: '{<more>"total": 1<more>' },
  {
    line: "write -f sys/locked-users/@v_mount@/unlock/ann",
    out: "Success! Data written to: sys/locked-users/@v_mount@/unlock/ann\n",
  },
  { line: "login -method=userpass -token-only username=ann password='correct horse'", out: "<token>" },
  {
    line: "write sys/quotas/rate-limit/few path=auth/userpass rate=2 interval=1m",
    out: "Success! Data written to: sys/quotas/rate-limit/few\n",
  },
  { line: "list sys/quotas/rate-limit", out: "Keys\n----\nfew\n" },
  {
    line: "read sys/quotas/rate-limit/few",
    out: "Key               Value\n---               -----\nblock_interval    0\ninheritable       false\ninterval          60\nname              few\npath              auth/userpass/\nrate              2\nrole              n/a\ntype              rate-limit\n",
  },
  { line: "login -method=userpass -token-only username=ann password='correct horse'", out: "<token>" },
  { line: "login -method=userpass -token-only username=ann password='correct horse'", out: "<token>" },
  {
    line: "login -method=userpass username=ann password='correct horse'",
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/userpass/login/ann\nCode: 429. Errors:\n\n* request path "auth/userpass/login/ann": rate limit quota exceeded\n',
    code: 2,
  },
  {
    line: "delete sys/quotas/rate-limit/few",
    out: "Success! Data deleted (if it existed) at: sys/quotas/rate-limit/few\n",
  },
  { line: "login -method=userpass -token-only username=ann password='correct horse'", out: "<token>" },
  {
    line: "write sys/policies/password/pw policy=@pw.hcl",
    out: "Success! Data written to: sys/policies/password/pw\n",
  },
  { line: "read -field=password sys/policies/password/pw/generate", out: "<any>" },
  { line: "write -field=random_bytes sys/tools/random/4 format=hex", out: "<accessor>" },
  {
    line: "write sys/tools/hash input=YQ==",
    out: "Key    Value\n---    -----\nsum    ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n",
  },
  { line: "read sys/none", err: "No value found at sys/none\n", code: 2 },
  {
    line: "read secret/none",
    env: { VAULT_TOKEN: "@tokDefault@" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/secret/none\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read secret/none" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "policy explain read secret/none",
    env: { VAULT_TOKEN: "wrong" },
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/policy-explain\nCode: 403. Errors:\n\n* permission denied\n\nHint: the token is not good, or its policies do not let it ask: the policy "default" lets everybody ask about\nhimself, asking about another token needs sudo on sys/policy-explain.\n',
    code: 2,
  },
  {
    line: "write sys/mounts/a/../b type=kv",
    err: 'Error making API request.\n\nURL: PUT @address@/v1/sys/mounts/a/../b\nCode: 400. Errors:\n\n* the path must not hold "." or ".." as a segment\n',
    code: 2,
  },
];
