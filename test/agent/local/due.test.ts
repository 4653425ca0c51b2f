/** A command that is due outlives the agent: noted before the swap, run after the restart, taken away when it went well. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Item, type ItemOptions } from "../../../agent/item.ts";
import { type DueCommand, dueCommands } from "../../../agent/local/due.ts";
import { Fault } from "../../../lib/fault.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { fixedRandom } from "../../fakes/random.ts";
import { until } from "../lab.ts";

const FILE = "/etc/app/env";
const VECTOR = new URL("../../vectors/commands-due/format-1.json", import.meta.url);
let folder: string;
let lines: string[];
let due: DueCommand;
const log = (level: string, message: string): void => {
  lines.push(`${level} ${message}`);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-due-"));
  lines = [];
  due = dueCommands(join(folder, "status.json"), log).of(FILE);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly item: Item;
  readonly end: () => Promise<void>;
}

/** @param place what becomes of the file; @param command the command */
function run(place: ItemOptions["place"], command: () => Promise<void>): Run {
  const stop = new AbortController();
  const item = new Item({
    name: FILE,
    required: true,
    render: () => ({ text: "x" }),
    place,
    command,
    due,
    values: { known: () => undefined, want: () => undefined, subscribe: () => () => undefined },
    clock: fakeClock(),
    random: fixedRandom(),
    log,
    onChange: () => undefined,
  });
  const ended = item.run(stop.signal);
  return {
    item,
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

test("a note is 0600 in a folder 0700, names no value, and is gone when it is cleared", async () => {
  expect(await due.read()).toBe(false);
  await due.note();
  await due.note();
  const [name = ""] = await readdir(join(folder, "commands-due"));
  const path = join(folder, "commands-due", name);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "commands-due"))).mode & 0o777).toBe(0o700);
  expect(await readFile(path, "utf8")).toBe('{"format":1,"destination":"/etc/app/env"}\n');
  expect(await due.read()).toBe(true);
  expect(await dueCommands(join(folder, "status.json"), log).of("/etc/other").read()).toBe(false);
  await due.clear();
  await due.clear();
  expect(await due.read()).toBe(false);
});

test.each([
  "format 1, as the first release wrote it",
  "a later format",
  "damaged",
])("a note that is %s is owed", async (what) => {
  await mkdir(join(folder, "commands-due"));
  const path = join(folder, "commands-due", "8e7428b920648b1c573fb0f09c9a4b69b3de50d9c2f29edafdde4636a4a2b864");
  if (what.startsWith("format 1")) await copyFile(VECTOR, path);
  else await writeFile(path, what === "damaged" ? "{" : '{"format":2}');
  expect(await due.read()).toBe(true);
});

test("killed between swap and command: the next run finds the file in place and runs the command, once", async () => {
  // The swap happened and then nothing more: as SIGKILL leaves it.
  await due.note();
  let ran = 0;
  const command = (): Promise<void> => {
    ran += 1;
    return Promise.resolve();
  };
  const first = run(() => Promise.resolve(false), command);
  await until(() => first.item.status.ready);
  await first.end();
  expect(ran).toBe(1);
  const second = run(() => Promise.resolve(false), command);
  await until(() => second.item.status.ready);
  await second.end();
  expect(ran).toBe(1);
});

test("a command that fails, or is ended with the agent, stays due", async () => {
  const place = async (): Promise<boolean> => {
    await due.note();
    return true;
  };
  const failing = run(place, () => Promise.reject(new Fault("unavailable", "status 1")));
  await until(() => failing.item.status.state === "failing");
  await failing.end();
  expect(await due.read()).toBe(true);
});

test("the folder of the status file is not made: its mode is the unit's to say", async () => {
  const elsewhere = dueCommands(join(folder, "none/status.json"), log).of(FILE);
  await elsewhere.note();
  expect(lines).toEqual(["warn a command that is due cannot be noted"]);
  expect(await elsewhere.read()).toBe(false);
  expect(await readdir(folder)).toEqual([]);
});

test("a folder that cannot be written to is one warning and no failure", async () => {
  await writeFile(join(folder, "commands-due"), "in the way");
  await due.note();
  await due.note();
  expect(lines).toEqual(["warn a command that is due cannot be noted"]);
});
