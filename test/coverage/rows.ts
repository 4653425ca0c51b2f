/** The rows of test/vectors/vault-routes.tsv that are in scope, by area. Source: the OpenAPI documents of Vault 1.15 and OpenBao 2.6. */
import { readFileSync } from "node:fs";

const AREAS: ReadonlySet<string> = new Set([
  "sys",
  "auth/token",
  "auth/approle",
  "auth/userpass",
  "auth/ldap",
  "auth/github",
  "auth/aws",
  "auth/jwt",
  "cubbyhole",
  "kv-v1",
  "kv-v2",
  "identity",
]);

/** From areas to "METHOD /path". */
export function rowsInScope(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(new URL("../vectors/vault-routes.tsv", import.meta.url), "utf8");
  const out = new Map<string, string[]>();
  for (const line of text.trimEnd().split("\n").slice(1)) {
    const [area = "", method = "", path = "", , , , enterprise] = line.split("\t");
    if (enterprise !== "0" || !AREAS.has(area)) continue;
    const rows = out.get(area) ?? [];
    rows.push(`${method} ${path}`);
    out.set(area, rows);
  }
  return out;
}
