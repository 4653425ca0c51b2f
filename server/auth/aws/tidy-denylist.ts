/** Removes denied tags that no login could use any more. Source: Vault API, AWS auth method, "Tidy role tags deny list entries". */
import { DENYLIST, readDenied } from "./denylist.ts";
import type { AwsState, Place } from "./state.ts";
import type { Chore } from "./tidy.ts";

export const DENYLIST_CHORE: Chore = {
  names: ["roletag-denylist", "roletag-blacklist"],
  what: "list of denied tags",
  // 180 days.
  safetyBuffer: 15_552_000_000,
  sweep: tidyDenylist,
};

async function tidyDenylist(
  state: AwsState,
  { storage }: Place,
  safetyBuffer: number,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const name of await storage.list(DENYLIST)) {
    if (signal?.aborted === true) break;
    const gone = await storage.transact(async (tx) => {
      const denied = await readDenied(tx, DENYLIST + name);
      if (denied === undefined || state.env.clock.now() <= denied.expirationTime + safetyBuffer) return false;
      tx.delete(DENYLIST + name);
      return true;
    });
    if (gone) removed += 1;
  }
  return removed;
}
