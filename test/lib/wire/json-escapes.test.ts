/** Strings with escapes: what they are, where they are refused, and that a body full of them does not hold up the server. */
import { expect, test } from "@jest/globals";
import { parseJson } from "../../../lib/wire/json.ts";
import { cpuTime } from "../../fakes/cpu.ts";

test.each([
  [String.raw`"\"\\\/\b\f\n\r\t"`, '"\\/\b\f\n\r\t'],
  [String.raw`"a\u0041b"`, "aAb"],
  [String.raw`"\\"`, "\\"],
  [String.raw`"\\\""`, '\\"'],
  [String.raw`"\ud83d\ude00"`, "\u{1f600}"],
  [String.raw`"\ud800"`, "\ud800"],
  [String.raw`"__proto__\u0000"`, "__proto__\u0000"],
])("%s", (text, value) => {
  expect(parseJson(text)).toBe(value);
});

test.each([
  [String.raw`"\x"`, "invalid JSON at character 1: string with a bad escape"],
  [String.raw`"\u12"`, "invalid JSON at character 1: string with a bad escape"],
  [String.raw`"\u12G4 hunter2"`, "invalid JSON at character 1: string with a bad escape"],
  ['"\\', "invalid JSON at character 4: unterminated string or control character in it"],
  ['"\\n', "invalid JSON at character 4: unterminated string or control character in it"],
  ['"\\n\u0001"', "invalid JSON at character 4: unterminated string or control character in it"],
  ['"\\\n"', "invalid JSON at character 1: string with a bad escape"],
])("%j is refused without being repeated", (text, message) => {
  expect(() => parseJson(text)).toThrow(expect.objectContaining({ kind: "invalid", message }));
});

test("32 MiB of escapes are read within a second", () => {
  const escapes = "\\n".repeat(16 * 2 ** 20);
  const cost = cpuTime(() => {
    expect((parseJson(`"${escapes}"`) as string).length).toBe(16 * 2 ** 20);
  });
  expect(cost).toBeLessThan(1000);
});
