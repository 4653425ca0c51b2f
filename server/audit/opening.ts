/**
 * Opens an audit file so that nothing else can be hit by it: no link is followed, nothing but a file of ours (or an empty
 * one, or a FIFO) is taken, no other name leads to it (CVE-2025-6000: an audit file in the wrong place was a way to run
 * code). A torn last line, left by a crash, is cut off: the file always parses.
 */
import { constants, type Stats } from "node:fs";
import { chmodFile, closeFile, codeOf, openFile, readFile, statFile, truncateFile } from "./fs.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** How every entry begins. */
const HEAD = Buffer.from('{"time":"');
const BLOCK = 64 * 1024;

const SENTENCES: Readonly<Record<string, string>> = {
  ENXIO: "nobody reads the FIFO",
  ELOOP: "it is a symbolic link",
  ENOENT: "its directory does not exist",
  EACCES: "the server may not write there",
  EISDIR: "it is a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
};

/** What the system said, as a sentence for the log and for whoever enables the device. */
export function inWords(error: unknown): string {
  const code = codeOf(error);
  if (code !== "") return `${SENTENCES[code] ?? "the system refused"} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Never blocks on a FIFO: without a reader it fails.
 * @param mode undefined leaves the mode of an existing file alone
 * @param onCut told how many bytes of a torn line were cut off
 */
export async function openAuditFile(
  path: string,
  mode: number | undefined,
  onCut: (bytes: number) => void,
): Promise<number> {
  const fd = await openFile(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode ?? 0o600);
  try {
    const stats = await statFile(fd);
    if (stats.isFIFO()) return fd;
    if (!stats.isFile()) throw new Error("it is neither a regular file nor a FIFO");
    if (stats.nlink > 1) throw new Error("it has more than one link");
    if (stats.size > 0) await checkContent(path, fd, stats, onCut);
    if (mode !== undefined && (stats.mode & 0o7777) !== mode) await chmodFile(fd, mode);
    return fd;
  } catch (error) {
    await closeFile(fd).catch(() => undefined);
    throw error;
  }
}

async function checkContent(path: string, fd: number, stats: Stats, onCut: (bytes: number) => void): Promise<void> {
  const reader = await openFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  try {
    const same = await statFile(reader);
    if (same.ino !== stats.ino || same.dev !== stats.dev) throw new Error("it was replaced while it was opened");
    const head = Buffer.alloc(Math.min(HEAD.length, stats.size));
    await readFile(reader, head, 0);
    if (!HEAD.subarray(0, head.length).equals(head)) throw new Error("it holds something else than an audit log");
    const end = await endOfLines(reader, stats.size);
    if (end === stats.size) return;
    await truncateFile(fd, end);
    onCut(stats.size - end);
  } finally {
    await closeFile(reader);
  }
}

/** @returns where the last whole line ends */
async function endOfLines(fd: number, size: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const length = await readFile(fd, block.subarray(0, end - start), start);
    const newline = block.subarray(0, length).lastIndexOf(0x0a);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
