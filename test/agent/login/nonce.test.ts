/** The nonce file: made durably before it is used, kept, dropped on another instance, never replaced when in doubt. */
import { chmod, copyFile, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type NonceFile, nonceFor } from "../../../agent/login/nonce.ts";
import { systemRandom } from "../../../lib/random.ts";

const HERE = "i-0123456789abcdef0";
let folder: string;
let lines: string[];
let file: NonceFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-nonce-"));
  lines = [];
  const log = (level: string, message: string): void => {
    lines.push(`${level} ${message}`);
  };
  file = { path: join(folder, "state/nonce"), random: systemRandom(), log, uid: process.getuid?.() ?? -1 };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const held = (path: string): Promise<string> => readFile(path, "utf8");

test("it is made once, 0600 in a folder 0700, with at least 128 bits", async () => {
  const nonce = await nonceFor(HERE, file);
  expect(Buffer.from(nonce.reveal(), "base64url").length).toBeGreaterThanOrEqual(16);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "state"))).mode & 0o777).toBe(0o700);
  expect((await nonceFor(HERE, file)).equals(nonce)).toBe(true);
  expect(lines).toEqual(["info nonce made"]);
});

test("a file of format 1, as the first release wrote it, is read", async () => {
  const path = join(folder, "kept");
  await copyFile(new URL("../../vectors/nonce/format-1.json", import.meta.url), path);
  await chmod(path, 0o600);
  const nonce = await nonceFor(HERE, { ...file, path });
  expect(nonce.reveal()).toBe("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA");
});

test("on another instance it is dropped with a warning, and the new one is kept", async () => {
  const first = await nonceFor(HERE, file);
  const second = await nonceFor("i-0aaaaaaaaaaaaaaaa", file);
  expect(second.equals(first)).toBe(false);
  expect((await nonceFor("i-0aaaaaaaaaaaaaaaa", file)).equals(second)).toBe(true);
  expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
});

test.each([
  ["an empty file", ""],
  ["half a file", '{"format":1,"non'],
  ["no object", "[]"],
  ["no format", '{"nonce":"0123456789abcdef","instance_id":"i-0123456789abcdef0"}'],
  ["a later format", '{"format":2}'],
  ["no nonce", '{"format":1,"instance_id":"i-0123456789abcdef0"}'],
  ["a short nonce", '{"format":1,"nonce":"short","instance_id":"i-0123456789abcdef0"}'],
  ["a huge file", " ".repeat(5_000)],
])("%s is an error that leaves it alone", async (_what, text) => {
  const path = join(folder, "nonce");
  await writeFile(path, text, { mode: 0o600 });
  await expect(nonceFor(HERE, { ...file, path })).rejects.toMatchObject({ kind: "conflict" });
  expect(await held(path)).toBe(text);
});

test("somebody else's file, one that others can write, and a symbolic link are refused", async () => {
  const path = join(folder, "nonce");
  await copyFile(new URL("../../vectors/nonce/format-1.json", import.meta.url), path);
  await chmod(path, 0o600);
  await expect(nonceFor(HERE, { ...file, path, uid: file.uid + 1 })).rejects.toThrow(/belongs to uid/);
  await chmod(path, 0o620);
  await expect(nonceFor(HERE, { ...file, path })).rejects.toThrow(/can be written by others/);
  await symlink(path, join(folder, "link"));
  await expect(nonceFor(HERE, { ...file, path: join(folder, "link") })).rejects.toThrow(/symbolic link/);
});

test("a file that others could read is closed again, with a warning", async () => {
  const path = join(folder, "nonce");
  await copyFile(new URL("../../vectors/nonce/format-1.json", import.meta.url), path);
  await chmod(path, 0o644);
  await nonceFor(HERE, { ...file, path });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(lines).toEqual(["warn nonce file could be read by others: its mode is 0600 again"]);
});

test("of two agents that start together, one makes it and the other is told", async () => {
  const both = await Promise.allSettled([nonceFor(HERE, file), nonceFor(HERE, file)]);
  const made = both.filter((one) => one.status === "fulfilled");
  expect(made.length).toBeGreaterThanOrEqual(1);
  const kept = await nonceFor(HERE, file);
  for (const one of made) expect(one.value.equals(kept)).toBe(true);
});
