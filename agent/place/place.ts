/** One file in its place: compared first, then written beside it and swapped in, then the command. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, normalize } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import { runCommand } from "./command.ts";
import { type OpenDirectory, openDirectory } from "./directory.ts";
import { placeFault } from "./errors.ts";
import { TEMP_PREFIX } from "./stale.ts";
import type { Placement, PlacePorts, PlaceResult } from "./types.ts";

/** What a kept mode is narrowed to. */
const WIDEST_KEPT = 0o640;
const DEFAULT_MODE = 0o600;
const PERMISSIONS = 0o777;
/** chown(2): leave it as it is. */
const UNCHANGED = -1;

/** Who the file belongs to and how it may be used; `UNCHANGED` where nobody said. */
interface Attributes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * @param bytes the whole content; not kept
 * @returns what happened; a command that fails is no fault of the placement and is told in the result
 * @throws Fault that names the path and the fix; the file is then as it was before
 */
export async function placeFile(placement: Placement, bytes: Uint8Array, ports: PlacePorts): Promise<PlaceResult> {
  const changed = await writeIfChanged(placement, bytes, ports);
  if (!changed || placement.command === undefined) return { changed };
  return { changed, command: await runCommand(placement, ports) };
}

async function writeIfChanged(placement: Placement, bytes: Uint8Array, ports: PlacePorts): Promise<boolean> {
  const { path } = placement;
  checkPath(path);
  const agent = process.geteuid?.() ?? 0;
  const written = await ids(placement, ports);
  const trusted = new Set([0, agent, ...(written.uid === undefined ? [] : [written.uid])]);
  const folder = await openDirectory(dirname(path), placement.createDirectories === true ? trusted : undefined);
  try {
    const name = basename(path);
    const existing = await existingFile(folder.entry(name), path);
    if (existing !== undefined && written.uid === undefined) trusted.add(existing.uid);
    folder.verify(trusted);
    const wanted = attributes(placement, written, existing);
    if (existing !== undefined && hasAttributes(existing, wanted) && (await hasContent(folder.entry(name), bytes))) {
      return false;
    }
    await replace(folder, name, bytes, wanted, ports);
    return true;
  } catch (error) {
    throw placeFault("place", path, error);
  } finally {
    await folder.close();
  }
}

function checkPath(path: string): void {
  const clean = path.startsWith("/") && normalize(path) === path && !path.endsWith("/") && !path.includes("\0");
  if (!clean) throw new Fault("invalid", `${JSON.stringify(path)} must be an absolute path without . or .. or //`);
}

interface WrittenIds {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Of `user`: what a new file gets when no group is written. */
  readonly primaryGid: number | undefined;
}

async function ids({ user, group }: Placement, { accounts }: PlacePorts): Promise<WrittenIds> {
  const owner = user === undefined ? undefined : await accounts.user(user);
  const gid = group === undefined ? undefined : await accounts.group(group);
  return { uid: owner?.uid, gid, primaryGid: owner?.gid };
}

/** @throws Fault "invalid" when something is there that is no plain file of one name */
async function existingFile(entry: string, path: string): Promise<Stats | undefined> {
  try {
    const stats = await lstat(entry);
    if (!stats.isFile()) throw new Fault("invalid", `${path} is ${whatIs(stats)}, not a regular file: remove it`);
    if (stats.nlink !== 1)
      throw new Fault("invalid", `${path} has ${String(stats.nlink)} hard links: remove the others`);
    return stats;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function whatIs(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a directory";
  return stats.isFIFO() ? "a named pipe" : "a device or socket";
}

function attributes({ perms }: Placement, written: WrittenIds, existing: Stats | undefined): Attributes {
  const kept = existing === undefined ? DEFAULT_MODE : existing.mode & WIDEST_KEPT;
  return {
    uid: written.uid ?? existing?.uid ?? UNCHANGED,
    gid: written.gid ?? existing?.gid ?? written.primaryGid ?? UNCHANGED,
    mode: perms === undefined ? kept : perms & PERMISSIONS,
  };
}

function hasAttributes(stats: Stats, { uid, gid, mode }: Attributes): boolean {
  return stats.uid === uid && stats.gid === gid && (stats.mode & 0o7777) === mode;
}

/** A file the agent may not read counts as different. */
async function hasContent(entry: string, bytes: Uint8Array): Promise<boolean> {
  let handle: FileHandle;
  try {
    // Not blocking: what was a file a moment ago could be a named pipe now.
    handle = await open(entry, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === "EACCES") return false;
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size !== bytes.length) return false;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(await handle.readFile());
  } finally {
    await handle.close();
  }
}

/** Writes beside the file and swaps it in; whatever fails, the file stays and nothing is left behind. */
async function replace(
  folder: OpenDirectory,
  name: string,
  bytes: Uint8Array,
  { uid, gid, mode }: Attributes,
  { random, beforeSwap }: PlacePorts,
): Promise<void> {
  const temp = folder.entry(TEMP_PREFIX + random.bytes(8).toString("hex"));
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temp, flags, 0o600);
  try {
    try {
      await handle.writeFile(bytes);
      if (uid !== UNCHANGED || gid !== UNCHANGED) await own(handle, uid, gid);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeSwap?.();
    await rename(temp, folder.entry(name));
  } catch (error) {
    await unlink(temp).catch(() => undefined);
    throw error;
  }
  await folder.sync();
}

async function own(handle: FileHandle, uid: number, gid: number): Promise<void> {
  const { uid: hasUid, gid: hasGid } = await handle.stat();
  const wantUid = uid === UNCHANGED ? hasUid : uid;
  const wantGid = gid === UNCHANGED ? hasGid : gid;
  if (hasUid !== wantUid || hasGid !== wantGid) await handle.chown(wantUid, wantGid);
}
