/** -output-policy's list of paths that need sudo against what Vault's and OpenBao's own documents say. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { needsSudo } from "../../cli/connect/sudo-paths.ts";

const rows = readFileSync(new URL("../vectors/vault-routes.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t"))
  .filter(([, , , , , , enterprise]) => enterprise === "0");
/** A path that carries sudo for one method carries it for all: Vault's mark is per path. */
const withSudo = new Set(rows.filter((row) => row[7] === "1").map((row) => row[2] ?? ""));
const paths = [...new Set(rows.map((row) => row[2] ?? ""))];

test.each(paths)("%s", (path) => {
  const concrete = path.slice(1).replace(/\{\w+\}/g, "x");
  const shadowed = [...withSudo].some((other) => other !== path && covers(other, path));
  if (!shadowed) expect(needsSudo(concrete)).toBe(withSudo.has(path));
  else expect(needsSudo(concrete)).toBe(true);
});

/** "/sys/auth/{path}" is the rest of a path: also that of "/sys/auth/{path}/tune". */
function covers(pattern: string, path: string): boolean {
  const head = pattern.replace(/\{\w+\}$/, "");
  return head !== pattern && path.startsWith(head);
}
