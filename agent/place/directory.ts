/**
 * A directory held open, reached without following a symbolic link and named by its descriptor from then on.
 *
 * Node has no openat(2); `/proc/self/fd/N/name` is the same thing: whoever renames or replaces a directory on the way
 * after it was looked at changes nothing about where we write. Source: open(2), proc(5), path_resolution(7).
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import { placeFault } from "./errors.ts";

/** Linux; Node does not name it. Such a descriptor needs no right to read the directory. */
const O_PATH = 0o10000000;
const WALK = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/** One directory of the way, as it was when it was opened. */
interface Step {
  readonly path: string;
  readonly stats: Stats;
}

export interface OpenDirectory {
  /** The name of an entry, safe against any change of the path. */
  entry(name: string): string;
  /**
   * @param trusted the user ids that may own or change any directory of the way
   * @throws Fault "denied" naming the directory that another user could change, and the fix
   */
  verify(trusted: ReadonlySet<number>): void;
  /** Puts what was renamed in it on the disk. */
  sync(): Promise<void>;
  /** A path for reading its entries. */
  readonly self: string;
  close(): Promise<void>;
}

/**
 * @param path absolute and clean
 * @param create whose directories may be added to: missing ones are made, 0755; `undefined`: none is made
 * @throws Fault naming the part that is missing, no directory or a symbolic link
 */
export async function openDirectory(path: string, create?: ReadonlySet<number>): Promise<OpenDirectory> {
  const steps: Step[] = [];
  let handle = await open("/", WALK);
  try {
    steps.push({ path: "/", stats: await handle.stat() });
    for (const name of path.split("/").filter((part) => part !== "")) {
      const parent = steps.at(-1)?.path ?? "/";
      const full = `${parent === "/" ? "" : parent}/${name}`;
      const next = await step(handle, name, full, () => {
        if (create === undefined) return false;
        verify(steps, create);
        return true;
      });
      await handle.close();
      handle = next;
      steps.push({ path: full, stats: await handle.stat() });
    }
    return directory(handle, steps);
  } catch (error) {
    await handle.close();
    throw placeFault("open", path, error);
  }
}

async function step(parent: FileHandle, name: string, full: string, mayCreate: () => boolean): Promise<FileHandle> {
  const entry = `/proc/self/fd/${String(parent.fd)}/${name}`;
  try {
    return await open(entry, WALK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && mayCreate()) return makeAndOpen(entry);
    if (code !== "ENOTDIR" && code !== "ELOOP") throw placeFault("open", full, error);
    const isLink = (await lstat(entry)).isSymbolicLink();
    const what = isLink ? "is a symbolic link: write the path it stands for" : "is no directory";
    throw new Fault("invalid", `${full} ${what}`, { cause: error });
  }
}

async function makeAndOpen(entry: string): Promise<FileHandle> {
  await mkdir(entry);
  const handle = await open(entry, WALK);
  // Not by mkdir's mode, which the umask narrows: the readers of the file must be able to get here.
  const readable = await open(`/proc/self/fd/${String(handle.fd)}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await readable.chmod(0o755);
  } finally {
    await readable.close();
  }
  return handle;
}

function directory(handle: FileHandle, steps: readonly Step[]): OpenDirectory {
  const self = `/proc/self/fd/${String(handle.fd)}`;
  return {
    self: `${self}/.`,
    entry: (name) => `${self}/${name}`,
    verify: (trusted) => {
      verify(steps, trusted);
      const last = steps.at(-1);
      if (last !== undefined && (last.stats.mode & OTHERS_MAY_WRITE) !== 0)
        throw unsafe(last, "others may write to it");
    },
    async sync() {
      const readable = await open(`${self}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await readable.sync();
      } finally {
        await readable.close();
      }
    },
    close: () => handle.close(),
  };
}

/**
 * Nobody but the trusted may be able to replace a directory on the way. In a sticky directory such as /tmp only the owner
 * of an entry can, and each entry's owner is checked.
 */
function verify(steps: readonly Step[], trusted: ReadonlySet<number>): void {
  for (const found of steps) {
    const { mode, uid } = found.stats;
    if (!trusted.has(uid)) throw unsafe(found, `user ${String(uid)} owns it`);
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0) throw unsafe(found, "others may write to it");
  }
}

function unsafe({ path, stats }: Step, why: string): Fault {
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0");
  const fix = "only root, the agent or the file's owner may: chown it, chmod go-w it, or choose another directory";
  return new Fault("denied", `${path} (mode ${mode}) is no safe place for a secret: ${why}, and ${fix}`);
}
