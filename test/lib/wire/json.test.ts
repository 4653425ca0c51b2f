/** The JSON reader and writer against the platform's, and where they differ on purpose. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  isJsonList,
  isJsonMap,
  type Json,
  JsonNumber,
  parseJson,
  parseJsonMap,
  RawJson,
  stringifyJson,
} from "../../../lib/wire/json.ts";

/** As JSON.parse gives it; the two must agree on everything but numbers' text and keys' order. */
function plain(value: Json): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (isJsonList(value)) return value.map(plain);
  if (!isJsonMap(value)) return value;
  const out = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of value) out[name] = plain(member);
  return out;
}

function withoutPrototype(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototype);
  if (typeof value !== "object" || value === null) return value;
  const out = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) out[name] = withoutPrototype(member);
  return out;
}

test("property: reads what JSON.parse reads, with any blanks between", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, "\t", " \n "), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), undefined, indent);
      expect(plain(parseJson(spaced))).toEqual(withoutPrototype(JSON.parse(spaced)));
    }),
    { numRuns: 300 },
  );
});

test("property: refuses exactly what JSON.parse refuses", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"a"',
    "1",
    "-",
    "0",
    "01",
    "1.",
    ".5",
    "1e",
    "1e+5",
    "-0.0E-1",
    "true",
    "tru",
    "null",
    "nulll",
    "false",
    " ",
    "\t",
    "\n",
    "\u00a0",
    "\ufeff",
    "\\",
    '"\\u00e9"',
    '"\\u00e"',
    '"\\x"',
    '"\u0001"',
    '"\u007f\u2028"',
    "'a'",
    "//",
    "NaN",
    "Infinity",
    "+1",
    "\u0000",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      let expected: unknown;
      let fails = false;
      try {
        expected = JSON.parse(text);
      } catch {
        fails = true;
      }
      if (fails) expect(() => parseJson(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
      else expect(plain(parseJson(text))).toEqual(withoutPrototype(expected));
    }),
    { numRuns: 1000 },
  );
});

test("property: what was read is written as it was, numbers to the letter", () => {
  const number = fc.constantFrom("12345678901234567890", "1.0", "1e400", "-0", "0.10", "1E+2");
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ unit: "binary" }),
        fc.oneof(
          fc.string().map((s) => JSON.stringify(s)),
          number,
        ),
      ),
      (members) => {
        const text = `{${Object.entries(members)
          .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
          .join(",")}}`;
        expect(stringifyJson(parseJson(text))).toBe(text);
      },
    ),
    { numRuns: 200 },
  );
});

test("keys keep their order and are ordinary: __proto__, constructor, 10", () => {
  const text = '{"b":1,"10":2,"__proto__":{"polluted":true},"2":3,"constructor":null,"toString":"x"}';
  const map = parseJsonMap(text);
  expect([...map.keys()]).toEqual(["b", "10", "__proto__", "2", "constructor", "toString"]);
  expect(stringifyJson(map)).toBe(text);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("a key given twice: the last one counts, as in Go; refused where it must be unique", () => {
  expect(stringifyJson(parseJson('{"a":1,"a":2}'))).toBe('{"a":2}');
  const unique = { depth: 3, members: 10, unique: true };
  expect(() => parseJson('{"a":1,"\\u0061":2}', unique)).toThrow(expect.objectContaining({ kind: "invalid" }));
  expect(() => parseJson('[{"a":1},{"a":2}]', unique)).not.toThrow();
});

const limits = { depth: 2, members: 3 };
const bounded: readonly (readonly [text: string, within: boolean])[] = [
  ["[[]]", true],
  ["[[[]]]", false],
  ['{"a":{}}', true],
  ['{"a":{"b":[]}}', false],
  ["[1,2,3]", true],
  ["[1,2,3,4]", false],
  ['{"a":[1,2]}', true],
  ['{"a":[1,2,3]}', false],
];

test.each(bounded)("limits of depth 2 and 3 members: %s", (text, within) => {
  if (within) expect(parseJson(text, limits)).toBeDefined();
  else expect(() => parseJson(text, limits)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("a bomb of brackets is refused before the stack ends, and a message never shows the text", () => {
  expect(() => parseJson("[".repeat(1_000_000))).toThrow("JSON is nested deeper than 64");
  let message = "";
  try {
    parseJson('{"password":"hunter2" oops');
  } catch (error) {
    message = String(error);
  }
  expect(message).toBe("Fault: invalid JSON at character 23: comma or } expected");
});

test("an object is asked for and must come", () => {
  for (const text of ["[]", "1", "null", '"a"']) expect(() => parseJsonMap(text)).toThrow("JSON object expected");
});

test("the writer: raw text, numbers, what has no JSON", () => {
  expect(
    stringifyJson({
      a: new RawJson('{"x":1.0}'),
      b: undefined,
      c: [1, 1.5, Number.NaN, null, true],
      d: new Map([["e", "é\u2028"]]),
    }),
  ).toBe(`{"a":{"x":1.0},"c":[1,1.5,null,null,true],"d":{"e":"é\u2028"}}`);
  expect(stringifyJson("\ud800")).toBe('"\\ud800"');
  expect(JSON.stringify(new JsonNumber("1.50"))).toBe("1.5");
});

test("strings with every escape, long and short", () => {
  const text = `"${"x".repeat(5000)}\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00${"y".repeat(5000)}"`;
  expect(parseJson(text)).toBe(JSON.parse(text));
});
