/** Password policies: syntax and bounds, every rule kept, and no character favoured. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { generatePassword, parsePasswordPolicy } from "../../lib/password-policy.ts";
import { systemRandom } from "../../lib/random.ts";

const random = systemRandom();
const bytes = (size: number): Buffer => random.bytes(size);
const ruled = (length: number, ...rules: readonly [string, number?][]): string =>
  [
    `length = ${String(length)}`,
    ...rules.map(
      ([charset, least]) =>
        `rule "charset" {\n charset = ${JSON.stringify(charset)}\n${least === undefined ? "" : ` min-chars = ${String(least)}\n`}}`,
    ),
  ].join("\n");

test.each([
  ["", "between 4 and 100"],
  [ruled(3, ["ab"]), "between 4 and 100"],
  [ruled(101, ["ab"]), "between 4 and 100"],
  ["length = 8", "at least one rule"],
  ['length = 8\nrule "charset" {}', '"charset" is required'],
  ['length = 8\nrule "words" { charset = "ab" }', "unknown rule"],
  ['length = 8\nrule "charset" { charset = "ab" most = 2 }', 'unknown key "most"'],
  [ruled(8, ["ab", 5], ["cd", 4]), "require at least 9 characters but 8"],
  [ruled(8, ["a\tb"]), "non-printable"],
  [ruled(8, ["a\u200b"]), "non-printable"],
  ['length = "many"\nrule "charset" { charset = "ab" }', "whole number"],
  ["length = 8 {", "line 1"],
])("%j is refused: %s", (text, message) => {
  expect(() => parsePasswordPolicy(text)).toThrow(
    expect.objectContaining({ kind: "invalid", message: expect.stringContaining(message) as unknown }),
  );
});

test.each([4, 100])("a length of %d is taken", (length) => {
  expect(generatePassword(parsePasswordPolicy(ruled(length, ["ab"])), bytes)).toHaveLength(length);
});

test("JSON is taken too", () => {
  const text = '{"length": 5, "rule": [{"charset": {"charset": "xyz", "min-chars": 5}}]}';
  expect(generatePassword(parsePasswordPolicy(text), bytes)).toMatch(/^[xyz]{5}$/);
});

test("characters beyond the basic plane count as one", () => {
  const made = generatePassword(parsePasswordPolicy(ruled(6, ["\u{1f600}\u{1f601}"])), bytes);
  expect([...made]).toHaveLength(6);
});

test("rules that nearly no candidate keeps are given up, not tried for ever", () => {
  const many = Array.from({ length: 90 }, (_, i) => String.fromCharCode(0x4e00 + i)).join("");
  const policy = parsePasswordPolicy(ruled(20, ["a", 20], [many]));
  expect(() => generatePassword(policy, bytes)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("every password keeps every rule and nothing but the sets' characters", () => {
  const set = fc
    .uniqueArray(fc.constantFrom(..."abcdefgh0123!?-_"), { minLength: 1, maxLength: 8 })
    .map((all) => all.join(""));
  const rules = fc.array(fc.tuple(set, fc.integer({ min: 0, max: 2 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 40 }), rules, (length, given) => {
      const made = [...generatePassword(parsePasswordPolicy(ruled(length, ...given)), bytes)];
      expect(made).toHaveLength(length);
      const all = new Set(given.flatMap(([charset]) => [...charset]));
      expect(made.filter((one) => !all.has(one))).toEqual([]);
      for (const [charset, least] of given) {
        expect(made.filter((one) => charset.includes(one)).length).toBeGreaterThanOrEqual(least);
      }
    }),
    { numRuns: 500 },
  );
});

test("no character is favoured: chi-square over 200,000 characters of a set that does not divide 65,536", () => {
  const set = Array.from({ length: 63 }, (_, i) => String.fromCharCode(0x30 + i)).filter(
    (c) => c !== "\\" && c !== '"',
  );
  const policy = parsePasswordPolicy(ruled(100, [set.join("")]));
  const counts = new Map<string, number>();
  const rounds = 2000;
  for (let i = 0; i < rounds; i += 1)
    for (const one of generatePassword(policy, bytes)) counts.set(one, (counts.get(one) ?? 0) + 1);
  const expected = (rounds * 100) / set.length;
  const chi = [...counts.values()].reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
  // 61 degrees of freedom: beyond 120 in less than one of 100,000 runs.
  expect(chi).toBeLessThan(120);
});

test("a set mentioned twice does not make its characters likelier", () => {
  const policy = parsePasswordPolicy(ruled(100, ["ab"], ["aaaa"]));
  let found = 0;
  for (let i = 0; i < 400; i += 1) found += [...generatePassword(policy, bytes)].filter((one) => one === "a").length;
  expect(found / 40_000).toBeGreaterThan(0.48);
  expect(found / 40_000).toBeLessThan(0.52);
});
