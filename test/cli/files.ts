/** The files of the command line's rows. */
import { Fault } from "../../lib/fault.ts";

export const FILES: Readonly<Record<string, string>> = {
  "cert.pem": "-----BEGIN X-----\nAAAA\n-----END X-----\n",
  "data.json": '{"from":"file"}',
  "odd.hcl": 'path   "secret/db" { capabilities=["read"] }\n',
  "broken.hcl": 'path "a" {',
  "app.hcl": 'path "secret/*" {\n  capabilities = ["read"]\n}\n',
  "password.txt": "correct horse",
  "pw.hcl": 'length = 20\nrule "charset" { charset = "abc" }\n',
  "two.hcl":
    'path "secret/foo" { capabilities = ["read"] }\npath "secret/data/*" { capabilities = ["deny", "read"] }\n',
  "bad.hcl": "path {",
  "ann.hcl": `# what Ann may do
path "secret/data/ann/*" {
  capabilities = ["read", "update"]
}

path "secret/data/ann/own" {
  capabilities = ["deny"]
}

path "secret/data/limited" {
  capabilities = ["update"]
  allowed_parameters = { "data" = [] }
}

path "secret/data/wrapped" {
  capabilities = ["read"]
  min_wrapping_ttl = "1m"
}

path "teams/{{identity.entity.name}}/*" {
  capabilities = ["read"]
}
`,
  "folder/ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  "folder/README": "nothing",
  "empty/README": "nothing",
};

/** @throws Fault "invalid" where there is no such folder */
export function filesIn(folder: string): readonly string[] {
  const inside = Object.keys(FILES).filter((path) => path.startsWith(`${folder}/`));
  if (inside.length === 0) throw new Fault("invalid", `${folder} cannot be read: ENOENT`);
  return inside.map((path) => path.slice(folder.length + 1));
}
