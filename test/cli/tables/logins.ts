/** login by every method, what is kept and shown of it; auth help. */
import type { Row } from "./row.ts";

export const loginRows: readonly Row[] = [
  {
    line: "policy write team -",
    stdin: 'path "secret/*" { capabilities = ["read", "list"] }',
    out: "Success! Uploaded policy: team\n",
  },
  { line: "auth enable userpass", out: "Success! Enabled userpass auth method at: userpass/\n" },
  {
    line: "write auth/userpass/users/ann password='correct horse' token_policies=team token_ttl=1h",
    out: "Success! Data written to: auth/userpass/users/ann\n",
  },
  {
    line: "login -method=userpass username=ann password='correct horse'",
    env: { VAULT_TOKEN: "" },
    out: 'Success! You are now authenticated. The token information displayed below\nis already stored in the token helper. You do NOT need to run "oksae login"\nagain. Future requests will automatically use this token.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         1h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_username    ann\n',
  },
  { line: "token lookup -field=path", env: { VAULT_TOKEN: "" }, out: "auth/userpass/login/ann" },
  { line: "token lookup -field=display_name", env: { VAULT_TOKEN: "" }, out: "userpass-ann" },
  {
    line: "login -method=userpass username=ann password='correct horse'",
    out: "Success! <more>",
    err: "WARNING! VAULT_TOKEN is set, and goes before the token that is kept now: unset it to use this one.\n\n",
  },
  {
    line: "login -method=userpass username=ann",
    stdin: "correct horse\n",
    env: { VAULT_TOKEN: "" },
    out: "Success! <more>",
  },
  {
    line: "login -method=userpass -no-store username=ann password=@password.txt",
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         1h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_username    ann\n',
  },
  {
    line: "login -method=userpass -no-store -format=json username=ann password='correct horse'",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": null,\n  "warnings": null,\n  "auth": {\n    "accessor": "<accessor>",\n    "client_token": "<token>",\n    "entity_id": "<uuid>",\n    "lease_duration": 3600,\n    "metadata": {\n      "username": "ann"\n    },\n    "mfa_requirement": null,\n    "num_uses": 0,\n    "orphan": true,\n    "policies": [\n      "default",\n      "team"\n    ],\n    "renewable": true,\n    "token_policies": [\n      "default",\n      "team"\n    ],\n    "token_type": "service"\n  }\n}\n',
  },
  {
    line: "login -method=userpass -token-only username=ann password='correct horse'",
    keep: { tokAnn: /(.+)/ },
    out: "@tokAnn@",
  },
  { line: "print token", env: { VAULT_TOKEN: "@tokAnn@" }, out: "@tokAnn@\n" },
  { line: "login -method=userpass -field=token_duration -no-store username=ann password='correct horse'", out: "1h" },
  { line: "login -method=userpass -no-print username=ann password='correct horse'", env: { VAULT_TOKEN: "" } },
  {
    line: "login -method=userpass -no-store username=ANN password='correct horse' -field=token_meta_username",
    out: "ann",
  },
  {
    line: "login -method=userpass -no-store",
    env: { VAULT_USERNAME: "ann", VAULT_PASSWORD: "correct horse" },
    out: "Success! <more>",
  },
  {
    line: "login -method=userpass username=ann password=wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/userpass/login/ann\nCode: 400. Errors:\n\n* invalid username or password\n",
    code: 2,
  },
  {
    line: "login -method=userpass username=nobody password=wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/userpass/login/nobody\nCode: 400. Errors:\n\n* invalid username or password\n",
    code: 2,
  },
  {
    line: "login -method=userpass -non-interactive username=ann",
    stdin: "wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/userpass/login/ann\nCode: 400. Errors:\n\n* invalid username or password\n",
    code: 2,
  },
  {
    line: "login -method=userpass -path=none username=ann password=wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/none/login/ann\nCode: 403. Errors:\n\n* permission denied\n",
    code: 2,
  },
  {
    line: "login -method=userpass ann",
    err: 'Failed to parse K=V data: argument 1 has no "=": write key=value, key=@file or -\n',
    code: 1,
  },
  { line: "auth enable -path=people userpass", out: "Success! Enabled userpass auth method at: people/\n" },
  {
    line: "write auth/people/users/bob password='battery staple'",
    out: "Success! Data written to: auth/people/users/bob\n",
  },
  {
    line: "login -method=userpass -path=people -no-store -field=token_policies username=bob password='battery staple'",
    out: "[default]",
  },
  {
    line: "login -method=userpass -path=auth/people/ -no-store -field=token_meta_username username=bob password='battery staple'",
    out: "bob",
  },
  {
    line: "write auth/userpass/login/ann password='correct horse'",
    env: { VAULT_TOKEN: "" },
    out: 'Key                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         1h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_username    ann\n',
  },
  {
    line: "login -method=userpass -wrap-ttl=60s -no-store username=ann password='correct horse'",
    keep: { wrapOne: /wrapping_token: +(\S+)/ },
    out: "Key                              Value\n---                              -----\nwrapping_token:                  @wrapOne@\nwrapping_accessor:               <accessor>\nwrapping_token_ttl:              1m\nwrapping_token_creation_time:    <time>\nwrapping_token_creation_path:    auth/userpass/login/ann\nwrapped_accessor:                <accessor>\n",
  },
  {
    line: "login -method=userpass -wrap-ttl=60s -token-only username=ann password='correct horse'",
    keep: { wrapTwo: /(.+)/ },
    out: "@wrapTwo@",
  },
  { line: "unwrap -field=token_policies @wrapTwo@", out: "[default team]" },
  {
    line: "login -method=userpass -wrap-ttl=60s username=ann password='correct horse'",
    env: { VAULT_TOKEN: "" },
    out: 'Success! You are now authenticated. The token information displayed below\nis already stored in the token helper. You do NOT need to run "oksae login"\nagain. Future requests will automatically use this token.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         1h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_username    ann\n',
  },
  { line: "token lookup -field=display_name", env: { VAULT_TOKEN: "" }, out: "userpass-ann" },
  { line: "login -method=token -no-store @tokAnn@", out: "Success! <more>" },
  { line: "login -no-store token=@tokAnn@", out: "Success! <more>" },
  { line: "login -token-only @tokAnn@", out: "@tokAnn@" },
  { line: "token revoke -self", env: { VAULT_TOKEN: "@tokAnn@" }, out: "Success! Revoked token (if it existed)\n" },
  {
    line: "login @tokAnn@",
    err: "Error making API request.\n\nURL: GET @address@/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied\n",
    code: 2,
  },
  { line: "auth enable ldap", out: "Success! Enabled ldap auth method at: ldap/\n" },
  {
    line: "login -method=ldap username=ann password=x",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/ldap/login/ann\nCode: 400. Errors:\n\n* auth method not configured\n",
    code: 2,
  },
  {
    line: "write auth/ldap/config url=ldap://127.0.0.1 userdn=ou=people,dc=acme token_policies=team",
    out: "Success! Data written to: auth/ldap/config\n",
  },
  {
    line: "login -method=ldap -no-store username=ann password='correct horse'",
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         768h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_username    ann\n',
    err: 'WARNING! The following warnings were returned from the server:\n\n  * no LDAP groups found in groupDN ""; only policies from locally-defined groups available\n\n',
  },
  {
    line: "login -method=ldap -no-store -field=token_meta_username",
    env: { VAULT_LDAP_USERNAME: "ann", VAULT_LDAP_PASSWORD: "correct horse" },
    out: "ann",
    err: 'WARNING! The following warnings were returned from the server:\n\n  * no LDAP groups found in groupDN ""; only policies from locally-defined groups available\n\n',
  },
  {
    line: "login -method=ldap -no-store username=ann password=wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/ldap/login/ann\nCode: 400. Errors:\n\n* ldap operation failed: failed to bind as user\n",
    code: 2,
  },
  {
    line: "login -method=ldap -no-store username=ann password=''",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/ldap/login/ann\nCode: 400. Errors:\n\n* password cannot be of zero length when passwordless binds are being denied\n",
    code: 2,
  },
  { line: "auth enable github", out: "Success! Enabled github auth method at: github/\n" },
  {
    line: "write auth/github/config organization=acme base_url=@github@/",
    out: "Success! Data written to: auth/github/config\n",
  },
  {
    line: "write auth/github/map/teams/devs value=team",
    out: "Success! Data written to: auth/github/map/teams/devs\n",
  },
  {
    line: "login -method=github -no-store token=@githubToken@",
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                    Value\n---                    -----\ntoken                  <token>\ntoken_accessor         <accessor>\ntoken_duration         768h\ntoken_renewable        true\ntoken_policies         ["default" "team"]\nidentity_policies      []\npolicies               ["default" "team"]\ntoken_meta_org         acme\ntoken_meta_username    ann\n',
  },
  {
    line: "login -method=github -no-store -field=token_meta_org",
    env: { VAULT_AUTH_GITHUB_TOKEN: "@githubToken@" },
    out: "acme",
  },
  {
    line: "login -method=github -no-store -field=token_policies -",
    stdin: '{"token":"@githubToken@"}',
    out: "[default team]",
  },
  { line: "login -method=github -no-store", stdin: "@githubToken@\n", out: "Success! <more>" },
  {
    line: "login -method=github token=@strangerToken@",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/github/login\nCode: 400. Errors:\n\n* user is not part of required org\n",
    code: 2,
  },
  {
    line: "login -method=github token=wrong",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/github/login\nCode: 400. Errors:\n\n* GitHub does not take this token\n",
    code: 2,
  },
  { line: "auth enable jwt", out: "Success! Enabled jwt auth method at: jwt/\n" },
  {
    line: "write auth/jwt/config jwks_url=@issuer@/keys bound_issuer=@issuer@ default_role=ci",
    out: "Success! Data written to: auth/jwt/config\n",
    err: "WARNING! The following warnings were returned from the server:\n\n  * keys are fetched without TLS: whoever is in between can replace them\n\n",
  },
  {
    line: "write auth/jwt/role/ci role_type=jwt user_claim=sub bound_audiences=oksae token_policies=team token_ttl=20m",
    out: "Success! Data written to: auth/jwt/role/ci\n",
  },
  {
    line: "login -method=jwt -no-store role=ci jwt=@jwt@",
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                  Value\n---                  -----\ntoken                <token>\ntoken_accessor       <accessor>\ntoken_duration       20m\ntoken_renewable      true\ntoken_policies       ["default" "team"]\nidentity_policies    []\npolicies             ["default" "team"]\ntoken_meta_role      ci\n',
  },
  { line: "login -method=jwt -no-store -field=token_duration jwt=@jwt@", out: "20m" },
  { line: "login -method=jwt -no-store", stdin: "@jwt@\n", out: "Success! <more>" },
  {
    line: "login -method=jwt -no-store role=ci jwt=@oldJwt@",
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/jwt/login\nCode: 400. Errors:\n\n* error validating token: invalid expiration time (exp) claim: token is expired\n",
    code: 2,
  },
  {
    line: "login -method=jwt -no-store role=none jwt=@jwt@",
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/jwt/login\nCode: 400. Errors:\n\n* role "none" could not be found\n',
    code: 2,
  },
  { line: "auth enable aws", out: "Success! Enabled aws auth method at: aws/\n" },
  {
    line: "write auth/aws/config/client sts_endpoint=@sts@",
    out: "Success! Data written to: auth/aws/config/client\n",
  },
  {
    line: "write auth/aws/role/app bound_iam_principal_arn=@arn@ token_policies=team",
    out: "Success! Data written to: auth/aws/role/app\n",
  },
  {
    line: "login -method=aws -no-store role=app",
    env: { AWS_ACCESS_KEY_ID: "@awsId@", AWS_SECRET_ACCESS_KEY: "@awsSecret@" },
    out: 'Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN\nor give it to "oksae login" to use it.\n\nKey                          Value\n---                          -----\ntoken                        <token>\ntoken_accessor               <accessor>\ntoken_duration               768h\ntoken_renewable              true\ntoken_policies               ["default" "team"]\nidentity_policies            []\npolicies                     ["default" "team"]\ntoken_meta_account_id        123456789012\ntoken_meta_auth_type         iam\ntoken_meta_canonical_arn     arn:aws:iam::123456789012:user/ann\ntoken_meta_client_arn        arn:aws:iam::123456789012:user/ann\ntoken_meta_client_user_id    AIDAANN\ntoken_meta_role_id           <uuid>\n',
  },
  {
    line: "login -method=aws -no-store -field=token_policies role=app aws_access_key_id=@awsId@ aws_secret_access_key=@awsSecret@",
    out: "[default team]",
  },
  {
    line: "login -method=aws role=app",
    env: { AWS_ACCESS_KEY_ID: "@awsId@", AWS_SECRET_ACCESS_KEY: "wrong" },
    err: "Error making API request.\n\nURL: POST @address@/v1/auth/aws/login\nCode: 400. Errors:\n\n* error making upstream request: received error code 403 from STS: SignatureDoesNotMatch\n",
    code: 2,
  },
  {
    line: "login -method=aws role=none",
    env: { AWS_ACCESS_KEY_ID: "@awsId@", AWS_SECRET_ACCESS_KEY: "@awsSecret@" },
    err: 'Error making API request.\n\nURL: POST @address@/v1/auth/aws/login\nCode: 400. Errors:\n\n* entry for role "none" not found\n',
    code: 2,
  },
  { line: "auth enable approle", out: "Success! Enabled approle auth method at: approle/\n" },
  { line: "write auth/approle/role/app token_policies=team", out: "Success! Data written to: auth/approle/role/app\n" },
  { line: "read -field=role_id auth/approle/role/app/role-id", keep: { idRole: /(.+)/ }, out: "@idRole@" },
  { line: "write -f -field=secret_id auth/approle/role/app/secret-id", keep: { idSecret: /(.+)/ }, out: "@idSecret@" },
  {
    line: "write auth/approle/login role_id=@idRole@ secret_id=@idSecret@",
    out: 'Key                     Value\n---                     -----\ntoken                   <token>\ntoken_accessor          <accessor>\ntoken_duration          768h\ntoken_renewable         true\ntoken_policies          ["default" "team"]\nidentity_policies       []\npolicies                ["default" "team"]\ntoken_meta_role_name    app\n',
  },
  { line: "write -field=token auth/approle/login role_id=@idRole@ secret_id=@idSecret@", out: "<token>" },
  {
    line: "write auth/approle/login role_id=@idRole@ secret_id=wrong",
    err: "Error making API request.\n\nURL: PUT @address@/v1/auth/approle/login\nCode: 400. Errors:\n\n* invalid role or secret ID\n",
    code: 2,
  },
  {
    line: "login -method=approle",
    err: 'Unknown auth method: approle: use one of token, userpass, ldap, github, aws, jwt, or "oksae write auth/PATH/login"\n',
    code: 1,
  },
  {
    line: "auth help userpass",
    out: "Usage: oksae login -method=userpass [CONFIG K=V...]\n\nConfiguration:\n\n  username=<name>\n      who logs in (OKSAE_USERNAME, VAULT_USERNAME)\n\n  password=<text>\n      asked for when not given (OKSAE_PASSWORD, VAULT_PASSWORD)\n",
  },
  {
    line: "auth help people",
    out: "Usage: oksae login -method=userpass -path=people [CONFIG K=V...]\n\nConfiguration:\n\n  username=<name>\n      who logs in (OKSAE_USERNAME, VAULT_USERNAME)\n\n  password=<text>\n      asked for when not given (OKSAE_PASSWORD, VAULT_PASSWORD)\n",
  },
  {
    line: "auth help token",
    out: "Usage: oksae login [TOKEN]\n\nWithout an argument, or as -, the token is asked for, or read from standard input.\n",
  },
  {
    line: "auth help approle",
    err: 'no login from the command line for approle: see "oksae path-help auth/approle/login"\n',
    code: 1,
  },
  { line: "auth help none", err: 'No auth method found at "none"\n', code: 1 },
];
