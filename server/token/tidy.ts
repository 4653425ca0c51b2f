/** Deletes what points nowhere: only a fault of this program, or a store put back in parts, can leave any. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Storage } from "../contract/storage.ts";
import { deleteLease, getLease, TOKEN_LEASES } from "./lease-index.ts";
import { accessorKey, childRoot, decodeText, idKey, readRecord } from "./record.ts";

const ACCESSORS = accessorKey("");
const PARENTS = childRoot("").slice(0, -1);
const STRIDE = 64;

/** @param end ends a token whose parent is gone, with its tree; it was not live any more */
export async function tidy(storage: Storage, end: (id: string) => Promise<void>): Promise<void> {
  let seen = 0;
  const breathe = async (): Promise<void> => {
    seen += 1;
    if (seen % STRIDE === 0) await nextTurn();
  };
  for (const name of await storage.list(ACCESSORS)) {
    await tidyAccessor(storage, name);
    await breathe();
  }
  for (const folder of await storage.list(PARENTS)) {
    if ((await storage.get(idKey(folder.slice(0, -1)))) === undefined) await tidyChildren(storage, folder, end);
    await breathe();
  }
  for await (const leaseId of TOKEN_LEASES.below(storage, "")) {
    await tidyLease(storage, leaseId);
    await breathe();
  }
}

function tidyAccessor(storage: Storage, hash: string): Promise<void> {
  return storage.transact(async (tx) => {
    const id = await tx.get(accessorKey(hash));
    if (id !== undefined && (await readRecord(tx, decodeText(id)))?.accessorHash !== hash) tx.delete(accessorKey(hash));
  });
}

async function tidyChildren(storage: Storage, folder: string, end: (id: string) => Promise<void>): Promise<void> {
  for (const child of await storage.list(PARENTS + folder)) {
    await end(child);
    await storage.transact((tx) => {
      tx.delete(PARENTS + folder + child);
      return Promise.resolve();
    });
  }
}

function tidyLease(storage: Storage, leaseId: string): Promise<void> {
  return storage.transact(async (tx) => {
    const id = await getLease(tx, leaseId);
    if (id === undefined) return;
    const record = await readRecord(tx, decodeText(id));
    if (record?.entry.leaseId !== leaseId) deleteLease(tx, leaseId);
  });
}
