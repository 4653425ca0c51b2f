/** Every field type: what is taken as which value, and what is refused without being repeated. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseJsonMap } from "../../../lib/wire/json.ts";
import { type Field, type Route, route } from "../../../server/contract/engine.ts";
import { checkFields } from "../../../server/core/fields.ts";

const routeOf = (field: Omit<Field, "about">): Route =>
  route({ path: "x", about: "x", fields: { f: { about: "what it is", ...field } }, on: {} });
const check = (field: Omit<Field, "about">, json: string) =>
  checkFields(routeOf(field), new Map(), parseJsonMap(`{"f":${json}}`));

const TAKEN: readonly [Field["type"], string, unknown][] = [
  ["string", '"a"', "a"],
  ["string", '""', ""],
  ["string", "5", "5"],
  ["string", "1.0", "1.0"],
  ["string", "true", "true"],
  ["string", "null", undefined],
  ["int", "5", 5],
  ["int", '"5"', 5],
  ["int", '" 5 "', 5],
  ["int", "-5", -5],
  ["int", "5.0", 5],
  ["int", '""', 0],
  ["int", "9007199254740991", 9007199254740991],
  ["bool", "true", true],
  ["bool", '"true"', true],
  ["bool", '"T"', true],
  ["bool", "1", true],
  ["bool", "0", false],
  ["bool", '"FALSE"', false],
  ["bool", '""', false],
  ["duration", "90", 90_000],
  ["duration", '"90"', 90_000],
  ["duration", '"1h30m"', 5_400_000],
  ["duration", '""', 0],
  ["duration", "0", 0],
  ["strings", '["a"," b "]', ["a", "b"]],
  ["strings", '"a, b"', ["a", "b"]],
  ["strings", '""', []],
  ["strings", "[]", []],
  ["strings", "[1,true]", ["1", "true"]],
  [
    "texts",
    '{"a":"b","n":1}',
    new Map([
      ["a", "b"],
      ["n", "1"],
    ]),
  ],
  ["texts", '["a=b=c"]', new Map([["a", "b=c"]])],
  [
    "texts",
    '"a=b,c=d"',
    new Map([
      ["a", "b"],
      ["c", "d"],
    ]),
  ],
  ["texts", '{"__proto__":"x"}', new Map([["__proto__", "x"]])],
  ["map", "{}", new Map()],
  ["json", "null", null],
  ["json", "[1]", expect.any(Array)],
];

test.each(TAKEN)("%s takes %s", (type, json, value) => {
  const { values, fault } = check({ type }, json);
  expect(fault).toBeUndefined();
  expect(values["f"]).toEqual(value);
});

const REFUSED: readonly [Field["type"], string][] = [
  ["string", "{}"],
  ["string", "[1]"],
  ["int", '"hunter2"'],
  ["int", "1.5"],
  ["int", "1e3"],
  ["int", "9007199254740993"],
  ["int", "true"],
  ["bool", '"yes"'],
  ["bool", "2"],
  ["bool", "{}"],
  ["duration", '"hunter2"'],
  ["duration", "-1"],
  ["duration", "true"],
  ["duration", '"200y"'],
  ["strings", "{}"],
  ["strings", "[[]]"],
  ["texts", '"hunter2"'],
  ["texts", '{"a":{}}'],
  ["texts", '["=b"]'],
  ["map", "[]"],
  ["map", '"hunter2"'],
];

test.each(REFUSED)("%s refuses %s and names the field, not the value", (type, json) => {
  const { values, fault } = check({ type }, json);
  expect(fault?.kind).toBe("invalid");
  expect(fault?.message).toContain('"f"');
  expect(fault?.message).not.toContain("hunter2");
  expect("f" in values).toBe(false);
});

test("required: missing, null, and there", () => {
  const field = { type: "string", required: true } as const;
  const none = checkFields(routeOf(field), new Map(), new Map());
  expect(none.fault).toMatchObject({ kind: "invalid", message: 'missing field "f": what it is' });
  expect(check(field, "null").fault?.kind).toBe("invalid");
  expect(check(field, '""').fault).toBeUndefined();
  expect(checkFields(routeOf(field), new Map(), new Map(), "delete").fault).toBeUndefined();
});

test("oneOf takes its words alone", () => {
  const field = { type: "string", oneOf: ["a", "b"] } as const;
  expect(check(field, '"b"').fault).toBeUndefined();
  expect(check(field, '"c"').fault?.message).toBe('field "f" must be one of "a", "b"');
});

test("the path wins over the body; unknown members are named in order unless the body is open", () => {
  const open: Route = { ...routeOf({ type: "string" }), openBody: true };
  const data = parseJsonMap('{"f":"body","z":1,"a":2,"__proto__":3}');
  const params = new Map([["f", "path"]]);
  expect(checkFields(routeOf({ type: "string" }), params, data)).toMatchObject({ ignored: ["__proto__", "a", "z"] });
  expect(checkFields(open, params, data).values["f"]).toBe("path");
  expect(checkFields(open, params, data).ignored).toEqual([]);
});

test("no JSON makes it throw, and a fault never holds the text", () => {
  const types: readonly Field["type"][] = ["string", "int", "bool", "duration", "strings", "texts", "map", "json"];
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...types), (json, type) => {
      const { values, fault } = check({ type }, json);
      expect(fault === undefined || !("f" in values)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
