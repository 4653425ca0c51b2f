/** `policy lint`: what is found, where, and what is not complained of. */
import { expect, test } from "@jest/globals";
import { lintPolicy } from "../../../lib/policy-text/lint.ts";
import { covers } from "../../../lib/policy-text/reach.ts";
import { comparePatterns } from "../../../lib/policy-text/strength.ts";
import { DEFAULT_POLICY } from "../../../server/policy/default.ts";

const MOUNTS = [
  { path: "secret/", type: "kv", version: "2" },
  { path: "kv/", type: "kv", version: "1" },
];
const one = (path: string, ...capabilities: string[]): string =>
  `path "${path}" {\n  capabilities = [${capabilities.map((word) => `"${word}"`).join(", ")}]\n}\n`;

test.each([
  ["", 1, "no path in it"],
  [`paths "a" {}\n${one("a", "read")}`, 1, 'unknown key "paths"'],
  [`path "a" {\n  Capabilities = ["read"]\n}`, 2, "write capabilities"],
  [one("a", "write"), 2, 'write "create" and "update"'],
  [one("a", "Read"), 2, 'write "read"'],
  [one("a", "fly"), 2, "known: create"],
  [one("a", "read", "read"), 2, "there twice"],
  [one("a", "deny", "read"), 1, "takes all away"],
  [one("a"), 1, "gives nothing"],
  [`path "a" {\n policy = "read"\n}`, 2, "old form"],
  [one("/a", "read"), 1, "slash at the beginning"],
  [one("v1/a", "read"), 1, "leave it out"],
  [one("a//b", "read"), 1, "write one slash"],
  [one("a/+*", "read"), 1, '"+*" is refused'],
  [one("a/*/b", "read"), 1, "only at the very end"],
  [one("a/b+/c", "read"), 1, "whole segment"],
  [one("", "read"), 1, "matches nothing"],
  [one("sys/policies/acl/Ops", "read"), 1, "has capitals"],
  [one("auth/userpass/users/Ann", "deny"), 1, "has capitals"],
  [one("secret/foo", "read"), 1, 'write "secret/data/foo"'],
  [one("secret/foo/*", "read"), 1, 'write "secret/data/foo/*"'],
  [one("secret/data/*", "read", "list"), 1, '"secret/metadata/*"'],
  [one("a", "read") + one("a", "list"), 4, "the same path is on line 1"],
  [one("a", "deny") + one("a", "read"), 4, "unreachable: line 1 denies"],
  [one("a", "read") + one("a", "deny"), 1, "unreachable: line 4 denies"],
  [one("a/*", "deny") + one("a/b", "read"), 1, "does not hold"],
  [one("a/+/*", "read") + one("a/+/b*", "read"), 0, ""],
])("%j: line %d, %s", (text, line, message) => {
  const found = lintPolicy(text, MOUNTS);
  if (message === "") expect(found).toEqual([]);
  else
    expect(found).toContainEqual(
      expect.objectContaining({ line, message: expect.stringContaining(message) as unknown }),
    );
  for (const finding of found) expect(finding.message).toMatch(/[^.]$/);
});

test.each([
  DEFAULT_POLICY,
  one("secret/data/app/*", "read") + one("secret/metadata/app/*", "list"),
  one("secret/*", "read"),
  one("secret/+/app", "read"),
  one("kv/foo", "read", "list"),
  one("secret/data/{{identity.entity.name}}/*", "read"),
  one("sys/policies/acl/ops", "read"),
  one("*", "read"),
  `{"path": {"a": {"capabilities": ["read"]}}}`,
])("nothing is said about %j", (text) => {
  expect(lintPolicy(text, MOUNTS)).toEqual([]);
});

test("without mounts nothing is said of KV", () => {
  expect(lintPolicy(one("secret/foo", "read"))).toEqual([]);
});

test("a text that is no HCL is refused with its place", () => {
  expect(() => lintPolicy(`path "a" {`)).toThrow(/^line 1, column \d+: /);
});

test.each([
  ["*", "a/b", true],
  ["a/*", "a/b*", true],
  ["a/b*", "a/*", false],
  ["a/+", "a/b", true],
  ["a/+", "a/b/c", false],
  ["a/+", "a/*", false],
  ["a/+/c", "a/+/c", true],
  ["a/+/*", "a/b/c*", true],
  ["a/b*", "a/+", false],
])("%s covers %s: %s", (outer, inner, expected) => {
  expect(covers(outer, inner)).toBe(expected);
});

test("the order of patterns is the server's", () => {
  expect(comparePatterns("a/b*", "a/*")).toBeGreaterThan(0);
  expect(comparePatterns("a/+/c", "a/*")).toBeGreaterThan(0);
  expect(comparePatterns("a/*", "a/+/c")).toBeLessThan(0);
  expect(comparePatterns("a/+/c", "a/+/+")).toBeGreaterThan(0);
});
