/** Token strings, times, stored formats and merge patches. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../lib/random.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import { formatTime } from "../../lib/time-text.ts";
import { looksLikeToken, makeToken, randomText } from "../../lib/token-string.ts";
import { parseJson, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import { mergePatch } from "../../lib/wire/merge-patch.ts";

describe("token strings", () => {
  test("are recognised, and no single change of one is", () => {
    const random = systemRandom();
    const token = makeToken(random).reveal();
    expect(token).toMatch(/^hvs\.[0-9A-Za-z]{38}$/);
    expect(looksLikeToken(token)).toBe(true);
    for (let i = 0; i < token.length; i += 1) {
      const other = token[i] === "x" ? "y" : "x";
      expect(looksLikeToken(token.slice(0, i) + other + token.slice(i + 1))).toBe(false);
      expect(looksLikeToken(token.slice(0, i) + token.slice(i + 1))).toBe(false);
    }
  });

  // CRC-32 of "hvs." and 32 zeros, worked out with Python: zlib.crc32(b"hvs." + b"0"*32).
  test("the checksum is CRC-32 in base62", () => {
    expect(looksLikeToken(`hvs.${"0".repeat(32)}1Zj67v`)).toBe(true);
  });

  test.each([
    "",
    "hvs.",
    "root",
    `hvb.${"0".repeat(38)}`,
    `hvs.${"0".repeat(37)}-`,
    `hvs.${"0".repeat(38)}\n`,
  ])("%j is not one", (text) => {
    expect(looksLikeToken(text)).toBe(false);
  });

  test("random text takes every digit and no byte above the last full round", () => {
    const bytes = Buffer.from([255, 248, 247, 61, 62, 0]);
    const random = { ...systemRandom(), bytes: () => bytes };
    expect(randomText(random, 4)).toBe("zz00");
  });

  test("a thousand differ", () => {
    const random = systemRandom();
    expect(new Set(Array.from({ length: 1000 }, () => makeToken(random).reveal())).size).toBe(1000);
  });
});

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [1_521_686_203_986, "2018-03-22T02:36:43.986Z"],
  [1_521_686_203_980, "2018-03-22T02:36:43.98Z"],
  [1_521_686_203_900, "2018-03-22T02:36:43.9Z"],
  [1_521_686_203_000, "2018-03-22T02:36:43Z"],
  [1_521_686_200_000, "2018-03-22T02:36:40Z"],
  [1_521_686_200_001, "2018-03-22T02:36:40.001Z"],
])("%d is %s, as Go prints it", (ms, text) => {
  expect(formatTime(ms)).toBe(text);
  expect(Date.parse(text)).toBe(ms);
});

test("property: stored text comes back, another format is refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodeStored(1, encodeStored(1, text), "x")).toBe(text);
    }),
  );
  expect(() => decodeStored(1, encodeStored(2, ""), "thing")).toThrow(
    "stored thing has format 2, this release reads 1",
  );
  expect(() => decodeStored(1, new Uint8Array(), "thing")).toThrow(expect.objectContaining({ kind: "internal" }));
});

// RFC 7396, appendix A: those rows whose patch is an object (any other patch replaces the whole and is no patch to us).
describe("merge patch", () => {
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("%s with %s is %s", (target, patch, result) => {
    const before = parseJson(target);
    expect(stringifyJson(mergePatch(before, parseJsonMap(patch)))).toBe(result);
    expect(stringifyJson(before)).toBe(target);
  });
});
