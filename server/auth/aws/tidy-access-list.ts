/**
 * Removes access-list entries of instances that are gone for good. It never re-opens first use: an entry goes only
 * when AWS answers that its instance is terminated, or unknown to the very account it belongs to.
 * Source: Vault API, AWS auth method, "Tidy identity access list entries".
 */
import { ACCESS_LIST, type Entry, entryKey, namesOf, readEntry } from "./access-list.ts";
import { accessFor } from "./config-sts.ts";
import { isTerminated } from "./instance.ts";
import type { AwsState, Place } from "./state.ts";
import type { Chore } from "./tidy.ts";

/** Questions to EC2 at one time: they share calls. */
const AT_ONCE = 100;

export const ACCESS_LIST_CHORE: Chore = {
  names: ["identity-accesslist", "identity-whitelist"],
  what: "access list",
  // 72 hours.
  safetyBuffer: 259_200_000,
  sweep: tidyAccessList,
};

/** @returns how many entries were removed */
async function tidyAccessList(
  state: AwsState,
  { storage }: Place,
  safetyBuffer: number,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  const due: Entry[] = [];
  const flush = async (): Promise<void> => {
    const results = await Promise.all(due.splice(0).map((entry) => removeIfGone(state, storage, entry)));
    removed += results.filter(Boolean).length;
  };
  for (const folder of await storage.list(ACCESS_LIST)) {
    for (const name of await namesOf(storage, folder.replace(/\/$/, ""))) {
      if (signal?.aborted === true) return removed;
      const entry = await readEntry(storage, name);
      if (entry !== undefined && state.env.clock.now() > entry.expirationTime + safetyBuffer) due.push(entry);
      if (due.length >= AT_ONCE) await flush();
    }
  }
  await flush();
  return removed;
}

async function removeIfGone(state: AwsState, storage: Place["storage"], entry: Entry): Promise<boolean> {
  const access = await accessFor(storage, entry.accountId, entry.region);
  try {
    if (!(await isTerminated(state, access, entry))) return false;
  } catch (error) {
    state.env.log("warn", "access-list entry kept: AWS gives no answer", {
      instance_id: entry.instanceId,
      error: error as Error,
    });
    return false;
  }
  return storage.transact(async (tx) => {
    const now = await readEntry(tx, entry);
    if (now?.lastUpdatedTime !== entry.lastUpdatedTime) return false;
    tx.delete(entryKey(entry));
    return true;
  });
}
