/** The leases that stand for tokens: a key for each, written and deleted with the token. */
import type { Reader, Transaction } from "../contract/storage.ts";
import { LeaseIndex } from "../lease/names.ts";

export const TOKEN_LEASES = new LeaseIndex("sys/token/lease/", "h");

/** @param leaseId "" for a token that never ends: nothing happens */
export function putLease(tx: Transaction, leaseId: string, value: Uint8Array): void {
  const key = TOKEN_LEASES.key(leaseId);
  if (key !== undefined) tx.put(key, value);
}

export function deleteLease(tx: Transaction, leaseId: string): void {
  const key = TOKEN_LEASES.key(leaseId);
  if (key !== undefined) tx.delete(key);
}

/** @returns what `putLease` has put */
export async function getLease(reader: Reader, leaseId: string): Promise<Uint8Array | undefined> {
  const key = TOKEN_LEASES.key(leaseId);
  return key === undefined ? undefined : reader.get(key);
}
