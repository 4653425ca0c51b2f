/** Placing on a real file system: what is compared, written, kept and refused. Owners other than our own need root: test/real. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { localAccounts } from "../../../agent/place/accounts.ts";
import { placeFile } from "../../../agent/place/place.ts";
import { removeStaleTemps } from "../../../agent/place/stale.ts";
import type { Placement, PlacePorts } from "../../../agent/place/types.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";

let folder: string;
let path: string;
const ports: PlacePorts = { accounts: localAccounts(), random: systemRandom(), clock: systemClock };
const place = (text: string, more: Partial<Placement> = {}) => placeFile({ path, ...more }, Buffer.from(text), ports);
const mode = (file = path) => statSync(file).mode & 0o7777;
const fails = (kind: string, text: RegExp | string) =>
  expect.objectContaining({ kind, message: expect.stringMatching(text) });
const LONG_AGO = new Date(1_000_000_000_000);

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "oksae-place-")));
  path = join(folder, "app.env");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a new file is 0600 and leaves nothing beside it", async () => {
  expect(await place("A=1\n")).toEqual({ changed: true });
  expect(readFileSync(path, "utf8")).toBe("A=1\n");
  expect(mode()).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["app.env"]);
});

test("bytes are written as they are", async () => {
  const bytes = Buffer.from([0, 255, 128, 10, 13]);
  await placeFile({ path }, bytes, ports);
  expect(readFileSync(path)).toEqual(bytes);
});

test("an equal file is not touched: same inode, same mtime, no command", async () => {
  await place("x");
  utimesSync(path, LONG_AGO, LONG_AGO);
  const before = lstatSync(path);
  expect(await place("x", { command: `touch ${folder}/ran` })).toEqual({ changed: false });
  expect(lstatSync(path).mtimeMs).toBe(LONG_AGO.getTime());
  expect(lstatSync(path).ino).toBe(before.ino);
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test.each([
  ["content of the same length", { first: "x", then: "y" }],
  ["content of another length", { first: "x", then: "xx" }],
  ["content to nothing", { first: "x", then: "" }],
])("%s is a change", async (_name, { first, then }) => {
  await place(first);
  expect(await place(then)).toEqual({ changed: true });
  expect(readFileSync(path, "utf8")).toBe(then);
});

test("a mode alone is a change", async () => {
  await place("x");
  expect(await place("x", { perms: 0o644 })).toEqual({ changed: true });
  expect(mode()).toBe(0o644);
  expect(await place("x", { perms: 0o644 })).toEqual({ changed: false });
});

test.each([
  [0o600, 0o600],
  [0o640, 0o640],
  [0o400, 0o400],
  [0o644, 0o640],
  [0o660, 0o640],
  [0o777, 0o640],
  [0o4755, 0o640],
])("without written perms mode %d is kept, never wider than 0640", async (existing, kept) => {
  writeFileSync(path, "old");
  chmodSync(path, existing);
  await place("new");
  expect(mode()).toBe(kept);
});

test("written perms win over an existing mode", async () => {
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  await place("new", { perms: 0o444 });
  expect(mode()).toBe(0o444);
});

test("a symbolic link is refused and what it points to is untouched", async () => {
  const target = join(folder, "target");
  writeFileSync(target, "precious");
  symlinkSync(target, path);
  await expect(place("x")).rejects.toEqual(fails("invalid", /app\.env is a symbolic link/));
  expect(readFileSync(target, "utf8")).toBe("precious");
});

test("a dangling symbolic link is refused too", async () => {
  symlinkSync(join(folder, "nowhere"), path);
  await expect(place("x")).rejects.toEqual(fails("invalid", /symbolic link/));
  expect(existsSync(join(folder, "nowhere"))).toBe(false);
});

test("a hard link is refused", async () => {
  writeFileSync(join(folder, "other"), "x");
  linkSync(join(folder, "other"), path);
  await expect(place("y")).rejects.toEqual(fails("invalid", /has 2 hard links/));
  expect(readFileSync(join(folder, "other"), "utf8")).toBe("x");
});

test("a directory is refused", async () => {
  mkdirSync(path);
  await expect(place("x")).rejects.toEqual(fails("invalid", /is a directory, not a regular file/));
});

test("a symbolic link on the way is refused, and named", async () => {
  mkdirSync(join(folder, "real"));
  symlinkSync("real", join(folder, "link"));
  path = join(folder, "link", "app.env");
  await expect(place("x")).rejects.toEqual(fails("invalid", /link is a symbolic link: write the path/));
  expect(readdirSync(join(folder, "real"))).toEqual([]);
});

test.each([
  [0o755, true],
  [0o700, true],
  [0o775, false],
  [0o757, false],
  [0o1777, false],
])("directory mode %d is a safe place: %s", async (bits, safe) => {
  chmodSync(folder, bits);
  if (safe) expect(await place("x")).toEqual({ changed: true });
  else {
    await expect(place("x")).rejects.toEqual(fails("denied", /is no safe place for a secret: others may write/));
    expect(readdirSync(folder)).toEqual([]);
  }
});

test("a directory further up that others may write is refused unless it is sticky", async () => {
  mkdirSync(join(folder, "sub"));
  path = join(folder, "sub", "app.env");
  chmodSync(folder, 0o777);
  await expect(place("x")).rejects.toEqual(fails("denied", /others may write/));
  chmodSync(folder, 0o1777);
  expect(await place("x")).toEqual({ changed: true });
});

test("an equal file in an unsafe directory is refused as well", async () => {
  await place("x");
  chmodSync(folder, 0o777);
  await expect(place("x")).rejects.toEqual(fails("denied", /no safe place/));
});

test("a missing directory is named", async () => {
  path = join(folder, "no", "app.env");
  await expect(place("x")).rejects.toEqual(
    fails("not-found", /no: the directory does not exist; create it \(ENOENT\)/),
  );
});

test("missing directories are made on request, 0755 whatever the umask", async () => {
  path = join(folder, "a", "b", "app.env");
  const before = process.umask(0o077);
  try {
    await place("x", { createDirectories: true });
  } finally {
    process.umask(before);
  }
  expect(mode(join(folder, "a"))).toBe(0o755);
  expect(mode(join(folder, "a", "b"))).toBe(0o755);
  expect(mode()).toBe(0o600);
});

test("no directory is made in an unsafe one", async () => {
  chmodSync(folder, 0o777);
  path = join(folder, "a", "app.env");
  await expect(place("x", { createDirectories: true })).rejects.toEqual(fails("denied", /no safe place/));
  expect(readdirSync(folder)).toEqual([]);
});

test.each(["relative", "/a/../b", "/a//b", "/a/./b", "/a/", "/", "", "/a\0b"])("%j is no destination", async (bad) => {
  path = bad;
  await expect(place("x")).rejects.toEqual(fails("invalid", /absolute path/));
});

test("a file as a directory is refused", async () => {
  writeFileSync(join(folder, "f"), "");
  path = join(folder, "f", "app.env");
  await expect(place("x")).rejects.toEqual(fails("invalid", /f is no directory/));
});

test("users and groups are names or numbers, and the unknown are named", async () => {
  await expect(place("x", { user: "nobody-of-that-name" })).rejects.toEqual(
    fails("not-found", /no user "nobody-of-that-name" in \/etc\/passwd/),
  );
  await expect(place("x", { group: "no-such-group" })).rejects.toEqual(fails("not-found", /no group "no-such-group"/));
  expect(readdirSync(folder)).toEqual([]);
  const [uid, gid] = [String(process.geteuid?.()), String(process.getegid?.())];
  expect(await place("x", { user: uid, group: gid })).toEqual({ changed: true });
});

test("stale temporary files of ours are removed, and nothing else", async () => {
  const keep = [
    "app.env",
    ".oksae-",
    ".oksae-0123456789abcdeg",
    ".oksae-0123456789abcdef0",
    "x.oksae-0123456789abcdef",
  ];
  for (const name of [...keep, ".oksae-0123456789abcdef"]) writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, ".oksae-00000000000000ff"));
  expect(await removeStaleTemps([path, join(folder, "other"), "/no/such/place/x"])).toBe(1);
  expect(readdirSync(folder).sort()).toEqual([...keep, ".oksae-00000000000000ff"].sort());
});

test("many at once on one file leave one whole file", async () => {
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(1000));
  await Promise.all(texts.map((text) => place(text)));
  expect(texts).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(folder)).toEqual(["app.env"]);
});
