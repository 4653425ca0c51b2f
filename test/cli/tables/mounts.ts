/** secrets, auth and audit: enable, list, tune, move with every flag; kv's versions by the command line. */
import type { Row } from "./row.ts";

export const mountRows: readonly Row[] = [
  {
    line: "secrets enable -path=team -description='Of the team' -local -seal-wrap -force-no-cache -default-lease-ttl=1h -max-lease-ttl=24h -options=version=2 kv",
    out: "Success! Enabled the kv secrets engine at: team/\n",
  },
  {
    line: "secrets list -detailed",
    out: "Path          Plugin       Accessor              Default TTL    Max TTL    Force No Cache    Replication    Seal Wrap    External Entropy Access    Options           Description                                                UUID                                    Version    Running Version<any>\n----          ------       --------              -----------    -------    --------------    -----------    ---------    -----------------------    -------           -----------                                                ----                                    -------    <any>\ncubbyhole/    cubbyhole    cubbyhole_<accessor>    n/a            n/a        false             local          false        false                      map[]             per-token private secret storage                           <uuid>    n/a        <any>\nidentity/     identity     identity_<accessor>     system         system     false             replicated     false        false                      map[]             identity store                                             <uuid>    n/a        <any>\nsys/          system       system_<accessor>       n/a            n/a        false             replicated     false        false                      map[]             system endpoints used for control, policy and debugging    <uuid>    n/a        <any>\nteam/         kv           kv_<accessor>           3600           86400      true              local          true         false                      map[version:2]    Of the team                                                <uuid>    n/a        <any>\n",
  },
  { line: "secrets list -detailed -format=json", out: '{\n<more>"team/": {<more>' },
  { line: "read -field=local sys/mounts/team", out: "true" },
  {
    line: "read sys/mounts/team/tune",
    out: "Key                  Value\n---                  -----\ndefault_lease_ttl    3600\ndescription          Of the team\nforce_no_cache       true\nmax_lease_ttl        86400\noptions              map[version:2]\n",
  },
  {
    line: "secrets tune -default-lease-ttl=2h -max-lease-ttl=4h -description=Ours -listing-visibility=unauth -passthrough-request-headers=X-One -passthrough-request-headers=X-Two -allowed-response-headers=X-Three -audit-non-hmac-request-keys=a -audit-non-hmac-request-keys=b -audit-non-hmac-response-keys=c team",
    out: "Success! Tuned the secrets engine at: team/\n",
  },
  {
    line: "read sys/mounts/team/tune",
    out: "Key                             Value\n---                             -----\nallowed_response_headers        [X-Three]\naudit_non_hmac_request_keys     [a b]\naudit_non_hmac_response_keys    [c]\ndefault_lease_ttl               7200\ndescription                     Ours\nforce_no_cache                  true\nlisting_visibility              unauth\nmax_lease_ttl                   14400\noptions                         map[version:2]\npassthrough_request_headers     [X-One X-Two]\n",
  },
  {
    line: "secrets tune -listing-visibility=moon team",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/mounts/team/tune\nCode: 400. Errors:\n\n* field "listing_visibility" must be one of "", "hidden", "unauth"\n',
    code: 2,
  },
  {
    line: "secrets tune -max-lease-ttl=soon team",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/mounts/team/tune\nCode: 400. Errors:\n\n* field "max_lease_ttl" must be a duration: seconds (90) or a form such as 1h30m\n',
    code: 2,
  },
  {
    line: "secrets tune none",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/mounts/none/tune\nCode: 400. Errors:\n\n* no mount at "none/"\n',
    code: 2,
  },
  { line: "secrets enable -path=old kv", out: "Success! Enabled the kv secrets engine at: old/\n" },
  { line: "kv put old/app a=1", out: "Success! Data written to: old/app\n" },
  { line: "kv get old/app", out: "== Data ==\nKey    Value\n---    -----\na      1\n" },
  { line: "kv enable-versioning old", out: "Success! Tuned the secrets engine at: old/\n" },
  {
    line: "kv get old/app",
    out: "== Secret Path ==\nold/data/app\n\n======= Metadata =======\n<more>version            1\n\n== Data ==\nKey    Value\n---    -----\na      1\n",
  },
  {
    line: "kv enable-versioning none",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/mounts/none/tune\nCode: 400. Errors:\n\n* no mount at "none/"\n',
    code: 2,
  },
  { line: "secrets enable -path=older -version=1 kv", out: "Success! Enabled the kv secrets engine at: older/\n" },
  { line: "secrets tune -version=2 older", out: "Success! Tuned the secrets engine at: older/\n" },
  { line: "read -field=options sys/mounts/older", out: "map[version:2]" },
  {
    line: "kv put old/app a=2 empty=",
    out: "== Secret Path ==\nold/data/app\n\n======= Metadata =======\nKey                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            2\n",
  },
  { line: "kv get old/app", out: "<more>====\nKey      Value\n---      -----\na        2\nempty    n/a\n" },
  {
    line: "kv rollback -version=1 old/app",
    out: "== Secret Path ==\nold/data/app\n\n======= Metadata =======\nKey                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            3\n",
  },
  { line: "kv get -field=a old/app", out: "1" },
  { line: "kv rollback -version=9 old/app", err: "No value found at old/data/app\n", code: 2 },
  { line: "kv rollback -version=0 old/app", err: "Version flag must be specified and be a version number\n", code: 1 },
  { line: "kv rollback -version=1 old/none", err: "No value found at old/data/none\n", code: 2 },
  {
    line: "kv rollback -mount=old -version=2 app",
    out: "== Secret Path ==\nold/data/app\n\n======= Metadata =======\nKey                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            4\n",
  },
  {
    line: "patch old/data/app data=x",
    err: 'Error making API request.\n\nURL: PATCH @address@/v1/old/data/app\nCode: 400. Errors:\n\n* field "data" must be an object\n',
    code: 2,
  },
  {
    line: "patch old/data/app -",
    stdin: '{"data":{"b":"3"}}',
    out: "Key                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            5\n",
  },
  { line: "patch -field=version old/data/app -", stdin: '{"data":{"b":null}}', out: "6" },
  {
    line: "kv get -format=json -version=5 old/app",
    out: '{<more>"data": {\n      "a": "2",\n      "b": "3",\n      "empty": ""\n    },<more>',
  },
  {
    line: "patch -force old/data/none",
    err: "Error making API request.\n\nURL: PATCH @address@/v1/old/data/none\nCode: 400. Errors:\n\n* no data provided\n",
    code: 2,
  },
  {
    line: "kv metadata put -cas-required -max-versions=3 -delete-version-after=24h -custom-metadata=owner=ann old/app",
    out: "Success! Data written to: old/metadata/app\n",
  },
  { line: "read -field=cas_required old/metadata/app", out: "true" },
  {
    line: "kv put old/app a=4",
    err: "Error making API request.\n\nURL: PUT @address@/v1/old/data/app\nCode: 400. Errors:\n\n* check-and-set parameter required for this call\n",
    code: 2,
  },
  { line: "kv put -cas=6 old/app a=4", out: "<more>version            7\n" },
  {
    line: "kv metadata patch -cas-required=false -remove-custom-metadata=owner old/app",
    out: "Success! Data written to: old/metadata/app\n",
  },
  { line: "kv metadata get old/app", out: "= Metadata Path =\nold/metadata/app\n\n<more>" },
  { line: "kv metadata put -max-versions=many old/app", err: "-max-versions takes whole numbers, not many\n", code: 1 },
  { line: "kv get -wrap-ttl=1m -field=wrapping_token old/app", out: "<token>" },
  {
    line: "kv put -wrap-ttl=1m old/app a=5",
    out: "Key                              Value\n---                              -----\nwrapping_token:                  <token>\nwrapping_accessor:               <accessor>\nwrapping_token_ttl:              1m\nwrapping_token_creation_time:    <time>\nwrapping_token_creation_path:    old/data/app\n",
  },
  {
    line: "secrets move old new",
    out: "Started moving secrets engine old/ to new/, with migration ID <uuid>\nSuccess! Finished moving secrets engine old/ to new/, with migration ID <uuid>\n",
  },
  { line: "kv get -field=a new/app", out: "5" },
  {
    line: "kv get old/app",
    err: 'Error making API request.\n\nURL: GET @address@/v1/sys/internal/ui/mounts/old/app\nCode: 403. Errors:\n\n* preflight capability check returned 403, please ensure client\'s policies grant access to path "old/app/"\n',
    code: 2,
  },
  {
    line: "secrets move none other",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/remount\nCode: 400. Errors:\n\n* no matching mount at "none/"\n',
    code: 2,
  },
  {
    line: "secrets move new sys/x",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/remount\nCode: 400. Errors:\n\n* cannot mount "sys/x/": it is reserved\n',
    code: 2,
  },
  { line: "secrets move new", err: "error: missing required argument 'to'\n<more>", code: 1 },
  {
    line: "auth enable -path=people -description=People -token-type=batch -user-lockout-threshold=2 -user-lockout-duration=10m -user-lockout-counter-reset-duration=10m userpass",
    out: "Success! Enabled userpass auth method at: people/\n",
  },
  {
    line: "auth list",
    out: "Path       Type        Accessor                  Description\n----       ----        --------                  -----------\npeople/    userpass    auth_userpass_<accessor>    People\ntoken/     token       auth_token_<accessor>       token based credentials\n",
  },
  {
    line: "auth list -detailed",
    out: "Path       Plugin      Accessor                  Default TTL    Max TTL    Token Type         Replication    Seal Wrap    External Entropy Access    Options    Description                UUID                                    Version    Running Version<any>\n----       ------      --------                  -----------    -------    ----------         -----------    ---------    -----------------------    -------    -----------                ----                                    -------    <any>\npeople/    userpass    auth_userpass_<accessor>    system         system     batch              replicated     false        false                      map[]      People                     <uuid>    n/a        <any>\ntoken/     token       auth_token_<accessor>       system         system     default-service    replicated     false        false                      map[]      token based credentials    <uuid>    n/a        <any>\n",
  },
  {
    line: "read sys/auth/people/tune",
    out: "Key                                    Value\n---                                    -----\ndefault_lease_ttl                      2764800\ndescription                            People\nforce_no_cache                         false\nmax_lease_ttl                          2764800\ntoken_type                             batch\nuser_lockout_counter_reset_duration    600\nuser_lockout_disable                   false\nuser_lockout_duration                  600\nuser_lockout_threshold                 2\n",
  },
  {
    line: "auth tune -token-type=service -user-lockout-disable -description=Others people",
    out: "Success! Tuned the auth method at: people/\n",
  },
  { line: "read -field=user_lockout_disable sys/auth/people/tune", out: "true" },
  {
    line: "auth tune -user-lockout-disable=false -default-lease-ttl=1h -max-lease-ttl=2h -listing-visibility=hidden people/",
    out: "Success! Tuned the auth method at: people/\n",
  },
  {
    line: "read sys/auth/people/tune",
    out: "Key                                    Value\n---                                    -----\ndefault_lease_ttl                      3600\ndescription                            Others\nforce_no_cache                         false\nlisting_visibility                     hidden\nmax_lease_ttl                          7200\ntoken_type                             service\nuser_lockout_counter_reset_duration    600\nuser_lockout_disable                   false\nuser_lockout_duration                  600\nuser_lockout_threshold                 2\n",
  },
  {
    line: "auth tune -token-type=moon people",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/auth/people/tune\nCode: 400. Errors:\n\n* field "token_type" must be one of "", "default-service", "default-batch", "service", "batch"\n',
    code: 2,
  },
  {
    line: "auth tune none",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/auth/none/tune\nCode: 400. Errors:\n\n* no mount at "auth/none/"\n',
    code: 2,
  },
  {
    line: "auth enable -path=people userpass",
    err: "Error making API request.\n\nURL: POST @address@/v1/sys/auth/people\nCode: 400. Errors:\n\n* path is already in use at auth/people/\n",
    code: 2,
  },
  {
    line: "auth move people folk",
    out: "Started moving auth method auth/people/ to auth/folk/, with migration ID <uuid>\nSuccess! Finished moving auth method auth/people/ to auth/folk/, with migration ID <uuid>\n",
  },
  {
    line: "auth move auth/folk auth/people",
    out: "Started moving auth method auth/folk/ to auth/people/, with migration ID <uuid>\nSuccess! Finished moving auth method auth/folk/ to auth/people/, with migration ID <uuid>\n",
  },
  { line: "auth list -format=json", out: '{\n  "people/": {<more>' },
  {
    line: "auth move token people2",
    err: 'Error making API request.\n\nURL: POST @address@/v1/sys/remount\nCode: 400. Errors:\n\n* cannot remount "auth/token/"\n',
    code: 2,
  },
  { line: "auth disable people", out: "Success! Disabled the auth method (if it existed) at: people/\n" },
  {
    line: "audit enable -path=one -description=First -local file file_path=@audit@ log_raw=true",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/audit/one\nCode: 400. Errors:\n\n* log_raw is not supported: secrets are never written in clear\n",
    code: 2,
  },
  {
    line: "audit enable file file_path=@audit@ mode=moon",
    err: 'Error making API request.\n\nURL: PUT @address@/v1/sys/audit/file\nCode: 400. Errors:\n\n* mode must be octal, such as "0600"\n',
    code: 2,
  },
  { line: "audit enable -path=one file file_path=@audit@", out: "Success! Enabled the file audit device at: one/\n" },
  {
    line: "audit enable socket address=127.0.0.1:9",
    err: 'Error making API request.\n\nURL: PUT @address@/v1/sys/audit/socket\nCode: 400. Errors:\n\n* unknown audit device type "socket": use "file"\n',
    code: 2,
  },
  {
    line: "audit list -detailed",
    out: "Path    Type    Description    Replication    Options\n----    ----    -----------    -----------    -------\none/    file    n/a            replicated     file_path=@audit@\n",
  },
  {
    line: "audit list -format=json",
    out: '{\n  "one/": {\n    "description": "",\n    "local": false,\n    "options": {\n      "file_path": "@audit@"\n    },\n    "path": "one/",\n    "type": "file"\n  }\n}\n',
  },
  {
    line: "audit enable -output-curl-string file file_path=a",
    out: 'curl -X PUT -H "X-Vault-Token: $(oksae print token)" -H \'X-Vault-Request: true\' -d \'{"type":"file","description":"","options":{"file_path":"a"},"local":false}\' @address@/v1/sys/audit/file\n',
  },
  { line: "write -field=hash sys/audit-hash/one input=a", out: "hmac-sha256:<any>" },
  { line: "audit disable one", out: "Success! Disabled audit device (if it was enabled) at: one/\n" },
  { line: "audit disable one", out: "Success! Disabled audit device (if it was enabled) at: one/\n" },
];
