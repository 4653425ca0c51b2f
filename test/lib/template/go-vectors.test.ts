/** Golden vectors: what Go's own text/template makes of each template (`ref.json`), data read with encoding/json (numbers are float64). */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Fault } from "../../../lib/fault.ts";
import { DEFAULT_TEMPLATE_LIMITS } from "../../../lib/template/budget.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import type { Value } from "../../../lib/template/values.ts";
import { isJsonList, isJsonMap, type Json, JsonNumber, parseJsonMap } from "../../../lib/wire/json.ts";

const folder = new URL("../../vectors/go-templates/", import.meta.url);
const read = (name: string) => parseJsonMap(readFileSync(new URL(name, folder), "utf8"));

/** As Go's encoding/json decodes into `any`. */
function asGo(value: Json | undefined): Value {
  if (value instanceof JsonNumber) return Number(value.text);
  if (isJsonList(value)) return value.map(asGo);
  if (isJsonMap(value)) return new Map([...value].map(([k, v]) => [k, asGo(v)]));
  return value;
}

function outcome(source: string, data: Value, missingKey: "default" | "error" = "default"): string {
  let stage = "PARSE_ERR";
  try {
    const template = parseTemplate(source, { name: "t" });
    stage = "EXEC_ERR";
    return template.execute(data, { functions: new Map(), missingKey, limits: DEFAULT_TEMPLATE_LIMITS }).text;
  } catch (error) {
    return `${stage} ${error instanceof Fault ? error.message : String(error)}`;
  }
}

const rowsOf = (list: Json | undefined) =>
  (isJsonList(list) ? list : []).map((row) => {
    const text = (name: string) => (isJsonMap(row) ? row.get(name) : undefined) as string;
    return { text };
  });

const cases = read("cases.json");
const data = asGo(cases.get("Data"));
const expected = read("ref.json");
const rows = rowsOf(cases.get("Cases")).map(({ text }) => ({ name: text("Name"), source: text("T") }));

test("every case has a reference", () => {
  expect(rows).toHaveLength(73);
  expect(rows.map(({ name }) => name).sort()).toEqual([...expected.keys()].sort());
});

test.each(rows)("$name: $source", ({ name, source }) => {
  expect(outcome(source, data)).toBe(expected.get(name));
});

/** Where we differ from Go on purpose: a message that would name a value, a concrete type instead of `interface {}`, a sooner error. */
const DEVIATIONS: ReadonlyMap<string, string> = new Map([
  ["{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}{{$y = 3}}", 'PARSE_ERR template: t:1: undefined variable "$y"'],
  ["{{ $x = }}", 'PARSE_ERR template: t:1: undefined variable "$x"'],
  [
    "{{range $i, $e := 3}}{{$i}}{{end}}",
    'EXEC_ERR template: t:1:8: executing "t" at <$i, $e := 3>: can\'t use an int to iterate over more than one variable',
  ],
  [
    "{{range .s}}x{{end}}",
    'EXEC_ERR template: t:1:8: executing "t" at <.s>: range can\'t iterate over a value of type string',
  ],
  [
    "{{range .fl}}x{{end}}",
    'EXEC_ERR template: t:1:8: executing "t" at <.fl>: range can\'t iterate over a value of type float64',
  ],
  [
    "{{range .l}}{{range .}}{{end}}{{end}}",
    'EXEC_ERR template: t:1:20: executing "t" at <.>: range can\'t iterate over a value of type string',
  ],
  ["{{len nil}}", 'EXEC_ERR template: t:1:2: executing "t" at <len nil>: error calling len: len of nil pointer'],
  ["{{len .nope}}", 'EXEC_ERR template: t:1:2: executing "t" at <len .nope>: error calling len: len of nil pointer'],
  [
    "{{eq .l .l}}",
    'EXEC_ERR template: t:1:2: executing "t" at <eq .l .l>: error calling eq: non-comparable types []interface {} and []interface {}',
  ],
  ["{{ 1i }}x", 'PARSE_ERR template: t:1: bad number syntax: "1i"'],
  [
    '{{(index .o "q").x}}',
    'EXEC_ERR template: t:1:16: executing "t" at <(index .o "q").x>: nil data; no entry for key "x"',
  ],
]);
const CONCRETE_TYPE = /in type (?:string|\[\]interface \{\})$/;

const more = read("more.json");
const moreRows = rowsOf(more.get("cases")).map(({ text }) => ({
  source: text("template"),
  missingKey: text("missingKey") === "error" ? ("error" as const) : ("default" as const),
  output: text("output"),
}));

test("there are more of them", () => {
  expect(moreRows.length).toBeGreaterThanOrEqual(300);
});

test.each(moreRows)("missingkey=$missingKey $source", ({ source, missingKey, output }) => {
  const ours = outcome(source, asGo(more.get("data")), missingKey);
  const deviation = DEVIATIONS.get(source);
  if (deviation !== undefined) expect(ours).toBe(deviation);
  else if (output.endsWith("in type interface {}"))
    expect(ours.replace(CONCRETE_TYPE, "in type interface {}")).toBe(output);
  else expect(ours).toBe(output);
});
