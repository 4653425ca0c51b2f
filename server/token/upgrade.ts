/** Gives the tokens of an older store their leases' keys: in the background, after unseal, once. */
import type { Random } from "../../lib/random.ts";
import type { Storage } from "../contract/storage.ts";
import { newLeaseId } from "../lease/names.ts";
import { putLease } from "./lease-index.ts";
import { encodeText, putRecord, readRecord } from "./record.ts";

/** Repeatable. @returns whether the token is there, and so the record of it in the cache is old */
export function giveLease(storage: Storage, id: string, random: Random): Promise<boolean> {
  return storage.transact(async (tx) => {
    const record = await readRecord(tx, id);
    if (record === undefined || record.entry.expireTime === 0) return false;
    const leaseId = record.entry.leaseId || newLeaseId(record.entry.path, "h", random);
    const entry = { ...record.entry, leaseId };
    if (record.entry.leaseId === "") putRecord(tx, { ...record, entry });
    putLease(tx, leaseId, encodeText(id));
    return true;
  });
}
