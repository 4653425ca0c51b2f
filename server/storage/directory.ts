/** The directory of an embedded store: ours alone (0700, files 0600), and who else has its files open. */
import { chmod, lstat, mkdir, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeErrno } from "../../lib/errno.ts";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";

/**
 * Makes the directory when it is missing (its parent must be there).
 * @returns its real path
 * @throws Fault "invalid" unless it is a directory that belongs to `uid` and is closed to everybody else
 */
export async function checkDirectory(path: string, uid: number): Promise<string> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") {
      throw new Fault("invalid", `storage directory ${path} cannot be made: ${describeErrno(error).text}`, {
        cause: error,
      });
    }
  });
  const real = await realpath(path);
  const found = await lstat(real);
  if (!found.isDirectory()) throw new Fault("invalid", `storage path ${path} is not a directory`);
  if (found.uid !== uid) {
    throw new Fault(
      "invalid",
      `storage directory ${path} belongs to uid ${String(found.uid)}, not to this server's uid ${String(uid)}: chown it`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
    throw new Fault("invalid", `storage directory ${path} has mode ${mode}, open to others: chmod 0700 ${path}`);
  }
  return real;
}

/** Sets every file in the directory to 0600, whatever the umask was. */
export async function restrictFiles(path: string): Promise<void> {
  for (const name of await readdir(path)) await chmod(join(path, name), 0o600);
}

/**
 * Processes that hold a POSIX lock on `file`, as the kernel tells in /proc/locks: it drops them when a process
 * dies, so there is no stale one. Those of other containers are not shown.
 * @returns their pids without `own`; empty where there is no /proc
 */
export async function holdersOf(file: string, own: number): Promise<ReadonlySet<number>> {
  const { ino, dev } = await stat(file);
  const locks = await readFile("/proc/locks", "utf8").catch(() => "");
  return parseLocks(locks, dev, ino, own);
}

/** "2: POSIX  ADVISORY  READ 22394 fe:00:9978463 0 0": major and minor in hex, see proc(5). */
export function parseLocks(locks: string, dev: number, ino: number, own: number): ReadonlySet<number> {
  const pids = new Set<number>();
  for (const [, pid, major, minor, inode] of locks.matchAll(
    /^\d+: +POSIX +\S+ +\S+ +(\d+) +([0-9a-f]+):([0-9a-f]+):(\d+) /gm,
  )) {
    if (Number(inode) !== ino || Number(pid) === own) continue;
    if (deviceOf(Number.parseInt(major ?? "", 16), Number.parseInt(minor ?? "", 16)) === dev) pids.add(Number(pid));
  }
  return pids;
}

/** makedev(3) of glibc, for the 32 bits in use. */
function deviceOf(major: number, minor: number): number {
  return (major & 0xfff) * 256 + (minor & 0xff) + (minor & ~0xff) * 4096;
}
