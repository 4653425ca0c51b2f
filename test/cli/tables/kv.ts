/** kv on version 2 and version 1. */
import type { Row } from "./row.ts";

/** What a write answers: the title is as wide as the path, in Vault's arithmetic. */
const WRITTEN = (path: string, version: string): string => {
  const room = path.length - "Secret Path".length - 2;
  const signs = "=".repeat((room <= 0 ? 4 : room + (room % 2)) / 2);
  return `${signs} Secret Path ${signs}\n${path}\n\n======= Metadata =======\nKey                Value\n---                -----\ncreated_time       <time>\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            ${version}\n`;
};

export const kvRows: readonly Row[] = [
  { line: "secrets enable -path=kv2 -version=2 kv", out: "Success! Enabled the kv secrets engine at: kv2/\n" },
  { line: "secrets enable -path=kv1 -version=1 kv", out: "Success! Enabled the kv secrets engine at: kv1/\n" },
  { line: "kv put kv2/app/db user=app pass=one", out: WRITTEN("kv2/data/app/db", "1") },
  { line: "kv put -mount=kv2 app/db user=app pass=two", out: WRITTEN("kv2/data/app/db", "2") },
  {
    line: "kv get kv2/app/db",
    out: `${WRITTEN("kv2/data/app/db", "2")}\n==== Data ====\nKey     Value\n---     -----\npass    two\nuser    app\n`,
  },
  { line: "kv get -mount=kv2 -field=pass app/db", out: "two" },
  { line: "kv get -field=pass -version=1 kv2/app/db", out: "one" },
  { line: "kv get -field=version kv2/app/db", out: "2" },
  { line: "kv get -field=nope kv2/app/db", err: 'Field "nope" not present in secret\n', code: 1 },
  {
    line: "kv get -format=json kv2/app/db",
    out: '{\n  "request_id": "<uuid>",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": {\n    "data": {\n      "pass": "two",\n      "user": "app"\n    },\n    "metadata": {\n      "created_time": "<time>",\n      "custom_metadata": null,\n      "deletion_time": "",\n      "destroyed": false,\n      "version": 2\n    }\n  },\n  "warnings": null\n}\n',
  },
  { line: "kv get kv2/none", err: "No value found at kv2/data/none\n", code: 2 },
  { line: "kv get -version=9 kv2/app/db", err: "No value found at kv2/data/app/db\n", code: 2 },
  {
    line: "read kv2/app/db",
    err: 'No value found at kv2/app/db\n\nkv2/ is a KV version 2 engine: "oksae kv get kv2/app/db" reads a secret\n',
    code: 2,
  },
  { line: "read -field=data kv2/data/app/db", out: "map[pass:two user:app]" },
  {
    line: "kv put -cas=1 kv2/app/db pass=lost",
    err: "Error making API request.\n\nURL: PUT <any>/v1/kv2/data/app/db\nCode: 400. Errors:\n\n* check-and-set parameter did not match the current version\n",
    code: 2,
  },
  { line: "kv put -cas=two kv2/app/db pass=x", err: "-cas must be a version number, not two\n", code: 1 },
  { line: "kv put -cas=2 kv2/app/db user=app pass=three", out: WRITTEN("kv2/data/app/db", "3") },
  { line: "kv put kv2/app/db", err: "Must supply data\n", code: 1 },
  { line: "kv patch kv2/app/db pass=four", out: WRITTEN("kv2/data/app/db", "4") },
  { line: "kv get -field=user kv2/app/db", out: "app" },
  { line: "kv patch -method=rw kv2/app/db extra=e", out: WRITTEN("kv2/data/app/db", "5") },
  { line: "kv patch -remove-data=extra kv2/app/db pass=five", out: WRITTEN("kv2/data/app/db", "6") },
  { line: "kv get -field=extra kv2/app/db", err: 'Field "extra" not present in secret\n', code: 1 },
  { line: "kv patch kv2/none a=b", err: "No value found at kv2/data/none\n", code: 2 },
  { line: "kv patch -method=odd kv2/app/db a=b", err: "-method must be patch or rw, not odd\n", code: 1 },
  { line: "kv patch kv2/app/db", err: "Must supply data\n", code: 1 },
  {
    line: "kv put kv2/num -",
    stdin: '{"n":12345678901234567890,"f":1.0,"10":"ten","__proto__":"p"}',
    out: WRITTEN("kv2/data/num", "1"),
  },
  { line: "kv get -field=n kv2/num", out: "12345678901234567890" },
  { line: "kv get -field=f kv2/num", out: "1.0" },
  { line: "kv patch kv2/num __proto__=q constructor=c", out: WRITTEN("kv2/data/num", "2") },
  { line: "kv get -field=__proto__ kv2/num", out: "q" },
  { line: "kv get -field=constructor kv2/num", out: "c" },
  { line: "kv get -field=10 kv2/num", out: "ten" },
  { line: "kv get -field=n kv2/num", out: "12345678901234567890" },
  { line: "kv list kv2", out: "Keys\n----\napp/\nnum\n" },
  { line: "kv list -mount=kv2 app", out: "Keys\n----\ndb\n" },
  { line: "kv list -format=json kv2/app", out: '[\n  "db"\n]\n' },
  { line: "kv list kv2/none", err: "No value found at kv2/metadata/none\n", code: 2 },
  { line: "kv delete kv2/app/db", out: "Success! Data deleted (if it existed) at: kv2/data/app/db\n" },
  {
    line: "kv get kv2/app/db",
    err: "No value found at kv2/data/app/db\n",
    code: 2,
  },
  { line: "kv get -version=5 -field=pass kv2/app/db", out: "four" },
  { line: "kv undelete -versions=6 kv2/app/db", out: "Success! Data written to: kv2/undelete/app/db\n" },
  { line: "kv get -field=pass kv2/app/db", out: "five" },
  { line: "kv undelete kv2/app/db", err: 'No versions provided, use the "-versions" flag to specify them\n', code: 1 },
  { line: "kv delete -versions=1,2 kv2/app/db", out: "Success! Data deleted (if it existed) at: kv2/data/app/db\n" },
  { line: "kv delete -versions=one kv2/app/db", err: "-versions takes whole numbers, not one\n", code: 1 },
  { line: "kv destroy -versions=1 -versions=2 kv2/app/db", out: "Success! Data written to: kv2/destroy/app/db\n" },
  {
    line: "kv destroy -mount=kv2 app/db",
    err: 'No versions provided, use the "-versions" flag to specify them\n',
    code: 1,
  },
  {
    line: "kv metadata put -max-versions=5 -custom-metadata=owner=team -custom-metadata=tier=1 kv2/app/db",
    out: "Success! Data written to: kv2/metadata/app/db\n",
  },
  {
    line: "kv metadata patch -remove-custom-metadata=tier -cas-required=true kv2/app/db",
    out: "Success! Data written to: kv2/metadata/app/db\n",
  },
  {
    line: "kv metadata get kv2/app/db",
    out: "== Metadata Path ==\nkv2/metadata/app/db\n\n========== Metadata ==========\nKey                     Value\n---                     -----\ncas_required            true\ncreated_time            <time>\ncurrent_version         6\ncustom_metadata         map[owner:team]\ndelete_version_after    0s\nmax_versions            5\noldest_version          <number>\nupdated_time            <time>\n\n<more>====== Version 6 ======\nKey              Value\n---              -----\ncreated_time     <time>\ndeletion_time    n/a\ndestroyed        false\n",
  },
  { line: "kv metadata get kv2/none", err: "No value found at kv2/metadata/none\n", code: 2 },
  { line: "kv put kv2/app/db pass=x", err: "<more>* check-and-set parameter required for this call\n", code: 2 },
  { line: "kv metadata list kv2", out: "Keys\n----\napp/\nnum\n" },
  { line: "kv metadata delete kv2/app/db", out: "Success! Data deleted (if it existed) at: kv2/metadata/app/db\n" },
  { line: "kv metadata get kv2/app/db", err: "No value found at kv2/metadata/app/db\n", code: 2 },
  { line: "kv put kv1/a x=1", out: "Success! Data written to: kv1/a\n" },
  { line: "kv get kv1/a", out: "== Data ==\nKey    Value\n---    -----\nx      1\n" },
  { line: "kv get -field=x -mount=kv1 a", out: "1" },
  { line: "kv list kv1", out: "Keys\n----\na\n" },
  { line: "kv patch kv1/a y=2", err: "kv patch is not supported on KV version 1<any>\n", code: 1 },
  { line: "kv destroy -versions=1 kv1/a", err: "kv destroy is not supported on KV version 1<any>\n", code: 1 },
  { line: "kv delete kv1/a", out: "Success! Data deleted (if it existed) at: kv1/a\n" },
  { line: "kv get kv1/a", err: "No value found at kv1/a\n", code: 2 },
];
