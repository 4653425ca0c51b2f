/** The server's keys: rekey and generate-root from the beginning to the end, rotate, status, what there is none of. */
import type { Row } from "./row.ts";

export const operatorRows: readonly Row[] = [
  { line: "operator rekey -status", out: "Key        Value\n---        -----\nNonce      n/a\nStarted    false\n" },
  {
    line: "operator rekey @key@",
    err: "No rekey is in progress. Start a rekey process by specifying the -init flag.\n",
    code: 1,
  },
  {
    line: "operator rekey -init -key-shares=1 -key-threshold=1",
    keep: { nonceOne: /Nonce +(\S+)/ },
    out: "Key                      Value\n---                      -----\nNonce                    @nonceOne@\nStarted                  true\nRekey Progress           0/1\nNew Shares               1\nNew Threshold            1\nVerification Required    false\n",
  },
  {
    line: "operator rekey -init -n=1 -t=1",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/init\nCode: 400. Errors:\n\n* rekey already in progress\n",
    code: 2,
  },
  {
    line: "operator rekey -status",
    out: "Key                      Value\n---                      -----\nNonce                    @nonceOne@\nStarted                  true\nRekey Progress           0/1\nNew Shares               1\nNew Threshold            1\nVerification Required    false\n",
  },
  {
    line: "operator rekey -status -format=json",
    out: '{\n  "nonce": "@nonceOne@",\n  "started": true,\n  "t": 1,\n  "n": 1,\n  "progress": 0,\n  "required": 1,\n  "pgp_fingerprints": null,\n  "backup": false,\n  "verification_required": false\n}\n',
  },
  {
    line: "operator rekey -cancel -nonce=00000000-0000-0000-0000-000000000000",
    env: { VAULT_TOKEN: "" },
    err: 'Error making API request.\n\nURL: DELETE @address@/v1/sys/rekey/init?nonce=<uuid>\nCode: 400. Errors:\n\n* this needs the "nonce" of the rekey operation, or a token with sudo on this path\n',
    code: 2,
  },
  {
    line: "operator rekey -cancel -nonce=@nonceOne@",
    env: { VAULT_TOKEN: "" },
    out: "Success! Canceled rekeying (if it was started)\n",
  },
  { line: "operator rekey -cancel", out: "Success! Canceled rekeying (if it was started)\n" },
  {
    line: "operator rekey -init -key-shares=2 -key-threshold=3",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/init\nCode: 400. Errors:\n\n* threshold cannot be larger than shares\n",
    code: 2,
  },
  {
    line: "operator rekey -init -n 2 -t 2",
    keep: { nonceTwo: /Nonce +(\S+)/ },
    out: "Key                      Value\n---                      -----\nNonce                    @nonceTwo@\nStarted                  true\nRekey Progress           0/1\nNew Shares               2\nNew Threshold            2\nVerification Required    false\n",
  },
  {
    line: "operator rekey -nonce=wrong @key@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/update\nCode: 400. Errors:\n\n* incorrect nonce supplied for this rekey operation\n",
    code: 2,
  },
  {
    line: "operator rekey nonsense",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/update\nCode: 400. Errors:\n\n* key has 6 bytes, a share of this storage has 32\n",
    code: 2,
  },
  {
    line: "operator rekey -nonce=@nonceTwo@ -",
    stdin: "@key@\n",
    keep: { v_one: /Key 1: (\S+)/, v_two: /Key 2: (\S+)/ },
    out: "\nKey 1: @v_one@\nKey 2: @v_two@\n\nOperation nonce: @nonceTwo@\n\nVault unseal keys rekeyed with 2 key shares and a key threshold of 2. Please\nsecurely distribute the key shares printed above. When the server is re-sealed, restarted,\nor stopped, you must supply at least 2 of these keys to unseal it before it can\nstart servicing requests.\n",
  },
  {
    line: "operator rekey -init -verify -n=1 -t=1",
    keep: { nonceThree: /Nonce +(\S+)/ },
    out: "Key                      Value\n---                      -----\nNonce                    @nonceThree@\nStarted                  true\nRekey Progress           0/2\nNew Shares               1\nNew Threshold            1\nVerification Required    true\n",
  },
  {
    line: "operator rekey -nonce=@nonceThree@ @v_one@",
    out: "Key                      Value\n---                      -----\nNonce                    @nonceThree@\nStarted                  true\nRekey Progress           1/2\nNew Shares               1\nNew Threshold            1\nVerification Required    true\n",
  },
  {
    line: "operator rekey -nonce=@nonceThree@ @v_one@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/update\nCode: 400. Errors:\n\n* given key has already been provided during this rekey operation\n",
    code: 2,
  },
  {
    line: "operator rekey -nonce=@nonceThree@ @v_two@",
    keep: { v_new: /Key 1: (\S+)/, nonceFour: /Verification nonce: (\S+)/ },
    out: '\nKey 1: @v_new@\n\nOperation nonce: @nonceThree@\n\nThe server has made a new key, split into 1 key shares with a threshold of 1. They do\nnot count yet: give 1 of them back with "oksae operator rekey -verify". Until then the old ones\nopen the server.\n\nVerification nonce: @nonceFour@\n',
  },
  {
    line: "operator rekey -verify -status",
    out: "Key                      Value\n---                      -----\nStarted                  true\nNew Shares               1\nNew Threshold            1\nVerification Nonce       @nonceFour@\nVerification Progress    0/1\n",
  },
  {
    line: "operator rekey -verify -nonce=@nonceFour@ @v_one@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/rekey/verify\nCode: 400. Errors:\n\n* key has 33 bytes, a share of this storage has 32\n",
    code: 2,
  },
  {
    line: "operator rekey -verify -nonce=@nonceFour@ @v_new@",
    out: "Success! The new key shares have been verified. From now on they open the server,\nthe old ones no longer do.\n",
  },
  {
    line: "operator rekey -verify -cancel",
    err: "Error making API request.\n\nURL: DELETE @address@/v1/sys/rekey/verify\nCode: 400. Errors:\n\n* no barrier rekey in progress\n",
    code: 2,
  },
  { line: "operator seal", out: "Success! Vault is sealed.\n" },
  { line: "operator unseal @v_new@", out: "<more>Sealed          false\n<more>" },
  {
    line: "operator rekey -target=recovery -status",
    err: "Error making API request.\n\nURL: GET @address@/v1/sys/rekey-recovery-key/init\nCode: 400. Errors:\n\n* recovery rekeying not supported\n",
    code: 2,
  },
  {
    line: "operator rekey -init -pgp-keys=keybase:ann",
    err: "PGP keys are not supported: hand each share to its holder yourself\n",
    code: 1,
  },
  {
    line: "operator rekey -init -backup",
    err: "new shares are shown once and never stored: there is no -backup\n",
    code: 1,
  },
  {
    line: "operator generate-root -status",
    out: "Nonce         n/a\nStarted       false\nProgress      0/1\nComplete      false\nOTP Length    42\n",
  },
  {
    line: "operator generate-root @v_new@",
    err: "No root generation is in progress. Start one with the -init flag.\n",
    code: 1,
  },
  { line: "operator generate-root -generate-otp", keep: { v_otp: /(.+)/ }, out: "@v_otp@\n" },
  {
    line: "operator generate-root -init -otp=short",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/generate-root/attempt\nCode: 400. Errors:\n\n* OTP string is wrong length: it must have 42 bytes (otp_length)\n",
    code: 2,
  },
  {
    line: "operator generate-root -init -otp=@v_otp@",
    keep: { nonceFive: /Nonce +(\S+)/ },
    out: "Nonce         @nonceFive@\nStarted       true\nProgress      0/1\nComplete      false\nOTP Length    42\n",
  },
  {
    line: "operator generate-root -init",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/generate-root/attempt\nCode: 400. Errors:\n\n* root generation already in progress\n",
    code: 2,
  },
  {
    line: "operator generate-root -cancel",
    env: { VAULT_TOKEN: "" },
    err: 'Error making API request.\n\nURL: DELETE @address@/v1/sys/generate-root/attempt\nCode: 400. Errors:\n\n* this needs the "nonce" of the root generation operation, or a token with sudo on this path\n',
    code: 2,
  },
  { line: "operator generate-root -cancel", out: "Success! Root token generation canceled (if it was started)\n" },
  {
    line: "operator generate-root -init",
    keep: { nonceSix: /Nonce +(\S+)/, v_pad: /\nOTP +(\S+)/ },
    out: "A One-Time-Password has been generated for you and is shown in the OTP field.\nYou will need this value to decode the resulting root token, so keep it safe.\nNonce         @nonceSix@\nStarted       true\nProgress      0/1\nComplete      false\nOTP           @v_pad@\nOTP Length    42\n",
  },
  {
    line: "operator generate-root -status -format=json",
    out: '{\n  "nonce": "@nonceSix@",\n  "started": true,\n  "progress": 0,\n  "required": 1,\n  "complete": false,\n  "encoded_token": "",\n  "encoded_root_token": "",\n  "pgp_fingerprint": "",\n  "otp": "",\n  "otp_length": 42\n}\n',
  },
  {
    line: "operator generate-root -nonce=wrong @v_new@",
    err: "Error making API request.\n\nURL: PUT @address@/v1/sys/generate-root/update\nCode: 400. Errors:\n\n* incorrect nonce supplied for this root generation operation\n",
    code: 2,
  },
  {
    line: "operator generate-root -nonce=@nonceSix@ -",
    stdin: "@v_new@",
    keep: { v_enc: /Encoded Token +(\S+)/ },
    out: "Nonce            @nonceSix@\nStarted          true\nProgress         1/1\nComplete         true\nOTP Length       42\nEncoded Token    @v_enc@\n",
  },
  { line: "operator generate-root -decode=@v_enc@ -otp=@v_pad@", keep: { tokNew: /(.+)/ }, out: "@tokNew@\n" },
  { line: "operator generate-root -decode=@v_enc@ -otp=@v_pad@ -format=json", out: '{\n  "token": "@tokNew@"\n}\n' },
  {
    line: "operator generate-root -decode=@v_enc@",
    err: "-decode needs the -otp that -init printed: the two have different lengths\n",
    code: 1,
  },
  { line: "token lookup -field=policies", env: { VAULT_TOKEN: "@tokNew@" }, out: "[root]" },
  {
    line: "operator generate-root -pgp-key=a -init",
    err: "PGP keys are not supported: -otp protects the token\n",
    code: 1,
  },
  {
    line: "operator key-status",
    out: "Key Term            1\nInstall Time        <number> <any> <number> <number>:<number> UTC\nEncryption Count    <number>\n",
  },
  {
    line: "operator rotate",
    out: "Success! Rotated key\n\nKey Term            2\nInstall Time        <number> <any> <number> <number>:<number> UTC\nEncryption Count    <number>\n",
  },
  {
    line: "operator key-status -format=json",
    out: '{\n  "term": 2,\n  "install_time": "<time>",\n  "encryptions": <number>\n}\n',
  },
  {
    line: "operator key-status",
    env: { VAULT_TOKEN: "" },
    err: 'Error making API request.\n\nURL: GET @address@/v1/sys/key-status\nCode: 403. Errors:\n\n* permission denied\n\nHint: "oksae policy explain read sys/key-status" tells why, if the token is good.\n',
    code: 2,
  },
  {
    line: "read sys/rotate/config",
    out: "Key               Value\n---               -----\nenabled           true\ninterval          0\nmax_operations    2147483648\n",
  },
  {
    line: "operator members",
    out: "Host Name    API Address    Cluster Address    Active Node    Version               Last Echo<any>\n---------    -----------    ---------------    -----------    -------               <any>\nn/a          n/a            n/a                true           <any>\n",
  },
  {
    line: "operator members -format=json",
    out: '{\n  "nodes": [\n    {\n      "active_node": true,\n      "api_address": "",\n      "cluster_address": "",\n      "hostname": "",\n      "last_echo": null,\n      "version": "<any>"\n    }\n  ]\n}\n',
  },
  { line: "operator step-down", out: "Success! Stepped down: @address@\n" },
  {
    line: "version-history",
    out: "Version               Installation Time<any>\n-------               <any>\n<any>\n",
  },
  {
    line: "version-history -format=json",
    out: '{\n  "keys": [\n    "<any>"\n  ],\n  "key_info": {\n    "<any>": {\n      "build_date": "",\n      "previous_version": null,\n      "timestamp_installed": "<time>"\n    }\n  }\n}\n',
  },
  {
    line: "operator init -pgp-keys=keybase:ann",
    err: "PGP keys are not supported: hand each share to its holder yourself, and revoke the root token once it has done its work\n",
    code: 1,
  },
  {
    line: "operator init -root-token-pgp-key=keybase:ann",
    err: "PGP keys are not supported: hand each share to its holder yourself, and revoke the root token once it has done its work\n",
    code: 1,
  },
  {
    line: "operator init -recovery-shares=1 -recovery-threshold=1",
    err: "recovery keys belong to a seal that opens by itself: use -key-shares and -key-threshold\n",
    code: 1,
  },
  {
    line: "operator init -stored-shares=1",
    err: "key shares are not stored: -stored-shares can be 0 alone\n",
    code: 1,
  },
  {
    line: "operator unseal -migrate @v_new@",
    err: "there is one kind of seal, shamir: nothing to -migrate\n",
    code: 1,
  },
  {
    line: "operator raft list-peers",
    err: "oksae operator raft: there is no raft, and one kind of store: docs/operations.md tells how it is saved\n",
    code: 1,
  },
  {
    line: "operator raft snapshot save -token=x file",
    err: "oksae operator raft: there is no raft, and one kind of store: docs/operations.md tells how it is saved\n",
    code: 1,
  },
  {
    line: "operator migrate -config=a",
    err: "oksae operator migrate: there is no raft, and one kind of store: docs/operations.md tells how it is saved\n",
    code: 1,
  },
  {
    line: "operator diagnose -config=a",
    err: 'oksae operator diagnose: there is no diagnosis: "oksae server -config FILE" names what does not open\n',
    code: 1,
  },
  {
    line: "operator usage",
    err: "oksae operator usage: clients are not counted: sys/internal/counters/tokens and sys/internal/counters/entities tell how many there are\n",
    code: 1,
  },
  {
    line: "namespace list",
    err: "oksae namespace: namespaces are not supported: mounts and policies keep teams apart\n",
    code: 1,
  },
  {
    line: "debug -duration=1m",
    err: 'oksae debug: there is no debug bundle: "oksae status", "oksae read sys/host-info" and sys/metrics show the server\'s state\n',
    code: 1,
  },
  {
    line: "monitor -log-level=debug",
    err: "oksae monitor: logs are not streamed: read them where the server writes them; sys/loggers sets how much\n",
    code: 1,
  },
  { line: "transit import -h", err: "oksae transit: there is no transit engine yet\n", code: 1 },
  {
    line: "plugin register -sha256=a secret name",
    err: "oksae plugin register: there are no plugins here: all engines and auth methods are part of the server (oksae plugin list)\n",
    code: 1,
  },
  {
    line: "plugin list",
    out: "Name        Type      Version\n----        ----      -------\napprole     auth      <any>\naws         auth      <any>\ngithub      auth      <any>\njwt         auth      <any>\nldap        auth      <any>\nuserpass    auth      <any>\nkv          secret    <any>\nlender      secret    <any>\n",
  },
  {
    line: "plugin list auth",
    out: "Name        Type    Version\n----        ----    -------\napprole     auth    <any>\naws         auth    <any>\ngithub      auth    <any>\njwt         auth    <any>\nldap        auth    <any>\nuserpass    auth    <any>\n",
  },
  {
    line: "plugin list -detailed secret",
    out: "Name      Type      Version                 Deprecation Status\n----      ----      -------                 ------------------\nkv        secret    <any>    supported\nlender    secret    <any>    supported\n",
  },
  { line: "plugin list moon", err: "the type must be auth, database, secret, not moon\n", code: 1 },
  {
    line: "plugin list -format=json secret",
    out: '[\n  {\n    "builtin": true,\n    "deprecation_status": "supported",\n    "name": "kv",\n    "type": "secret",\n    "version": "<any>"\n  },\n  {\n    "builtin": true,\n    "deprecation_status": "supported",\n    "name": "lender",\n    "type": "secret",\n    "version": "<any>"\n  }\n]\n',
  },
  {
    line: "path-help sys/policy",
    out: "Request:        sys/policy\nMatching Route: policy\n\nThe policies\n\n## OPERATIONS\n\n    read\n        Lists the policies\n\n    list\n        Lists the policies\n",
  },
  { line: "path-help secret", err: "No help found for secret\n", code: 2 },
  { line: "path-help sys/none", err: "No help found for sys/none\n", code: 2 },
];
