// Writes docs/routes.md and test/vectors/routes.txt from the engines' route tables. `--check` only compares.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const bundle = new URL("node_modules/.cache/route-tables.mjs", root);
await build({
  entryPoints: [new URL("test/rules/route-tables.ts", root).pathname],
  outfile: bundle.pathname,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "warning",
});
const { goldenText, referencePage, routeTables } = await import(bundle.href);
const tables = routeTables();
const wanted = { "docs/routes.md": referencePage(tables), "test/vectors/routes.txt": goldenText(tables) };
for (const [file, text] of Object.entries(wanted)) {
  const path = new URL(file, root);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    process.stderr.write(`routes: ${file} is not what the tables give\n`);
    process.exitCode = 1;
  }
}
