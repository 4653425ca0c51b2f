/** A configuration folder: which files count, in which order, and what two of them may not share. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { loadBodies } from "../../../agent/config/load.ts";

let root: string;
let folder: string;
let made = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "oksae-load-"));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  made += 1;
  folder = join(root, String(made));
  mkdirSync(folder);
});

const put = (name: string, text = `log_level = "${name}"\n`): void => {
  writeFileSync(join(folder, name), text);
};
const levels = async (...paths: readonly string[]): Promise<readonly (string | undefined)[]> =>
  (await loadBodies(paths)).map((body) => body.string("log_level"));

test("files are merged in the order of their names' bytes, whatever order the folder lists them in", async () => {
  for (const name of ["b.hcl", "é.hcl", "10.hcl", "9.hcl", "B.hcl", "a.hcl"]) put(name);
  put("c.json", '{"log_level":"c.json"}');
  expect(await levels(folder)).toEqual(["10.hcl", "9.hcl", "B.hcl", "a.hcl", "b.hcl", "c.json", "é.hcl"]);
});

test.each([
  "app.hcl~",
  ".app.hcl",
  "#app.hcl",
  "app.hcl.swp",
  "app.txt",
  "app.hcl.dpkg-old",
])("%s is no configuration", async (name) => {
  put("a.hcl");
  put(name, "this is {{ no HCL");
  expect(await levels(folder)).toEqual(["a.hcl"]);
});

test("several paths keep the order they were named in", async () => {
  put("z.hcl");
  put("a.hcl");
  expect(await levels(join(folder, "z.hcl"), folder)).toEqual(["z.hcl", "a.hcl", "z.hcl"]);
});

test("a folder without any, and a path that is not there, are named", async () => {
  await expect(loadBodies([folder])).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining(folder),
  });
  await expect(loadBodies([join(folder, "none")])).rejects.toMatchObject({ kind: "unavailable" });
});
