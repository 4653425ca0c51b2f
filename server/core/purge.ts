/** Deletes everything below a view in batches: a mount may hold more than one transaction should. */
import type { Storage } from "../contract/storage.ts";

const BATCH = 256;

/** Repeatable: after a crash in between, a second call deletes what is left. */
export async function deleteAll(storage: Storage): Promise<void> {
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names = await storage.list(folder);
    const keys: string[] = [];
    for (const name of names) (name.endsWith("/") ? folders : keys).push(folder + name);
    for (let at = 0; at < keys.length; at += BATCH) {
      const batch = keys.slice(at, at + BATCH);
      await storage.transact((tx) => {
        for (const key of batch) tx.delete(key);
        return Promise.resolve();
      });
    }
  }
}
