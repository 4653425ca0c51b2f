/** The file device on a real file system: modes, links, torn lines, rotation, removal, FIFOs. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import {
  appendFile,
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { fileTarget } from "../../../server/audit/file.ts";
import { inWords } from "../../../server/audit/opening.ts";
import type { Target } from "../../../server/audit/queue.ts";

const line = (n: number): string => `{"time":"t","n":${n}}\n`;
const bytes = (n: number): Buffer => Buffer.from(line(n));

let folder = "";
let path = "";
let logged: string[] = [];
let opened: Target[] = [];

const target = (mode: number | "as it is" = 0o600, deadline = 300): Target => {
  const options = { path, mode: mode === "as it is" ? undefined : mode, deadline };
  const made = fileTarget({ ...options, clock: systemClock, log: (_, message) => logged.push(message) });
  opened.push(made);
  return made;
};
const content = (): Promise<string> => readFile(path, "utf8");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-audit-"));
  path = join(folder, "audit.log");
  logged = [];
  opened = [];
});

afterEach(async () => {
  for (const made of opened) await made.close();
  await rm(folder, { recursive: true, force: true });
});

describe("opening", () => {
  test.each<[number | "as it is", number]>([
    [0o600, 0o600],
    [0o640, 0o640],
    ["as it is", 0o600],
  ])("a new file for mode %s has %s", async (mode, wanted) => {
    await target(mode).put(bytes(1));
    expect((await stat(path)).mode & 0o7777).toBe(wanted);
  });

  test("an existing file is narrowed to its mode, or left alone when none is set", async () => {
    await writeFile(path, line(1));
    await chmod(path, 0o644);
    await target("as it is").put(bytes(2));
    expect((await stat(path)).mode & 0o7777).toBe(0o644);
    await target(0o600).put(bytes(3));
    expect((await stat(path)).mode & 0o7777).toBe(0o600);
    expect(await content()).toBe(line(1) + line(2) + line(3));
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a symbolic link", () => symlink("/tmp/elsewhere", path), "ELOOP"],
    ["a directory", () => mkdir(path), "EISDIR"],
    [
      "a file with a second link",
      () => writeFile(path, line(1)).then(() => link(path, `${path}.2`)),
      "more than one link",
    ],
    ["a file of something else", () => writeFile(path, "root:x:0:0\n"), "something else than an audit log"],
    ["a short file of something else", () => writeFile(path, "r"), "something else than an audit log"],
    ["no directory", () => rm(folder, { recursive: true }), "ENOENT"],
  ])("%s is refused and left as it is", async (_, prepare, says) => {
    await prepare();
    const words = await target().put(bytes(1)).catch(inWords);
    expect(words).toContain(says);
  });

  test.each([
    [line(1) + '{"time":"to', line(1)],
    ['{"time":"', ""],
    ['{"ti', ""],
    [line(1) + `{"time":"${"x".repeat(200_000)}`, line(1)],
  ])("a torn last line is cut off (%#)", async (before, kept) => {
    await writeFile(path, before);
    await target().put(bytes(2));
    expect(await content()).toBe(kept + line(2));
    expect(logged).toEqual(["audit file ended in a torn line: cut it off"]);
  });
});

test("removed: made anew before the entry counts, with the entry in it", async () => {
  const made = target();
  await made.put(bytes(1));
  await unlink(path);
  await made.put(bytes(2));
  expect(await content()).toBe(line(2));
  expect(logged).toEqual(["audit file was removed: making it anew"]);
});

test("removed with its directory: refused, and taken again once the directory is back", async () => {
  const made = target();
  await made.put(bytes(1));
  await rm(folder, { recursive: true });
  await expect(made.put(bytes(2))).rejects.toMatchObject({ code: "ENOENT" });
  await mkdir(folder);
  await made.put(bytes(3));
  expect(await content()).toBe(line(3));
});

test("rotated: the old file gets entries until it is opened again, no line is lost", async () => {
  const made = target();
  await made.put(bytes(1));
  await rename(path, `${path}.1`);
  await made.put(bytes(2));
  made.stale();
  await made.put(bytes(3));
  expect(await readFile(`${path}.1`, "utf8")).toBe(line(1) + line(2));
  expect(await content()).toBe(line(3));
});

test("replaced without a signal: noticed within a second", async () => {
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const made = fileTarget({ path, mode: 0o600, deadline: 300, clock, log: () => undefined });
  opened.push(made);
  await made.put(bytes(1));
  await rename(path, `${path}.1`);
  await writeFile(path, "");
  now = 1000;
  await made.put(bytes(2));
  await made.put(bytes(3));
  expect(await readFile(`${path}.1`, "utf8")).toBe(line(1) + line(2));
  expect(await content()).toBe(line(3));
});

test("copied and truncated: goes on at the new end", async () => {
  const made = target();
  await made.put(bytes(1));
  await writeFile(path, "");
  await made.put(bytes(2));
  await appendFile(path, "");
  expect(await content()).toBe(line(2));
});

describe("a FIFO", () => {
  beforeEach(() => {
    execFileSync("mkfifo", ["-m", "600", path]);
  });

  test("that nobody reads is refused at once", async () => {
    expect(await target().put(bytes(1)).catch(inWords)).toBe("nobody reads the FIFO (ENXIO)");
  });

  test("that is full is refused at the deadline, the event loop goes on, and what comes later begins a new line", async () => {
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const made = target(0o600, 200);
    await made.put(bytes(1));
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 10);
    const big = Buffer.from(`{"time":"t","x":"${"x".repeat(200_000)}"}\n`);
    const words = await made.put(big).catch(inWords);
    clearInterval(ticking);
    expect(words).toBe("nobody empties the pipe");
    expect(ticks).toBeGreaterThan(5);
    const read = (): string => {
      const buffer = Buffer.alloc(1 << 20);
      return buffer.toString("utf8", 0, readSync(reader, buffer));
    };
    let text = "";
    for (let part = read(); part !== ""; part = read()) text += part;
    await made.put(bytes(2));
    text += read();
    closeSync(reader);
    const lines = text.split("\n");
    expect([lines[0], lines.at(-2)]).toEqual([line(1).trim(), line(2).trim()]);
  });

  test("whose reader is gone is refused, and taken again when there is one", async () => {
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const made = target();
    await made.put(bytes(1));
    closeSync(reader);
    await expect(made.put(bytes(2))).rejects.toMatchObject({ code: "EPIPE" });
    await expect(made.put(bytes(3))).rejects.toMatchObject({ code: "ENXIO" });
    const again = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await made.put(bytes(4));
    closeSync(again);
  });
});
