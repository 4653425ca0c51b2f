/** Claims: pointers, globs, numbers and bound claims, against simple models; times on both sides of each leeway. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type JsonMap, parseJson, parseJsonMap } from "../../../../lib/wire/json.ts";
import { checkBoundClaims, globMatches, mustMatch } from "../../../../server/auth/jwt/bound-claims.ts";
import { claimAt, pointed } from "../../../../server/auth/jwt/claims.ts";
import { mustBeCurrent, mustBeFresh } from "../../../../server/auth/jwt/times.ts";
import { cpuTime } from "../../../fakes/cpu.ts";

const map = (value: unknown): JsonMap => parseJsonMap(JSON.stringify(value));

describe("JSON pointers", () => {
  // RFC 6901 section 5.
  const example = parseJson(
    '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
  );
  test.each([
    ["/foo/0", '"bar"'],
    ["/", "0"],
    ["/a~1b", "1"],
    ["/c%d", "2"],
    ["/e^f", "3"],
    ["/g|h", "4"],
    ["/i\\j", "5"],
    ['/k"l', "6"],
    ["/ ", "7"],
    ["/m~0n", "8"],
  ])("%j (RFC 6901)", (pointer, json) => {
    expect(pointed(example, pointer)).toEqual(parseJson(json));
  });

  test.each([
    "/none",
    "/foo/2",
    "/foo/-",
    "/foo/01",
    "/foo/bar",
    "/a~2b",
    "/m~n",
    "//",
    "/foo/0/x",
    "/__proto__",
    "/foo/length",
  ])("%j leads nowhere", (pointer) => {
    expect(pointed(example, pointer)).toBeUndefined();
  });

  test("every value is found by the pointer to it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const document = parseJson(JSON.stringify(value));
        for (const [pointer, inner] of everyPointer(JSON.parse(JSON.stringify(value)), "")) {
          expect(pointed(document, pointer)).toEqual(parseJson(JSON.stringify(inner)));
        }
      }),
    );
  });

  test("any text is taken without a throw", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        pointed(parseJson(JSON.stringify(value)), `/${text}`);
      }),
    );
  });

  test("a name without a slash is the claim itself; null is as good as none; one audience is a list", () => {
    const claims = map({ "a.b": "x", a: { b: "y" }, none: null, aud: "me" });
    expect(claimAt(claims, "a.b")).toBe("x");
    expect(claimAt(claims, "/a/b")).toBe("y");
    expect(claimAt(claims, "none")).toBeUndefined();
    expect(claimAt(claims, "aud")).toEqual(["me"]);
    expect(claimAt(claims, "/aud")).toBe("me");
  });
});

function* everyPointer(value: unknown, at: string): Generator<readonly [string, unknown]> {
  yield [at, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    yield* everyPointer(inner, `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

const few = fc.string({ unit: fc.constantFrom("a", "b", "*", ".", "\n"), maxLength: 8 });

const fewer = fc.string({ unit: fc.constantFrom("a", "*"), maxLength: 6 });

test.each([few, fewer])("a glob matches as the regular expression does", (texts) => {
  fc.assert(
    fc.property(texts, texts, (pattern, text) => {
      const source = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      expect(globMatches(pattern, text)).toBe(new RegExp(`^${source.join("[^]*")}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["a*a*a", "aa", false],
  ["a*a*a", "aaa", true],
  ["ab*ba", "aba", false],
  ["**", "", true],
])("glob %j against %j: %s", (pattern, text, matches) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

test("a glob that regular expressions would choke on takes no time", () => {
  const cost = cpuTime(() => {
    expect(globMatches("a*".repeat(500), "a".repeat(20_000) + "b")).toBe(true);
    expect(globMatches(`${"a*".repeat(500)}c`, "a".repeat(20_000) + "b")).toBe(false);
  });
  expect(cost).toBeLessThan(500);
});

const bound = (wanted: unknown, claims: unknown, type: "string" | "glob" = "string"): string => {
  try {
    mustMatch(type, map({ c: wanted }), map({ c: claims }));
    return "in";
  } catch (error) {
    return (error as Error).message;
  }
};
const NO = 'error validating claims: claim "c" does not match any associated bound claim values';

test.each<[unknown, unknown, string]>([
  ["a", "a", "in"],
  ["a", ["b", "a"], "in"],
  [["a", "b"], "b", "in"],
  [["a", "b"], ["c", "b"], "in"],
  ["a", "A", NO],
  ["a", "ab", NO],
  ["*", "a", NO],
  [["a"], ["b"], NO],
  [[], "a", NO],
  ["a", [], NO],
  [true, true, "in"],
  [true, "true", NO],
  [1, 1, "in"],
  [1, "1", NO],
  ["1", 1, NO],
  ["a", { a: 1 }, "error validating claims: received claim is not a string, bool, int or list"],
  ["a", [["a"]], NO],
  ["a", null, 'error validating claims: claim "c" is missing'],
])("bound %j, claim %j: %s", (wanted, claim, result) => {
  expect(bound(wanted, claim)).toBe(result);
});

test.each([
  ["team-*", "team-core", "in"],
  ["team-*", ["x", "team-"], "in"],
  ["*", "", "in"],
  ["team-*", "myteam-core", NO],
  ["team-*", 7, NO],
  ["a?", "ab", NO],
])("glob %j, claim %j: %s", (wanted, claim, result) => {
  expect(bound(wanted, claim, "glob")).toBe(result);
});

test("two numbers are the same when they have the same value, however they are written", () => {
  const number = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: -5, max: 5 }));
  const exact = ([minus, digits, power]: readonly [boolean, bigint, number]): bigint =>
    (minus ? -digits : digits) * 10n ** BigInt(power + 5);
  const text = ([minus, digits, power]: readonly [boolean, bigint, number]): string =>
    `${minus ? "-" : ""}${digits.toString()}e${String(power)}`;
  const matches = (a: string, b: string): boolean => {
    try {
      mustMatch("string", parseJsonMap(`{"n":${a}}`), parseJsonMap(`{"n":${b}}`));
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(number, number, (a, b) => matches(text(a), text(b)) === (exact(a) === exact(b))));
  for (const same of ["100", "100.0", "1e2", "1.00E+2", "1000e-1"]) expect(matches("100", same)).toBe(true);
  expect(matches("12345678901234567890", "12345678901234567891")).toBe(false);
  expect(matches("0", "-0.0")).toBe(true);
});

test.each<["string" | "glob", unknown, boolean]>([
  ["string", { a: "x", b: 1, c: true, d: ["x", 1] }, true],
  ["string", { a: {} }, false],
  ["string", { a: null }, false],
  ["string", { a: [[]] }, false],
  ["glob", { a: ["x", "y*"] }, true],
  ["glob", { a: 1 }, false],
])("bound claims of type %s may be %j: %s", (type, claims, fine) => {
  const check = (): void => {
    checkBoundClaims(type, map(claims));
  };
  if (fine) check();
  else expect(check).toThrow(expect.objectContaining({ kind: "invalid" }));
});

const AT = 1_800_000_000;
const none = { expirationLeeway: 0, notBeforeLeeway: 0, clockSkewLeeway: 0 };
const outcome = (claims: object, leeways: object = {}): string => {
  try {
    mustBeCurrent(map(claims), { ...none, ...leeways }, AT * 1000);
    return "in";
  } catch (error) {
    return (error as Error).message.replace("error validating token: ", "");
  }
};
const EXPIRED = "invalid expiration time (exp) claim: token is expired";
const EARLY = "invalid not before (nbf) claim: token not yet valid";
const FUTURE = "invalid issued at (iat) claim: token issued in the future";

test.each<[object, object, string]>([
  // The clock skew: 60 s unless set, -1 = none.
  [{ exp: AT - 60 }, {}, "in"],
  [{ exp: AT - 61 }, {}, EXPIRED],
  [{ nbf: AT + 60 }, {}, "in"],
  [{ nbf: AT + 61 }, {}, EARLY],
  [{ iat: AT + 60, nbf: AT }, {}, "in"],
  [{ iat: AT + 61, nbf: AT, exp: AT + 300 }, {}, FUTURE],
  [{ exp: AT }, { clockSkewLeeway: -1000 }, "in"],
  [{ exp: AT - 1 }, { clockSkewLeeway: -1000 }, EXPIRED],
  [{ nbf: AT + 1 }, { clockSkewLeeway: -1000 }, EARLY],
  [{ exp: AT - 10 }, { clockSkewLeeway: 10_000 }, "in"],
  [{ exp: AT - 11 }, { clockSkewLeeway: 10_000 }, EXPIRED],
  // Without exp: 150 s from the latest of the others.
  [{ iat: AT - 210 }, {}, "in"],
  [{ iat: AT - 211 }, {}, EXPIRED],
  [{ iat: AT - 500, nbf: AT - 210 }, {}, "in"],
  [{ iat: AT - 70 }, { expirationLeeway: 10_000 }, "in"],
  [{ iat: AT - 71 }, { expirationLeeway: 10_000 }, EXPIRED],
  [{ iat: AT - 60 }, { expirationLeeway: -1000 }, "in"],
  [{ iat: AT - 61 }, { expirationLeeway: -1000 }, EXPIRED],
  // Without nbf: iat, else 150 s before exp.
  [{ exp: AT + 210 }, {}, "in"],
  [{ exp: AT + 211 }, {}, EARLY],
  [{ exp: AT + 70 }, { notBeforeLeeway: 10_000 }, "in"],
  [{ exp: AT + 71 }, { notBeforeLeeway: 10_000 }, EARLY],
  [{ exp: AT + 5000, iat: AT }, {}, "in"],
  // None, or none that counts.
  [{}, {}, "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"],
  [{ exp: 0, iat: null }, {}, "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"],
  [{ exp: "2099-01-01" }, {}, "the exp claim is no time in seconds"],
  [{ exp: String(AT) }, {}, "the exp claim is no time in seconds"],
  [{ exp: -1 }, {}, "the exp claim is no time in seconds"],
  [{ exp: AT - 59.5 }, {}, "in"],
])("claims %j with leeways %j: %s", (claims, leeways, result) => {
  expect(outcome(claims, leeways)).toBe(result);
});

test("a number beyond all numbers is no time", () => {
  expect(() => {
    mustBeCurrent(parseJsonMap('{"exp":1e400}'), none, AT * 1000);
  }).toThrow("is no time in seconds");
});

test.each<[object, number, boolean]>([
  [{ auth_time: AT - 660 }, 600_000, true],
  [{ auth_time: AT - 661 }, 600_000, false],
  [{}, 600_000, false],
  [{}, 0, true],
])("max_age: claims %j, %s ms: %s", (claims, maxAge, fine) => {
  const check = (): void => {
    mustBeFresh(map(claims), maxAge, none, AT * 1000);
  };
  if (fine) check();
  else expect(check).toThrow("auth_time");
});
