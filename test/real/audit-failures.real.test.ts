/**
 * The audit on real file systems that fail: a full disk, no permission, a removed file, a FIFO that nobody empties, a
 * storm of rotations. Under load nothing is served that is not in the log, and what needs no audit goes on.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { chmod, chown, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { type AuditBroker, auditBroker } from "../../server/audit/broker.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { call, record } from "../server/audit/records.ts";
import { auditedIds, isJson, pause, readAll, type Subject, textOf, underLoad } from "./audit-load.ts";
import { requires } from "./requires.ts";

const NOBODY = 65_534;
let folder = "";
let file = "";
let audit: AuditBroker;
let cleanups: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oksae-real-audit-"));
  file = join(folder, "audit.log");
  cleanups = [
    () => {
      rmSync(folder, { recursive: true, force: true });
    },
  ];
  audit = auditBroker({
    storage: memoryStore(),
    clock: systemClock,
    random: systemRandom(),
    log: () => undefined,
    limits: { deadline: 300, waiting: 1024 * 1024 },
  });
  cleanups.unshift(() => void audit.close());
});

afterEach(async () => {
  await audit.close();
  for (const clean of cleanups) clean();
});

const enable = async (path = file): Promise<void> => {
  await audit.open();
  await audit.enable({ path: "file/", type: "file", description: "", options: new Map([["file_path", path]]) });
};

/** A request as the pipeline treats it: its entry before, the response's entry before anything leaves. */
const subject: Subject = {
  serve: async () => {
    const asked = record({ call: call({ id: systemRandom().uuid() }, { padding: "x" }) });
    try {
      await audit.request(asked);
      await audit.response({ ...asked, reply: { data: { value: "v" } }, issued: undefined });
      return asked.call.id;
    } catch {
      return undefined;
    }
  },
  health: () => pause(0),
};

/** Of tmpfs: 4 KiB. */
const pagesOf = (path: string): number => Math.ceil(statSync(path).size / 4096);

/** Takes every page that is free. */
function fill(path: string): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: "a" });
  } catch {
    // Full now.
  }
}

const expectAllAudited = (served: ReadonlySet<string>, texts: readonly string[]): void => {
  const audited = auditedIds(texts);
  expect([...served].filter((id) => !audited.has(id))).toEqual([]);
};

requires("root", "mount")(
  "a full disk: refused while it is full, the file parses, served again after",
  async () => {
    // Far more than the load writes before the filler comes: else the log fills the disk and no unlink frees any of it.
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]);
    cleanups.unshift(() => execFileSync("umount", ["-l", folder]));
    const filler = join(folder, "filler");
    await enable();
    let pagesAtFull = 0;
    let pagesAfter = 0;
    const { served, refused, slowestHealth } = await underLoad(subject, async () => {
      await pause(100);
      // Again and again: a batch that did not fit had taken free pages before it failed, and gave them back after.
      for (let round = 0; round < 30; round += 1) {
        fill(filler);
        await pause(10);
      }
      pagesAtFull = pagesOf(file);
      await pause(300);
      pagesAfter = pagesOf(file);
      unlinkSync(filler);
      await pause(200);
    });
    // No page can be had any more, but the one the file ends in is its own. A batch larger than what is left of that page
    // is cut off again as a whole; a smaller one that comes after it fits, and is on disk like any other.
    expect(pagesAfter).toBe(pagesAtFull);
    expect(refused).toBeGreaterThan(10);
    expect(served.size).toBeGreaterThan(10);
    expectAllAudited(served, [textOf(file)]);
    expect(slowestHealth).toBeLessThan(250);
  },
  20_000,
);

requires("root")(
  "no permission: an open file is taken away, its folder closed",
  async () => {
    await chown(folder, NOBODY, NOBODY);
    await chmod(folder, 0o700);
    process.setegid?.(NOBODY);
    process.seteuid?.(NOBODY);
    try {
      await enable();
      const moved = join(folder, "moved.log");
      const { served, refused, slowestHealth } = await underLoad(subject, async () => {
        await pause(100);
        renameSync(file, moved);
        process.seteuid?.(0);
        execFileSync("chown", ["0:0", folder]);
        process.seteuid?.(NOBODY);
        const reopened = audit.reopen();
        await pause(300);
        await reopened;
      });
      expect(refused).toBeGreaterThan(10);
      expect(served.size).toBeGreaterThan(10);
      process.seteuid?.(0);
      expectAllAudited(served, [textOf(moved)]);
      expect(slowestHealth).toBeLessThan(250);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
  },
  20_000,
);

requires()(
  "a file removed again and again: made anew, and nothing that was acknowledged after is missing",
  async () => {
    await enable();
    const texts: string[] = [];
    const { served, refused } = await underLoad(subject, async () => {
      for (let round = 0; round < 30; round += 1) {
        await pause(30);
        // A descriptor of our own keeps what the removed file held readable.
        const held = openSync(file, constants.O_RDONLY);
        unlinkSync(file);
        await pause(30);
        texts.push(readAll(held));
        closeSync(held);
      }
    });
    texts.push(textOf(file));
    expect(refused).toBe(0);
    expect(served.size).toBeGreaterThan(100);
    expectAllAudited(served, texts);
  },
  20_000,
);

requires()(
  "a storm of rotations: no entry is lost, none is torn",
  async () => {
    await enable();
    const files: string[] = [];
    const { served, refused } = await underLoad(subject, async () => {
      for (let round = 0; round < 40; round += 1) {
        await pause(20);
        const rotated = `${file}.${round}`;
        renameSync(file, rotated);
        files.push(rotated);
        await audit.reopen();
      }
    });
    expect(refused).toBe(0);
    expectAllAudited(served, [...files, file].map(textOf));
  },
  20_000,
);

requires("mkfifo")(
  "a FIFO nobody reads is refused at once when it is enabled",
  async () => {
    execFileSync("mkfifo", ["-m", "600", file]);
    const start = performance.now();
    await expect(enable()).rejects.toMatchObject({ kind: "invalid" });
    expect(performance.now() - start).toBeLessThan(300);
  },
  20_000,
);

requires("mkfifo")(
  "a FIFO whose reader stops: refused within the deadline, health goes on",
  async () => {
    execFileSync("mkfifo", ["-m", "600", file]);
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    await enable();
    let text = "";
    let servedWhileFull = 0;
    const { served, refused, slowestHealth } = await underLoad(subject, async () => {
      for (let i = 0; i < 20; i += 1) {
        await pause(10);
        text += readAll(reader);
      }
      // From here on nobody empties it.
      await pause(1500);
      const before = audit.counters().taken;
      await pause(500);
      servedWhileFull = audit.counters().taken - before;
    });
    text += readAll(reader);
    closeSync(reader);
    expect(servedWhileFull).toBe(0);
    expect(refused).toBeGreaterThan(10);
    expect(slowestHealth).toBeLessThan(250);
    // A pipe can't take back what it has: the line that did not fit is torn, every one that was acknowledged is whole.
    expectAllAudited(served, [`${text.split("\n").filter(isJson).join("\n")}\n`]);
  },
  20_000,
);

requires("root", "mount")(
  "a read-only file system: the file that was open is gone with its mount",
  async () => {
    await mkdir(join(folder, "ro"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", join(folder, "ro")]);
    cleanups.unshift(() => execFileSync("umount", ["-l", join(folder, "ro")]));
    await expect(enable(join(folder, "ro", "a.log"))).rejects.toMatchObject({
      message: expect.stringContaining("read-only"),
    });
  },
  20_000,
);
