/**
 * The end of a token and of all that descend from it.
 *
 * 1. The top is marked "ended" in one commit: from then on nothing below it is live, because a token is live only if
 *    all its ancestors are. The mark is also listed under `ending/`.
 * 2. Then everything is deleted from the leaves up, in batches, the top last: a crash leaves a tree that is dead
 *    already and is found again by its entry in `ending/`.
 * 3. A child made meanwhile is seen by the batch that deletes its parent (its list of children is read in the
 *    transaction), and the walk starts over.
 * 4. What others keep for a token (`ended`) goes while the token is dead but still there: a crash in between, or a
 *    failure, leaves it to be asked for again.
 */
import type { CoherentCache } from "../../lib/coherent-cache.ts";
import type { Storage } from "../contract/storage.ts";
import { childRoot, deleteRecord, ENDING_ROOT, NOTHING, putRecord, readRecord, type TokenRecord } from "./record.ts";

const BATCH = 64;

export interface TreeParts {
  readonly storage: Storage;
  readonly cache: CoherentCache<TokenRecord>;
  /** Told of every id that is gone. */
  readonly gone: (id: string) => void;
  /** Before a token that has ended is deleted: see `TokenStoreParts.ended`. */
  readonly ended: (id: string) => Promise<void>;
}

/** @returns whether there was such a token for which `when` holds, which is now ended */
export function markEnded(
  { storage, cache }: TreeParts,
  id: string,
  when: (record: TokenRecord) => boolean = () => true,
): Promise<boolean> {
  return cache.write([id], () =>
    storage.transact(async (tx) => {
      const record = await readRecord(tx, id);
      if (record === undefined || !when(record)) return false;
      if (record.state !== "ended") putRecord(tx, { ...record, state: "ended" });
      tx.put(ENDING_ROOT + id, NOTHING);
      return true;
    }),
  );
}

interface Node {
  readonly id: string;
  /** "" for the top. */
  readonly parent: string;
}

/** Deletes what `markEnded` has ended. Repeatable. */
export async function deleteTree(parts: TreeParts, top: string): Promise<void> {
  for (let complete = false; !complete; ) {
    const nodes: Node[] = [{ id: top, parent: "" }];
    for (const { id } of nodes) {
      for (const child of await parts.storage.list(childRoot(id))) nodes.push({ id: child, parent: id });
    }
    nodes.reverse();
    complete = true;
    for (let at = 0; at < nodes.length && complete; at += BATCH) {
      complete = await deleteBatch(parts, nodes.slice(at, at + BATCH), top);
    }
  }
}

/** @returns false, with nothing deleted, when one of them has a child that is not deleted with it or before */
async function deleteBatch(
  { storage, cache, gone, ended }: TreeParts,
  nodes: readonly Node[],
  top: string,
): Promise<boolean> {
  const ids = nodes.map(({ id }) => id);
  await Promise.all(ids.map(ended));
  return cache.write(ids, async () => {
    const deleted = await storage
      .transact(async (tx) => {
        for (const { id, parent } of nodes) {
          const record = await readRecord(tx, id);
          if (record !== undefined) await deleteRecord(tx, record);
          if (parent !== "") tx.delete(childRoot(parent) + id);
        }
        for (const id of ids) if ((await tx.list(childRoot(id))).length > 0) throw new NewChild();
        if (ids.includes(top)) tx.delete(ENDING_ROOT + top);
        return true;
      })
      .catch((error: unknown) => {
        if (error instanceof NewChild) return false;
        throw error;
      });
    if (deleted) ids.forEach(gone);
    return deleted;
  });
}

/** Leaves a transaction without writing. */
class NewChild extends Error {}

/** Ends the token alone and deletes it: its children, however many, become orphans first. */
export async function deleteAlone(parts: TreeParts, id: string): Promise<void> {
  while (!(await orphanSome(parts, id)));
  await deleteTree(parts, id);
}

/** @returns whether it has no child left and is marked as ended, in the same commit */
async function orphanSome({ storage, cache }: TreeParts, id: string): Promise<boolean> {
  const children = (await storage.list(childRoot(id))).slice(0, BATCH);
  return cache.write([id, ...children], () =>
    storage.transact(async (tx) => {
      const record = await readRecord(tx, id);
      for (const child of children) {
        const below = await readRecord(tx, child);
        if (below !== undefined) putRecord(tx, { ...below, entry: { ...below.entry, parent: "", orphan: true } });
        tx.delete(childRoot(id) + child);
      }
      if ((await tx.list(childRoot(id))).length > 0) return false;
      if (record === undefined) return true;
      putRecord(tx, { ...record, state: "ended" });
      tx.put(ENDING_ROOT + id, NOTHING);
      return true;
    }),
  );
}
