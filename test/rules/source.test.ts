/** What the linters cannot say about the tree: head comments, sizes, words that must not be in it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { VERSION } from "../../lib/version.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const ROOMS = ["agent", "server", "lib", "cli", "test", "bench"];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

const files = ROOMS.flatMap(filesBelow);
const text = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const codeLines = (file: string): number =>
  text(file)
    .split("\n")
    .filter((line) => !/^\s*(\/\/|\*|\/\*|$)/.test(line)).length;

test("every file opens with what it is for", () => {
  const bare = files.filter((file) => !/^(#!.*\n)?\/\*\*/.test(text(file)));
  expect(bare).toEqual([]);
});

test("files stay small: none above 400 lines of code, half of them below 150", () => {
  const sizes = files.filter((file) => !file.startsWith("test/")).map(codeLines);
  expect(files.filter((file) => !file.startsWith("test/") && codeLines(file) > 400)).toEqual([]);
  expect(sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(150);
});

test.each([
  "shared/",
  "T" + "ODO",
  "FIX" + "ME",
  "eslint-" + "disable",
  "@ts-" + "ignore",
  "@ts-" + "expect-error",
])("no file says %s where it must not", (word) => {
  const pattern = word === "shared/" ? /\.\.\/shared\// : new RegExp(word);
  expect(files.filter((file) => pattern.test(text(file)))).toEqual([]);
});

test("the version is the package's", () => {
  expect((JSON.parse(text("package.json")) as { version: string }).version).toBe(VERSION);
});
