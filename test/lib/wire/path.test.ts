/** Request targets as Node gives them (one character a byte), and the paths that come out. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { encodePath, encodeQuery, LONGEST_PATH, parseQuery, parseTarget } from "../../../lib/wire/path.ts";

const good: readonly (readonly [target: string, path: string, query: string])[] = [
  ["/v1/secret/data/app", "/v1/secret/data/app", ""],
  ["/v1/secret/", "/v1/secret/", ""],
  ["/v1/a?b=c?d", "/v1/a", "b=c?d"],
  ["/v1/a?", "/v1/a", ""],
  ["/v1/a%2Fb", "/v1/a/b", ""],
  ["/v1/a%252Fb", "/v1/a%2Fb", ""],
  ["/v1/a+b", "/v1/a+b", ""],
  ["/v1/%E2%82%AC", "/v1/€", ""],
  ["/v1/\u00e2\u0082\u00ac", "/v1/€", ""],
  ["/v1/a.b/.hidden/..more/...", "/v1/a.b/.hidden/..more/...", ""],
  ["/v1/~a:b@c;d=e,f!$&'()*", "/v1/~a:b@c;d=e,f!$&'()*", ""],
  ["/v1/%3Fx=%23", "/v1/?x=#", ""],
  ["https://host:8200/v1/a?b", "/v1/a", "b"],
  ["HTTP://host/v1/a", "/v1/a", ""],
  ["/", "/", ""],
];

test.each(good)("%s", (target, path, query) => {
  expect(parseTarget(target)).toEqual({ path, query, redirect: false });
});

const bad: readonly string[] = [
  "",
  "*",
  "v1/a",
  "?a",
  "host:443",
  "http://host",
  "ftp://host/v1/a",
  "/v1/.",
  "/v1/..",
  "/v1/./a",
  "/v1/a/../b",
  "/..",
  "/v1/a/..",
  "/%2e%2e/v1",
  "/v1/%2E",
  "/v1/a%2f..%2fb",
  "/v1/%252e%252E/a",
  "/v1/.%252e",
  "/v1/%C0%AE%C0%AE/a",
  "/v1/%C0%AF",
  "/v1/%E2%82",
  "/v1/%FF",
  "/v1/\u00ff",
  "/v1/%ED%A0%80",
  "/v1/%F4%90%80%80",
  "/v1/%",
  "/v1/%4",
  "/v1/%4g",
  "/v1/%G4",
  "/v1/%%41",
  "/v1/a\\b",
  "/v1/a%5Cb",
  "/v1/..\\a",
  "/v1/%00",
  "/v1/a%0Ab",
  "/v1/a%1f",
  "/v1/a%7F",
  "/v1/a%C2%80",
  "/v1/a#b",
  "/v1/\u20ac",
  `/v1/${"a".repeat(LONGEST_PATH + 1)}`,
  `/v1/${"%C3%A9".repeat(LONGEST_PATH / 2)}a`,
  `/${"a".repeat(LONGEST_PATH + 1)}`,
];

test.each(bad)("refused: %s", (target) => {
  expect(() => parseTarget(target)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("the longest path: 1,000 bytes below /v1/", () => {
  expect(parseTarget(`/v1/${"a".repeat(LONGEST_PATH)}`).path).toHaveLength(LONGEST_PATH + 4);
  expect(parseTarget(`/v1/${"%C3%A9".repeat(LONGEST_PATH / 2)}`).path).toHaveLength(LONGEST_PATH / 2 + 4);
});

const redirected: readonly (readonly [target: string, location: string])[] = [
  ["//evil/v1/x", "/evil/v1/x"],
  ["///evil", "/evil"],
  ["/v1//a", "/v1/a"],
  ["/v1/a//", "/v1/a/"],
  ["/v1/a%2F/b?x=%2F%2F&y=//", "/v1/a/b?x=%2F%2F&y=//"],
  ["/v1/%25//%20", "/v1/%25/%20"],
  ["/v1//a?\u00e9 ", "/v1/a?%e9%20"],
  ["/%2Fevil", "/evil"],
];

test.each(redirected)("%s is redirected to %s", (target, location) => {
  expect(parseTarget(target)).toMatchObject({ path: location, redirect: true });
});

test("property: what is taken is clean, and a redirect leads to a clean path on this host", () => {
  const piece = fc.constantFrom(
    "/",
    "//",
    ".",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "%00",
    "%C0%AE",
    "a",
    "v1",
    "%",
    "é",
    "?",
    "%25",
    "\\",
    "+",
    "#",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let target;
      try {
        target = parseTarget(`/${pieces.join("")}`);
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid" });
        return;
      }
      if (target.redirect) {
        expect(target.path).not.toMatch(/^\/[/\\]/);
        target = parseTarget(target.path);
      }
      expect(target.redirect).toBe(false);
      expect(target.path).toMatch(/^\//);
      expect(target.path).not.toMatch(/\/\/|\\|\p{Cc}/u);
      expect(target.path.split("/")).not.toContain("..");
      expect(target.path.split("/")).not.toContain(".");
    }),
    { numRuns: 300 },
  );
});

test("property: a path that was encoded is read as it was", () => {
  const segment = fc
    .string({ unit: "binary", minLength: 1, maxLength: 20 })
    .filter((text) => !/[\p{Cc}\\/\p{Surrogate}]|^(\.|%2e)+$/iu.test(text));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      const path = `/v1/${segments.join("/")}`;
      expect(parseTarget(encodePath(path))).toEqual({ path, query: "", redirect: false });
    }),
    { numRuns: 200 },
  );
});

const queries: readonly (readonly [query: string, parameters: readonly (readonly [string, readonly string[]])[]])[] = [
  ["", []],
  ["a=b", [["a", ["b"]]]],
  [
    "a=b&&c",
    [
      ["a", ["b"]],
      ["c", [""]],
    ],
  ],
  [
    "a=1&b=2&a=3",
    [
      ["a", ["1", "3"]],
      ["b", ["2"]],
    ],
  ],
  ["a=b+c%2Bd%26e=f", [["a", ["b c+d&e=f"]]]],
  [
    "__proto__=x&10=y",
    [
      ["__proto__", ["x"]],
      ["10", ["y"]],
    ],
  ],
  ["=x", [["", ["x"]]]],
];

test.each(queries)("query %s", (query, parameters) => {
  expect([...parseQuery(query)]).toEqual(parameters);
});

test.each(["a=%", "a=%zz", "%C0%AE=1", "a;b", "a=%ff"])("query refused: %s", (query) => {
  expect(() => parseQuery(query)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("property: a query that was encoded is read as it was", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => !/\p{Surrogate}/u.test(one));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
        selector: ([name]) => name,
        maxLength: 5,
      }),
      (entries) => {
        const query = Object.fromEntries(entries.filter(([name]) => name !== "__proto__"));
        expect(new Map(parseQuery(encodeQuery(query).replace(/^\?/, "")))).toEqual(new Map(Object.entries(query)));
      },
    ),
    { numRuns: 200 },
  );
  expect(encodeQuery({ a: undefined })).toBe("");
  expect(encodeQuery({ a: "ü", b: ["1", "2"] })).toBe("?a=%C3%BC&b=1&b=2");
});

test("a lone surrogate becomes U+FFFD on its way out", () => {
  expect(encodePath("a/\ud800")).toBe("a/%EF%BF%BD");
});
