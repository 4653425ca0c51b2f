/** Golden vectors: what Go's own text/template makes of each template (`ref.json`), data read with encoding/json (numbers are float64). */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { DEFAULT_TEMPLATE_LIMITS } from "../../../lib/template/budget.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import type { Value } from "../../../lib/template/values.ts";
import { isJsonList, isJsonMap, type Json, JsonNumber, parseJson, parseJsonMap } from "../../../lib/wire/json.ts";

const folder = new URL("../../vectors/go-templates/", import.meta.url);
const read = (name: string) => parseJsonMap(readFileSync(new URL(name, folder), "utf8"));

/** As Go's encoding/json decodes into `any`. */
function asGo(value: Json | undefined): Value {
  if (value instanceof JsonNumber) return Number(value.text);
  if (isJsonList(value)) return value.map(asGo);
  if (isJsonMap(value)) return new Map([...value].map(([k, v]) => [k, asGo(v)]));
  return value;
}

function outcome(source: string, data: Value): string {
  let stage = "PARSE_ERR";
  try {
    const template = parseTemplate(source, { name: "t" });
    stage = "EXEC_ERR";
    return template.execute(data, {
      functions: new Map(),
      missingKey: "default",
      limits: DEFAULT_TEMPLATE_LIMITS,
    }).text;
  } catch (error) {
    return `${stage} ${(error as Error).message}`;
  }
}

const cases = read("cases.json");
const data = asGo(cases.get("Data"));
const expected = read("ref.json");
const list = cases.get("Cases");
const rows = (isJsonList(list) ? list : []).map((row) => {
  const map = isJsonMap(row) ? row : new Map<string, Json>();
  return { name: String(map.get("Name")), source: String(map.get("T")) };
});

test("every case has a reference", () => {
  expect(rows).toHaveLength(73);
  expect(rows.map(({ name }) => name).sort()).toEqual([...expected.keys()].sort());
});

test.each(rows)("$name: $source", ({ name, source }) => {
  expect(outcome(source, data)).toBe(expected.get(name));
});

test("the reader of this test is not forgiving", () => {
  expect(asGo(parseJson("[1.5]"))).toEqual([1.5]);
});
