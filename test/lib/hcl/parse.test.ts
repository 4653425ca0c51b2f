/** Both readers against vectors, each other, hashicorp/hcl itself (js-hcl-parser) and noise. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Fault } from "../../../lib/fault.ts";
import { parseConfig } from "../../../lib/hcl/parse.ts";
import type { Member, Value } from "../../../lib/hcl/tree.ts";

const require = createRequire(import.meta.url);
const oracle = require("js-hcl-parser") as { parse(text: string): string };

type Plain = string | boolean | null | Plain[] | Map<string, Plain>;

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/hcl/${name}.json`, import.meta.url), "utf8"));

/** Numbers as their text, strings with a quote before them. */
function plain(value: Value): Plain {
  if (value.kind === "string") return `'${value.text}`;
  if (value.kind === "number") return value.text;
  if (value.kind === "bool") return value.value;
  if (value.kind === "null") return null;
  return value.kind === "list" ? value.items.map(plain) : members(value.members);
}

function members(list: readonly Member[]): Map<string, Plain> {
  return new Map(list.map((member) => [member.key, plain(member.value)]));
}

function fromJson(value: unknown): Plain {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([name, member]) => [name, fromJson(member)]));
  }
  return value as Plain;
}

describe("values", () => {
  test.each(load("values") as { source: string; text: string; json: unknown }[])("$source: $text", ({ text, json }) => {
    const wanted = fromJson(json) as Map<string, Plain>;
    const got = members(parseConfig(text, "f.hcl").members);
    expect([...got].sort()).toEqual([...wanted].sort());
  });
});

describe("errors name the place", () => {
  test.each(load("errors") as { text: string; at: string; says: string }[])("$text", ({ text, at, says }) => {
    const read = () => parseConfig(text, "dir/f.hcl");
    expect(read).toThrow(expect.objectContaining({ kind: "invalid" }));
    expect(read).toThrow(`dir/f.hcl:${at}: `);
    expect(read).toThrow(says);
  });
});

test("every key, label and value has its place", () => {
  const [listener] = parseConfig('# c\nlistener "tcp" {\n  port = 1\n}\n', "s.hcl").members;
  expect(listener?.at).toEqual({ file: "s.hcl", line: 2, column: 1 });
  expect(listener?.labels[0]?.at).toEqual({ file: "s.hcl", line: 2, column: 10 });
  const port = listener?.value.kind === "object" ? listener.value.members[0] : undefined;
  expect(port?.at).toEqual({ file: "s.hcl", line: 3, column: 3 });
  expect(port?.value.at).toEqual({ file: "s.hcl", line: 3, column: 10 });
});

test("a text without a file is spoken of by line and column", () => {
  expect(() => parseConfig("a = 1\nb", "")).toThrow("line 2, column 2: ");
});

describe("bounds, both sides", () => {
  const limits = { size: 40, depth: 3, members: 5 };
  test.each([
    ["size", `a = "${"x".repeat(34)}"`, `a = "${"x".repeat(35)}"`],
    ["depth", "a = [[[1]]]", "a = [[[[1]]]]"],
    ["depth of blocks", "a { b { c { } } }", "a { b { c { d { } } } }"],
    ["depth in JSON", '{"a": {"b": {}}}', '{"a": {"b": {"c": {}}}}'],
    ["members", "a=1 b=1 c=1 d=1 e=1", "a=1 b=1 c=1 d=1 e=1 f=1"],
    ["labels", 'a "l" "l" "l" "l" {}', 'a "l" "l" "l" "l" "l" {}'],
    ["items", "a=[1,2,3,4]", "a=[1,2,3,4,5]"],
    ["members in JSON", '{"a":[1,2,3,4]}', '{"a":[1,2,3,4,5]}'],
  ])("%s", (_, good, bad) => {
    expect(() => parseConfig(good, "", limits)).not.toThrow();
    expect(() => parseConfig(bad, "", limits)).toThrow(expect.objectContaining({ kind: "invalid" }));
  });
});

test.each([
  ["comment stars", `/*${" *a".repeat(300_000)}`],
  ["open brackets", `a = ${"[".repeat(900_000)}`],
  ["open braces", "a {".repeat(300_000)],
  ["JSON nesting", '{"a":'.repeat(200_000)],
  ["a long JSON string", `{"a":"${"x".repeat(1_000_000)}`],
  ["heredocs", "a=<<E\n".repeat(100_000)],
  ["interpolations", `a = "${"${".repeat(400_000)}`],
  ["labels", `a ${'"b" '.repeat(200_000)}`],
])("%s end soon", (_, text) => {
  expect(() => parseConfig(text, "")).toThrow(Fault);
});

const noise = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        "a",
        '"b"',
        "=",
        "{",
        "}",
        "[",
        "]",
        ",",
        "1",
        "true",
        "<<E\n",
        "E\n",
        "#",
        "/*",
        "*/",
        "\n",
        "${",
        '"',
        "\\",
        ":",
      ),
      { maxLength: 25 },
    )
    .map((parts) => parts.join(" ")),
);

test("noise gives a body or a Fault, in HCL and in JSON", () => {
  fc.assert(
    fc.property(noise, fc.boolean(), (text, json) => {
      try {
        parseConfig(json ? `{${text}` : text, "f");
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: 300 },
  );
});

const key = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,6}$/).filter((word) => word !== "true" && word !== "false");
const scalar = fc.oneof(
  fc.string({ maxLength: 8 }).filter((text) => !text.includes("${")),
  fc.integer({ min: -1000, max: 1000 }),
  fc.boolean(),
);
const { object } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, scalar, tie("list"), tie("object")),
  list: fc.array(scalar, { maxLength: 4 }),
  object: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
}));

function write(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const lines = Object.entries(value).map(([name, member]) =>
    typeof member === "object" && !Array.isArray(member) ? `${name} ${write(member)}` : `${name} = ${write(member)}`,
  );
  return `{\n${lines.join("\n")}\n}`;
}

/** As `members`, but numbers by value: hashicorp/hcl gives them so. */
function byValue(value: Value): unknown {
  if (value.kind === "number") return Number(value.text);
  if (value.kind === "string") return value.text;
  if (value.kind === "bool") return value.value;
  if (value.kind === "null") return null;
  if (value.kind === "list") return value.items.map(byValue);
  // hashicorp/hcl shows each block as a list of one.
  return [Object.fromEntries(value.members.map((member) => [member.key, byValue(member.value)]))];
}

test("what we write is read as hashicorp/hcl reads it, and as its JSON twin is", () => {
  fc.assert(
    fc.property(object, (document) => {
      const text = write(document).slice(1, -1);
      const body = parseConfig(text, "f");
      const ours = Object.fromEntries(body.members.map((member) => [member.key, byValue(member.value)]));
      expect(ours).toEqual(JSON.parse(oracle.parse(text)) ?? {});
      expect(members(parseConfig(JSON.stringify(document), "f").members)).toEqual(members(body.members));
    }),
    { numRuns: 150 },
  );
});
