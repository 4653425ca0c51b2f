/** What each bundle holds: the agent nothing of the server, each runtime dependency on the list with its reason. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

const ROOT = new URL("../../", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), "utf8");

interface Meta {
  outputs: Record<
    string,
    { inputs: Record<string, unknown>; imports: { path: string; external?: boolean }[]; bytes: number }
  >;
}

const meta = JSON.parse(read("dist/meta.json")) as Meta;
const inputsOf = (bundle: string): string[] => Object.keys(meta.outputs[`dist/${bundle}.mjs`]?.inputs ?? {});
const packagesOf = (bundle: string): string[] => {
  const bundled = inputsOf(bundle).flatMap(
    (file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
  );
  const loaded = (meta.outputs[`dist/${bundle}.mjs`]?.imports ?? [])
    .map((entry) => entry.path)
    .filter(
      (path) => !path.startsWith("node:") && /^@?[a-z]/.test(path) && existsSync(new URL(`node_modules/${path}`, ROOT)),
    );
  return [...new Set([...bundled, ...loaded])].sort();
};

test("the agent's bundle has no file of the server and none of its heavy packages", () => {
  const inputs = inputsOf("agent");
  expect(inputs.length).toBeGreaterThan(10);
  expect(inputs.filter((file) => file.startsWith("server/") || file.startsWith("cli/"))).toEqual([]);
  // For the CLI and the server alone.
  expect(inputs.filter((file) => /^lib\/(policy-text\/|crypto\/sigv4|password-policy)/.test(file))).toEqual([]);
  expect(packagesOf("agent").filter((name) => /^(lmdb|@aws-sdk|axios|yaml|commander|node-cron)/.test(name))).toEqual(
    [],
  );
});

test("the server's and the CLI's bundles do not hold each other", () => {
  expect(inputsOf("server").filter((file) => file.startsWith("cli/") || file.startsWith("agent/"))).toEqual([]);
  expect(inputsOf("oksae").filter((file) => file.startsWith("server/") || file.startsWith("agent/"))).toEqual([]);
});

test.each([
  "agent",
  "server",
  "oksae",
])("every package in %s is in docs/dependencies.md, and none is listed in vain", (bundle) => {
  const section = read("docs/dependencies.md").split(`\n## ${bundle}\n`)[1]?.split("\n## ")[0] ?? "";
  const listed = [...section.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1]);
  expect(listed).toEqual(packagesOf(bundle));
});
