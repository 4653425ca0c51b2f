/** What an agent that was killed in the middle of a write left beside the files it places. */
import { lstat, readdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { openDirectory } from "./directory.ts";

export const TEMP_PREFIX = ".oksae-";
const TEMP_NAME = /^\.oksae-[0-9a-f]{16}$/;

/**
 * To be called at start, before the first placement.
 * @param paths the destinations; their directories are looked through, one that is missing or out of reach is passed over
 * @returns how many files were removed
 */
export async function removeStaleTemps(paths: readonly string[]): Promise<number> {
  const folders = new Set(paths.map(dirname));
  const counts = await Promise.all([...folders].map(removeFrom));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function removeFrom(path: string): Promise<number> {
  try {
    const folder = await openDirectory(path);
    try {
      const names = (await readdir(folder.self)).filter((name) => TEMP_NAME.test(name));
      const removed = await Promise.all(names.map((name) => removeFile(folder.entry(name))));
      return removed.filter(Boolean).length;
    } finally {
      await folder.close();
    }
  } catch {
    // Placing a file there will say what is wrong with the directory.
    return 0;
  }
}

async function removeFile(entry: string): Promise<boolean> {
  if (!(await lstat(entry)).isFile()) return false;
  await unlink(entry);
  return true;
}
