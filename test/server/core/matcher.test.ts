/** Patterns against paths: literals, one segment, the rest, the rest before literals, the slash of a LIST. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Route, route } from "../../../server/contract/engine.ts";
import { compileRoutes } from "../../../server/core/matcher.ts";

const PATTERNS = ["config", "role/:name", "roles", "data/*path", "mounts/*path/tune", "mounts/*path", ":any/fixed", ""];
const routes = PATTERNS.map((path): Route => route({ path, about: path, fields: {}, on: {} }));
const match = compileRoutes(routes);

const CASES: readonly [string, boolean, string | undefined, Record<string, string>][] = [
  ["config", false, "config", {}],
  ["config/", false, undefined, {}],
  ["config/", true, "config", {}],
  ["config/x", false, undefined, {}],
  ["configx", false, undefined, {}],
  ["role/a", false, "role/:name", { name: "a" }],
  ["role/", false, undefined, {}],
  ["role/a/b", false, undefined, {}],
  ["role/fixed", false, "role/:name", { name: "fixed" }],
  ["roles/", true, "roles", {}],
  ["data", false, "data/*path", { path: "" }],
  ["data/", true, "data/*path", { path: "" }],
  ["data/a/b", false, "data/*path", { path: "a/b" }],
  ["data/a/b/", true, "data/*path", { path: "a/b/" }],
  ["data//b", false, "data/*path", { path: "/b" }],
  ["mounts/secret/tune", false, "mounts/*path/tune", { path: "secret" }],
  ["mounts/a/b/tune", false, "mounts/*path/tune", { path: "a/b" }],
  ["mounts/tune/tune", false, "mounts/*path/tune", { path: "tune" }],
  ["mounts/tune", false, "mounts/*path", { path: "tune" }],
  ["mounts/a/tune/x", false, "mounts/*path", { path: "a/tune/x" }],
  ["other/fixed", false, ":any/fixed", { any: "other" }],
  ["", false, "", {}],
  ["__proto__", false, undefined, {}],
];

test.each(CASES)("%s (list: %s) is %s", (path, list, pattern, params) => {
  const found = match(path, list);
  expect(found?.route.path).toBe(pattern);
  expect(Object.fromEntries(found?.params ?? [])).toEqual(params);
});

test("the rest is the path below its head, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(match(`data/${text}`, false)?.params.get("path")).toBe(text);
    }),
    { numRuns: 200 },
  );
});

test("two rests are a mistake that shows at start", () => {
  expect(() => compileRoutes([route({ path: "*a/*b", about: "", fields: {}, on: {} })])).toThrow("two rests");
});
