/** The LMDB store: the conformance suite, its directory, its one writer, its format version. */
import { chmod, cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { open as openRaw } from "lmdb";
import type { Log } from "../../../lib/log.ts";
import { systemRandom } from "../../../lib/random.ts";
import type { Store } from "../../../server/contract/storage.ts";
import { parseLocks } from "../../../server/storage/directory.ts";
import { openLmdbStore } from "../../../server/storage/lmdb.ts";
import { storageConformance } from "../../conformance/storage.ts";
import { put, text } from "../../conformance/storage-values.ts";

const quiet: Log = () => undefined;
const uid = process.getuid?.() ?? 0;
const open = (path: string, own = { pid: process.pid, uid }): Promise<Store> =>
  openLmdbStore({ path, random: systemRandom(), log: quiet, ...own });

let base = "";
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "oksae-lmdb-"));
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

/** Writes past the store. */
async function raw(entries: Readonly<Record<string, string>>): Promise<void> {
  const db = openRaw<Buffer, Buffer>({ path: base, noSubdir: false, keyEncoding: "binary", encoding: "binary" });
  for (const [key, value] of Object.entries(entries)) await db.put(Buffer.from(key), Buffer.from(value));
  await db.close();
}

storageConformance("lmdb", { open: () => open(join(base, "data")), clean: () => Promise.resolve() });

test("what was written is there after closing and opening again", async () => {
  const first = await open(join(base, "d"));
  await put(first, { "a/b": "1" });
  await first.close();
  const second = await open(join(base, "d"));
  expect(text(await second.get("a/b"))).toBe("1");
  await second.close();
});

test("the directory is 0700, its files 0600, whatever the umask", async () => {
  const before = process.umask(0o000);
  const store = await open(join(base, "d"));
  process.umask(before);
  await put(store, { a: "1" });
  expect((await stat(join(base, "d"))).mode & 0o777).toBe(0o700);
  for (const name of await readdir(join(base, "d"))) {
    expect((await stat(join(base, "d", name))).mode & 0o777).toBe(0o600);
  }
  await store.close();
});

test.each([0o701, 0o710, 0o750, 0o755, 0o777])("a directory of mode %o is refused and named", async (mode) => {
  await chmod(base, mode);
  await expect(open(base)).rejects.toMatchObject({ kind: "invalid", message: expect.stringContaining("chmod 0700") });
});

test.each([0o700])("a directory of mode %o is taken", async (mode) => {
  await chmod(base, mode);
  await (await open(base)).close();
});

test("a foreign owner, a file, and a missing parent are refused", async () => {
  await expect(open(base, { pid: process.pid, uid: uid + 1 })).rejects.toMatchObject({
    kind: "invalid",
    message: expect.stringContaining("belongs to uid"),
  });
  await writeFile(join(base, "f"), "");
  await expect(open(join(base, "f"))).rejects.toMatchObject({ kind: "invalid" });
  await expect(open(join(base, "no", "such"))).rejects.toMatchObject({ kind: "invalid" });
});

test("one process opens a directory once at a time", async () => {
  const store = await open(base);
  await expect(open(base)).rejects.toMatchObject({ kind: "unavailable" });
  await store.close();
  await (await open(base)).close();
});

test.each([
  ["2", "unsupported"],
  ["999999999", "unsupported"],
  ["0", "invalid"],
  ["", "invalid"],
  ["1.0", "invalid"],
])("format version %j is refused", async (version, kind) => {
  await (await open(base)).close();
  await raw({ "\u0001format": version });
  await expect(open(base)).rejects.toMatchObject({ kind });
  await expect(open(base)).rejects.toMatchObject({ kind });
});

test("data without a format version is another program's", async () => {
  await raw({ other: "1" });
  await expect(open(base)).rejects.toMatchObject({ kind: "invalid" });
});

test("a directory of format 1, kept as it was written, opens with all it holds", async () => {
  await cp(join(import.meta.dirname, "../../fixtures/lmdb-v1"), join(base, "v1"), { recursive: true });
  await chmod(join(base, "v1"), 0o700);
  const store = await open(join(base, "v1"));
  expect(await store.list("")).toEqual(["a", "folder/", "\u{1f600}"]);
  expect(await store.list("folder/")).toEqual(["deep/", "k"]);
  expect(text(await store.get("folder/deep/key"))).toBe("value of format 1");
  expect((await store.get("folder/k"))?.length).toBe(5000);
  await store.close();
});

test("/proc/locks is read by device and inode", () => {
  const locks = [
    "1: POSIX  ADVISORY  WRITE 11 fe:00:77 11 11",
    "2: POSIX  ADVISORY  READ 12 fe:00:77 0 0",
    "3: FLOCK  ADVISORY  WRITE 13 fe:00:77 0 EOF",
    "4: POSIX  ADVISORY  READ 14 fe:01:77 0 0",
    "5: POSIX  ADVISORY  READ 15 fe:00:78 0 0",
    "6: POSIX  ADVISORY  READ 16 00:1ff:77 0 0",
    "6: -> POSIX  ADVISORY  READ 17 fe:00:77 0 0",
    "",
  ].join("\n");
  expect([...parseLocks(locks, 0xfe00, 77, 99)]).toEqual([11, 12]);
  expect([...parseLocks(locks, 0xfe00, 77, 12)]).toEqual([11]);
  expect([...parseLocks(locks, 0x1000ff, 77, 99)]).toEqual([16]);
  expect([...parseLocks("", 1, 1, 1)]).toEqual([]);
});
