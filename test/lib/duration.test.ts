/** Durations against vectors with their source, and the way back. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { formatDuration, parseDuration, toSeconds } from "../../lib/duration.ts";

interface Vector {
  source: string;
  text: string;
  ms?: number;
  fault?: string;
}

const vectors = JSON.parse(readFileSync(new URL("../vectors/duration.json", import.meta.url), "utf8")) as Vector[];

describe("parseDuration", () => {
  test.each(vectors)("$text ($source)", ({ text, ms, fault }) => {
    if (fault === undefined) expect(parseDuration(text)).toBe(ms);
    else expect(() => parseDuration(text)).toThrow(expect.objectContaining({ kind: fault }));
  });
});

test.each([
  [0, "0s"],
  [250, "250ms"],
  [1000, "1s"],
  [90_000, "1m30s"],
  [2_764_800_000, "768h0m0s"],
])("%d ms is written %s and read back", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
  expect(parseDuration(text)).toBe(ms);
});

test("the wire has whole seconds", () => {
  expect(toSeconds(1999)).toBe(1);
});
