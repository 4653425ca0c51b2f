/** `policy fmt`: cases in pairs, and the two promises for any policy: formatting twice is formatting once, and no decision changes. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Fault } from "../../../lib/fault.ts";
import { formatPolicy } from "../../../lib/policy-text/format.ts";
import type { Operation } from "../../../server/contract/call.ts";
import { compileAcl } from "../../../server/policy/acl.ts";
import { parsePolicy } from "../../../server/policy/parse.ts";

test.each([
  ["", ""],
  ["# alone", "# alone\n"],
  [`path "a" {capabilities=["read"]}`, `path "a" {\n  capabilities = ["read"]\n}\n`],
  [
    `path "a" { capabilities = ["read","list",] } path "b"{ }`,
    `path "a" {\n  capabilities = ["read", "list"]\n}\n\npath "b" {}\n`,
  ],
  [
    `# about a\n// more\npath "a" { # behind\n  capabilities = ["read"] // why\n  /* end */\n}\n# last`,
    `# about a\n// more\npath "a" {\n  # behind\n  capabilities = ["read"] // why\n  /* end */\n}\n\n# last\n`,
  ],
  [
    `path "a" {\n  capabilities = [\n    "read", # to see\n    "list"\n  ]\n}`,
    `path "a" {\n  capabilities = [\n    "read", # to see\n    "list",\n  ]\n}\n`,
  ],
  [
    `path "a" { allowed_parameters = { "x" = [], y = [1, 2] } min_wrapping_ttl = "1m" }`,
    `path "a" {\n  allowed_parameters = {\n    "x" = []\n    y = [1, 2]\n  }\n\n  min_wrapping_ttl = "1m"\n}\n`,
  ],
  [
    `# head\n\n# of a\n\n\npath "a" {\n\n\n  capabilities = ["deny"]\n\n}\n\n\n`,
    `# head\n\n# of a\n\npath "a" {\n  capabilities = ["deny"]\n}\n`,
  ],
  [`path "a" { comment = <<EOT\nx  {\nEOT\n}`, `path "a" {\n  comment = <<EOT\nx  {\nEOT\n}\n`],
  [`{"path": {"a": {"capabilities": ["read"]}}}`, `{"path": {"a": {"capabilities": ["read"]}}}`],
])("%j", (text, formatted) => {
  expect(formatPolicy(text)).toBe(formatted);
  expect(formatPolicy(formatted)).toBe(formatted);
});

test("a list that does not fit goes over several lines", () => {
  const words = Array.from({ length: 12 }, (_, i) => `"parameter-${String(i)}"`);
  const out = formatPolicy(`path "a" { required_parameters = [${words.join(",")}] }`);
  expect(out.split("\n")[2]).toBe(`    ${words[0] ?? ""},`);
  expect(formatPolicy(out)).toBe(out);
});

test.each([
  `path "a" {`,
  `path "a" { capabilities = [`,
  `path "a" x = 1`,
  `path "a`,
  "/* open",
])("%j is refused with its place", (text) => {
  expect(() => formatPolicy(text)).toThrow(Fault);
  expect(() => formatPolicy(text)).toThrow(/^line 1, column \d+: /);
});

const space = fc.constantFrom(
  " ",
  "  ",
  "\n",
  "\n\n\n",
  "\t",
  "\r\n",
  "# note\n",
  " // why\n",
  "/* a\n b */",
  "\n# one\n\n# two\n",
);
const gap = fc.array(space, { maxLength: 3 }).map((parts) => parts.join(""));
const path = fc.constantFrom("a", "a/b", "a/*", "a/+/c", "+/b", "*", "a/b/c", "sys/x");
const words = fc.uniqueArray(fc.constantFrom("create", "read", "update", "delete", "list", "patch", "sudo", "deny"), {
  maxLength: 4,
});
const stanza = fc
  .tuple(path, words, fc.tuple(gap, gap, gap, gap, gap, gap), fc.constantFrom("", ","), fc.constantFrom("", "k", "*"))
  .map(([at, capabilities, [a, b, c, d, e, f], comma, denied]) => {
    const list = capabilities.map((word) => `${e}"${word}"${f}`).join(",") + (capabilities.length === 0 ? "" : comma);
    const more = denied === "" ? "" : ` denied_parameters = {${d} "${denied}" = ["v"${e}] }${f}`;
    return `${a}path ${b} "${at}" ${c} {${d} capabilities ${e} = ${f} [${list}${a}]${b}${more}}${c}`;
  });
const policy = fc.array(stanza, { maxLength: 5 }).map((parts) => parts.join("\n"));
const operations: readonly Operation[] = ["read", "list", "create", "update", "patch", "delete"];
const paths = ["a", "a/", "a/b", "a/b/", "a/b/c", "a/x/c", "x/b", "sys/x", "q"];

function decisions(text: string): unknown {
  const acl = compileAcl([parsePolicy("p", text)]);
  const data = new Map([["k", "v"]]);
  return paths.flatMap((at) =>
    operations.map((operation) => acl.decide({ operation, path: at, data, wrapTtl: undefined })),
  );
}

test("any policy: formatting is idempotent, keeps every comment and changes no decision", () => {
  fc.assert(
    fc.property(policy, (text) => {
      const once = formatPolicy(text);
      expect(formatPolicy(once)).toBe(once);
      expect(decisions(once)).toEqual(decisions(text));
      const notes = (all: string) => (all.match(/# note|\/\/ why|\/\* a\n b \*\/|# one|# two/g) ?? []).sort();
      expect(notes(once)).toEqual(notes(text));
    }),
    { numRuns: 1000 },
  );
});

test("any text at all: refused as invalid, or formatted to itself when formatted again", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          '"',
          "{",
          "}",
          "[",
          "]",
          "=",
          ",",
          "a",
          "1",
          "-",
          ".",
          "#",
          "\n",
          " ",
          "/*",
          "*/",
          "<<E\n",
          "E\n",
          "${",
          "\\",
          "\u00e9",
          "true",
        ),
        { maxLength: 30 },
      ),
      (parts) => {
        const text = parts.join("");
        let once: string;
        try {
          once = formatPolicy(text);
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid" });
          return;
        }
        expect(formatPolicy(once)).toBe(once);
      },
    ),
    { numRuns: 3000 },
  );
});
