/** Tables, JSON and YAML as `vault` prints them. */
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { encode, envelopeForOutput } from "../../cli/output/format.ts";
import { goDuration, secretTable } from "../../cli/output/secret.ts";
import { goText, sectionTitle, table } from "../../cli/output/text.ts";
import { parseJson, parseJsonMap } from "../../lib/wire/json.ts";

test("columns are four blanks apart under a ruled header", () => {
  expect(
    table([
      ["Key", "Value"],
      ["a", "1"],
      ["longer", ""],
    ]),
  ).toBe("Key       Value\n---       -----\na         1\nlonger    n/a\n");
});

test.each([
  ['{"b":[1.0,"x",null],"a":{"k":true}}', "map[a:map[k:true] b:[1.0 x <nil>]]"],
  ["12345678901234567890", "12345678901234567890"],
  ["null", "<nil>"],
  ["[]", "[]"],
  ["{}", "map[]"],
])("%s prints as Go's %%v: %s", (json, text) => {
  expect(goText(parseJson(json))).toBe(text);
});

test.each([
  ["0", "0s"],
  ["20", "20s"],
  ["90", "1m30s"],
  ["3600", "1h"],
  ["2764800", "768h"],
  ["3661", "1h1m1s"],
])("%s seconds are %s", (seconds, text) => {
  expect(goDuration(seconds)).toBe(text);
});

test("a section's title is as wide as its table", () => {
  expect(sectionTitle("Metadata", ["created_time", "custom_metadata"])).toBe("======= Metadata =======");
  expect(sectionTitle("Data", ["a"])).toBe("== Data ==");
});

test("a secret's table is sorted, with its refresh interval first", () => {
  const body = parseJsonMap('{"lease_id":"","lease_duration":2764800,"renewable":false,"data":{"b":"2","a":"1"}}');
  expect(secretTable(body)).toBe(
    "Key                 Value\n---                 -----\nrefresh_interval    768h\na                   1\nb                   2\n",
  );
});

const BODY =
  '{"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,"data":{"z":"1","n":12345678901234567890,"f":1.0,"__proto__":"p"},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}';

test("json: the envelope in vault's order, numbers as sent, keys sorted", () => {
  expect(encode(envelopeForOutput(parseJsonMap(BODY)), "json")).toBe(
    `{
  "request_id": "r",
  "lease_id": "",
  "lease_duration": 0,
  "renewable": false,
  "data": {
    "__proto__": "p",
    "f": 1.0,
    "n": 12345678901234567890,
    "z": "1"
  },
  "warnings": null
}
`,
  );
});

test("yaml: numbers as sent, strings that look like something else are quoted", () => {
  const text = encode(
    parseJsonMap('{"n":12345678901234567890,"f":1.0,"s":"true","m":"a\\nb","__proto__":"p","10":"x"}'),
    "yaml",
  );
  expect(text).toContain("n: 12345678901234567890\n");
  expect(text).toContain("f: 1.0\n");
  expect(Object.entries(parse(text, { intAsBigInt: true, mapAsMap: false }) as object)).toContainEqual(["s", "true"]);
  expect((parse(text) as Record<string, unknown>)["m"]).toBe("a\nb");
  expect(text).toContain("__proto__: p\n");
});
