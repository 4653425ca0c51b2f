/** A unix socket's place in the file system: a dead one is removed, a living one or anything else never is. */
import { chmod, chown, lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import type { UnixListener } from "../contract/listener.ts";

/** sockaddr_un has 108 bytes with the closing zero; Node would cut a longer path short without a word. */
const LONGEST = 107;

/**
 * Removes the socket that a server killed in the middle has left.
 * @throws Fault "invalid" when a server listens there, or when something else lies there
 */
export async function clearPlace(path: string): Promise<void> {
  if (!path.startsWith("/") || Buffer.byteLength(path) > LONGEST) {
    throw new Fault("invalid", `socket ${path}: the path must be absolute and at most ${String(LONGEST)} bytes`);
  }
  if ((await inode(dirname(path))) === undefined) {
    throw new Fault("invalid", `socket ${path}: there is no such directory`);
  }
  const before = await inode(path);
  if (before === undefined) return;
  if (!before.socket) throw new Fault("invalid", `socket ${path}: something that is no socket lies there; remove it`);
  if (await somebodyListens(path)) throw new Fault("invalid", `socket ${path}: another server listens there`);
  const now = await inode(path);
  if (now?.ino === before.ino) await unlink(path);
}

async function inode(path: string): Promise<{ readonly ino: number; readonly socket: boolean } | undefined> {
  try {
    const found = await lstat(path);
    return { ino: found.ino, socket: found.isSocket() };
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw new Fault("invalid", `socket ${path}: its place cannot be looked at`, { cause });
  }
}

/** Only "connection refused" proves that nobody does. */
function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

/** Binds with a mask that lets nobody else in until mode and owner are set. */
export function bindUnix(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

/** @throws Fault "invalid" naming what the system refused */
export async function openTo(listener: UnixListener): Promise<void> {
  const { path, uid, gid } = listener;
  try {
    if (uid !== undefined || gid !== undefined) await chown(path, uid ?? -1, gid ?? -1);
    await chmod(path, listener.mode ?? 0o600);
  } catch (cause) {
    throw new Fault("invalid", `socket ${path}: socket_mode, socket_user or socket_group cannot be set`, { cause });
  }
}
