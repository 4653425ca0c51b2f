/** Names, metadata and policies of identity: both sides of every bound, and one way to compare. */
import { expect, test } from "@jest/globals";
import {
  checkAliasName,
  checkMetadata,
  checkName,
  checkPolicies,
  loginMetadata,
  nameKey,
} from "../../../server/identity/names.ts";

const invalid = expect.objectContaining({ kind: "invalid" }) as unknown as Error;

test.each([
  ["Ann", "aNN", true],
  ["ÄRGER", "ärger", true],
  ["ann", "ann ", false],
  ["ann", "anna", false],
])("%j and %j are one name: %s", (one, other, same) => {
  expect(nameKey(one) === nameKey(other)).toBe(same);
});

test.each([
  ["n".repeat(512), true],
  ["n".repeat(513), false],
  ["ä".repeat(256), true],
  ["ä".repeat(257), false],
  [" ", false],
  ["", false],
  ["a\nb", false],
  ["a/b c", true],
])("a name, case %#", (name, taken) => {
  if (taken) expect(checkName("name", name)).toBe(name);
  else expect(() => checkName("name", name)).toThrow(invalid);
});

test.each([
  [2_048, true],
  [2_049, false],
])("an alias of %d bytes is taken: %s", (size, taken) => {
  const checking = (): unknown => checkAliasName("n".repeat(size));
  if (taken) expect(checking).not.toThrow();
  else expect(checking).toThrow(invalid);
});

test.each([
  [{ pairs: 64, key: 128, value: 512 }, true],
  [{ pairs: 65, key: 128, value: 512 }, false],
  [{ pairs: 64, key: 129, value: 512 }, false],
  [{ pairs: 64, key: 128, value: 513 }, false],
])("metadata of %j is taken: %s", ({ pairs, key, value }, taken) => {
  const names = Array.from({ length: pairs }, (_, i) => String(i).padStart(key, "k"));
  const checking = (): unknown => checkMetadata("metadata", new Map(names.map((name) => [name, "v".repeat(value)])));
  if (taken) expect(checking).not.toThrow();
  else expect(checking).toThrow(invalid);
});

test("policies are lower case, in order, each once", () => {
  expect(checkPolicies([" B ", "a", "b", ""])).toEqual(["a", "b"]);
});

test.each([
  "root",
  "Root",
  " ROOT\t",
  "\u00a0root",
  "response-wrapping",
  "control-group",
  "p".repeat(513),
])("policy %j is refused", (name) => {
  expect(() => checkPolicies(["a", name])).toThrow(invalid);
});

test.each([
  [1_000, true],
  [1_001, false],
])("%d policies are taken: %s", (count, taken) => {
  const checking = (): unknown => checkPolicies(Array.from({ length: count }, (_, i) => `p${i}`));
  if (taken) expect(checking).not.toThrow();
  else expect(checking).toThrow(invalid);
});

test("of a login's metadata what is too long, and what is too much, is left out", () => {
  const many = new Map(Array.from({ length: 129 }, (_, i) => [`k${i}`, "v"]));
  expect(loginMetadata(many).size).toBe(128);
  const long = new Map([
    ["fits", "v".repeat(4_096)],
    ["long", "v".repeat(4_097)],
    ["k".repeat(513), "v"],
  ]);
  expect([...loginMetadata(long).keys()]).toEqual(["fits"]);
});
