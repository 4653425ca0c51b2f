/**
 * Commands that are due: noted on disk before a file is swapped in, taken away once the command has gone well, so that
 * an agent that is killed in between runs the command after its restart. One small file per item beside the status file:
 * an item in trouble keeps only its own. A note holds a path and no value.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeErrno } from "../../lib/errno.ts";
import type { Log } from "../../lib/log.ts";
import { stringifyJson } from "../../lib/wire/json.ts";

const DUE_FORMAT = 1;
const FOLDER = "commands-due";

/** Of one item. None of its functions fails: a folder that cannot be written to costs the note, not the file. */
export interface DueCommand {
  /** @returns whether an earlier run owes the command */
  read(): Promise<boolean>;
  /** On disk when it resolves. */
  note(): Promise<void>;
  clear(): Promise<void>;
}

export interface DueCommands {
  of(destination: string): DueCommand;
}

/** @param statusFile whose folder the notes are kept in: it lives as long as the boot, as the services that a command is for */
export function dueCommands(statusFile: string, log: Log): DueCommands {
  const folder = join(dirname(statusFile), FOLDER);
  let warned = false;
  const warn = (path: string, error: unknown): void => {
    if (!warned) log("warn", "a command that is due cannot be noted", { path, reason: describeErrno(error).text });
    warned = true;
  };
  return {
    of(destination) {
      const path = join(folder, createHash("sha256").update(destination, "utf8").digest("hex"));
      return {
        read: () => isThere(path),
        async note() {
          try {
            await makeFolder(folder);
            await writeDurably(path, `${stringifyJson({ format: DUE_FORMAT, destination })}\n`);
          } catch (error) {
            warn(path, error);
          }
        },
        async clear() {
          await rm(path, { force: true }).catch((error: unknown) => {
            warn(path, error);
          });
        },
      };
    },
  };
}

/** Whatever is in it, of whatever format: a command run once too often does no harm, one that is forgotten does. */
async function isThere(path: string): Promise<boolean> {
  try {
    await readFile(path);
    return true;
  } catch (error) {
    return describeErrno(error).code !== "ENOENT";
  }
}

/** Its parent is the unit's to make, with the unit's mode. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (describeErrno(error).code !== "EEXIST") throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const staged = `${path}.new`;
  await rm(staged, { force: true });
  const handle = await open(staged, "wx", 0o600);
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(staged, path);
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
