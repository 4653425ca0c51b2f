/** The strict reader: conversions, blocks in their three spellings, unknown keys, several files as one. */
import { describe, expect, test } from "@jest/globals";
import { Body } from "../../../lib/hcl/body.ts";
import { parseConfig } from "../../../lib/hcl/parse.ts";

const body = (text: string, file = "c.hcl"): Body => parseConfig(text, file);

test.each<[string, (b: Body) => unknown, unknown]>([
  ['a = "x"', (b) => b.string("a"), "x"],
  ["a = 0600", (b) => b.string("a"), "0600"],
  ["a = true", (b) => b.string("a"), "true"],
  ["", (b) => b.string("a"), undefined],
  ['{"a": null}', (b) => b.string("a"), undefined],
  ["a = true", (b) => b.bool("a"), true],
  ['a = "false"', (b) => b.bool("a"), false],
  ["a = 1", (b) => b.bool("a"), true],
  ["a = 0", (b) => b.bool("a"), false],
  ["a = 5", (b) => b.int("a", 1, 5), 5],
  ['a = "1"', (b) => b.int("a", 1, 5), 1],
  ["a = 90", (b) => b.duration("a"), 90_000],
  ['a = "1h30m"', (b) => b.duration("a"), 5_400_000],
  ["a = 0640", (b) => b.mode("a"), 0o640],
  ['a = "640"', (b) => b.mode("a"), 0o640],
  ['a = "x,y"', (b) => b.strings("a"), ["x,y"]],
  ['a = "x, y,"', (b) => b.strings("a", ","), ["x", "y"]],
  ['a = ["x", 1]', (b) => b.strings("a"), ["x", "1"]],
  [
    'a { x = "1" y = 2 }',
    (b) => b.texts("a"),
    new Map([
      ["x", "1"],
      ["y", "2"],
    ]),
  ],
  ['a = { x = "1" }', (b) => b.texts("a"), new Map([["x", "1"]])],
  ["", (b) => b.texts("a"), undefined],
  ['a = "y"', (b) => b.choice("a", ["x", "y"]), "y"],
])("%s", (text, read, wanted) => {
  expect(read(body(text))).toEqual(wanted);
});

test.each<[string, (b: Body) => unknown, string]>([
  ["\na = []", (b) => b.string("a"), 'c.hcl:2:5: "a" must be a plain value'],
  ["a = 1\na = 2", (b) => b.string("a"), 'c.hcl:2:1: "a" is set twice'],
  ['a = ""', (b) => b.requireString("a"), 'c.hcl:1:1: "a" is required'],
  ["", (b) => b.requireString("a"), '"a" is required'],
  ['a = "maybe"', (b) => b.bool("a"), "must be true or false"],
  ["a = 6", (b) => b.int("a", 1, 5), "whole number from 1 to 5"],
  ["a = 0", (b) => b.int("a", 1, 5), "whole number from 1 to 5"],
  ["a = 1.0", (b) => b.int("a", 1, 5), "whole number"],
  ["a = 010", (b) => b.int("a", 1, 50), "whole number"],
  ['a = "5 parsecs"', (b) => b.duration("a"), 'c.hcl:1:5: "a": invalid duration'],
  ["a = 0x1F", (b) => b.mode("a"), "octal mode"],
  ["a = 0888", (b) => b.mode("a"), "octal mode"],
  ['a = "z"', (b) => b.choice("a", ["x", "y"]), "must be one of: x, y"],
  ["a = 1", (b) => b.blocks("a"), "must be a block"],
  ['a "x" { }', (b) => b.blocks("a"), "too many labels"],
  ["a { }", (b) => b.blocks("a", 1), "needs a label"],
  ["a { x = 1 }", (b) => b.blocks("a", 1), 'c.hcl:1:5: "a" needs a label'],
  ["a { }\na { }", (b) => b.block("a"), "c.hcl:2:1: there is a second"],
  ['a "l" { }', (b) => b.string("a"), "takes no label"],
])("%s is refused", (text, read, says) => {
  expect(() => read(body(text))).toThrow(expect.objectContaining({ kind: "invalid" }));
  expect(() => read(body(text))).toThrow(says);
});

describe("a label is the same thing in all its spellings", () => {
  test.each([
    'audit "file" "x/" { v = 1 }\naudit "file" "y/" { v = 2 }',
    'audit "file" { "x/" { v = 1 } "y/" { v = 2 } }',
    'audit = { file = { "x/" = { v = 1 } "y/" = { v = 2 } } }',
    'audit = [{ file = { "x/" = { v = 1 } } }, { file = { "y/" = { v = 2 } } }]',
    '{"audit": {"file": {"x/": {"v": 1}, "y/": {"v": 2}}}}',
    '{"audit": [{"file": {"x/": {"v": 1}}}, {"file": [{"y/": {"v": 2}}]}]}',
  ])("%s", (text) => {
    const found = body(text).blocks("audit", 2);
    expect(found.map((block) => [block.labels, block.string("v")])).toEqual([
      [["file", "x/"], "1"],
      [["file", "y/"], "2"],
    ]);
  });

  test.each([
    ['method "aws" { config { a = 1 } }', ["aws"]],
    ['method { type = "aws" config { a = 1 } }', []],
    ['{"method": {"aws": {"config": {"a": 1}}}}', ["aws"]],
    ['{"method": {"type": "aws", "config": {"a": 1}}}', []],
  ])("an optional one: %s", (text, labels) => {
    const [method] = body(text).blocks("method", { from: 0, to: 1 });
    expect(method?.labels).toEqual(labels);
    expect(method?.block("config")?.string("a")).toBe("1");
  });
});

test("what nobody asked for is an error with its place and what is known", () => {
  const config = body("a = 1\n\n  lisener { }\n", "srv.hcl");
  config.string("a");
  config.blocks("listener", 1);
  expect(() => {
    config.done();
  }).toThrow('srv.hcl:3:3: unknown key "lisener"; known: a, listener');
});

test("several files are one: blocks add up, a later file's value counts, twice in one file never does", () => {
  const merged = Body.merge([body("v = 1\nb { n = 1 }", "1.hcl"), body('{"v": 2, "b": {"n": 2}}', "2.json")]);
  expect(merged.int("v", 0, 9)).toBe(2);
  expect(merged.blocks("b").map((block) => block.string("n"))).toEqual(["1", "2"]);
  const twice = Body.merge([body("v = 1\nv = 3", "1.hcl"), body("v = 2", "2.hcl")]);
  expect(() => twice.string("v")).toThrow("1.hcl:2:1: ");
});
