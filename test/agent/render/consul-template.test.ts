/** Golden vectors: what consul-template 0.42 rendered against OpenBao 2.5.5 (kv v2 at secret/, kv v1 at kv/). */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { compileTemplate } from "../../../agent/render/template.ts";
import type { Lookup } from "../../../agent/render/types.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber, parseJsonMap } from "../../../lib/wire/json.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { secretResult } from "./results.ts";

const file = parseJsonMap(
  readFileSync(new URL("../../vectors/go-templates/consul-template.json", import.meta.url), "utf8"),
);
const mapAt = (map: JsonMap, name: string): JsonMap => {
  const value = map.get(name);
  return isJsonMap(value) ? value : new Map<string, Json>();
};
const env = new Map([...mapAt(file, "env")].map(([k, v]) => [k, v as string]));

/** These need functions that a later issue brings (contains, executeTemplate, regexes, sprig, YAML, …). */
const LATER: ReadonlySet<string> = new Set([
  "unescaped",
  "yaml-whole",
  "b64",
  "upper",
  "replace",
  "regexmatch",
  "envs",
  "maths",
  "minmax",
  "exectmpl",
  "in-string",
  "splitmap",
  "hashes",
  "scratchy",
  "parses",
  "loops",
  "sprigs",
  "sprigs2",
  "sprigs3",
  "secretslist",
  "yamlfile",
  "unescapedpretty",
  "yaml-strings",
  "toml-nested",
  "containsfam",
  "merges",
  "bool-print",
]);

const known: Lookup = ({ kind, path }) => {
  if (kind !== "read") return undefined;
  const v1 = mapAt(file, "kv1").get(path);
  if (isJsonMap(v1)) return secretResult(v1);
  const v2 = mapAt(file, "kv2").get(path.replace("secret/data/", "secret/"));
  if (!isJsonMap(v2)) return undefined;
  const metadata = new Map<string, Json>([["version", new JsonNumber("1")]]);
  return secretResult(
    new Map<string, Json>([
      ["data", v2],
      ["metadata", metadata],
    ]),
  );
};

const list = file.get("cases");
const rows = (isJsonList(list) ? list : []).map((row) => {
  const text = (name: string) => (isJsonMap(row) ? row.get(name) : undefined) as string;
  return { name: text("name"), source: text("template"), output: text("output") };
});
const render = (source: string) =>
  compileTemplate(source, { name: "t", env, clock: fakeClock(), missingKey: "default" }).render(known);

test("all 77 are here", () => {
  expect(rows).toHaveLength(77);
  expect([...LATER].filter((name) => !rows.some((row) => row.name === name))).toEqual([]);
});

test.each(rows.filter(({ name }) => !LATER.has(name)))("$name", ({ source, output }) => {
  expect(render(source)).toEqual({ text: output });
});

test.each(rows.filter(({ name }) => LATER.has(name)))("$name is for later, and says which function", ({ source }) => {
  expect(() => render(source)).toThrow(/function "\w+" not defined/);
});
