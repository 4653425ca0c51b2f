/** Placement as root: owners, other users' directories, a full disk. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { localAccounts } from "../../agent/place/accounts.ts";
import { placeFile } from "../../agent/place/place.ts";
import type { Placement } from "../../agent/place/types.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { requires } from "./requires.ts";

const ports = { accounts: localAccounts(), random: systemRandom(), clock: systemClock };
const root = requires("root");
const APP = 54_321;
const OTHER = 54_322;
let folder: string;
let path: string;
const place = (text: string, more: Partial<Placement> = {}) => placeFile({ path, ...more }, Buffer.from(text), ports);

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "oksae-root-")));
  chmodSync(folder, 0o755);
  path = join(folder, "app.env");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

root("user and group by name and number, mode, and equal the second time", async () => {
  await place("x", { user: "nobody", group: "root", perms: 0o440 });
  const nobody = Number(execFileSync("id", ["-u", "nobody"], { encoding: "utf8" }));
  expect(statSync(path)).toMatchObject({ uid: nobody, gid: 0 });
  expect(statSync(path).mode & 0o7777).toBe(0o440);
  expect(await place("x", { user: "nobody", group: "root", perms: 0o440 })).toEqual({ changed: false });
  expect(await place("x", { user: String(APP) })).toEqual({ changed: true });
  expect(statSync(path)).toMatchObject({ uid: APP, gid: 0 });
});

root("a new file of a named user gets that user's group", async () => {
  await place("x", { user: "nobody" });
  const gid = Number(execFileSync("id", ["-g", "nobody"], { encoding: "utf8" }));
  expect(statSync(path).gid).toBe(gid);
});

root("without a written owner the file keeps the one it has, and its mode", async () => {
  writeFileSync(path, "old");
  chownSync(path, APP, OTHER);
  chmodSync(path, 0o640);
  await place("new");
  expect(statSync(path)).toMatchObject({ uid: APP, gid: OTHER });
  expect(statSync(path).mode & 0o7777).toBe(0o640);
});

root("a directory of the written owner is safe, one of another user is not", async () => {
  chownSync(folder, APP, APP);
  await expect(place("x")).rejects.toMatchObject({ kind: "denied" });
  await expect(place("x", { user: String(OTHER) })).rejects.toMatchObject({ kind: "denied" });
  expect(readdirSync(folder)).toEqual([]);
  await place("x", { user: String(APP) });
  expect(statSync(path).uid).toBe(APP);
});

root("a directory further up that belongs to another user is refused", async () => {
  mkdirSync(join(folder, "sub"));
  chownSync(folder, OTHER, OTHER);
  path = join(folder, "sub", "app.env");
  await expect(place("x", { user: String(APP) })).rejects.toMatchObject({ kind: "denied" });
});

root(
  "a directory swapped for a link again and again never takes the file elsewhere",
  async () => {
    const mine = join(folder, "mine");
    const precious = join(folder, "precious");
    for (const name of [mine, precious]) mkdirSync(name);
    path = join(mine, "app.env");
    const stop = new AbortController();
    const swaps = (async () => {
      while (!stop.signal.aborted) {
        renameSync(mine, join(folder, "aside"));
        symlinkSync(precious, mine);
        await new Promise((resolve) => setImmediate(resolve));
        rmSync(mine);
        renameSync(join(folder, "aside"), mine);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const results = [];
    for (let i = 0; i < 300; i += 1) {
      results.push(
        await place(String(i)).then(
          () => "placed",
          (error: unknown) => (error as { kind: string }).kind,
        ),
      );
    }
    stop.abort();
    await swaps;
    expect(readdirSync(precious)).toEqual([]);
    expect(results).toContain("placed");
    // A link in the way, or for an instant nothing at all.
    expect(results.filter((result) => !["placed", "invalid", "not-found"].includes(result))).toEqual([]);
  },
  60_000,
);

requires(
  "root",
  "mount",
  "umount",
)("a full disk: a fault that says so, the old file whole, nothing beside it", async () => {
  execFileSync("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=64k,mode=0755", "oksae-test", folder]);
  try {
    await place("old");
    await expect(place("x".repeat(200_000))).rejects.toMatchObject({
      kind: "unavailable",
      message: `cannot place ${path}: no space is left on the device; free some (ENOSPC)`,
    });
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["app.env"]);
  } finally {
    execFileSync("/usr/bin/umount", [folder]);
  }
});
