/** A view of a storage below a prefix: what is handed to an engine, so that it cannot name another's data. */
import type { Reader, Snapshot, Storage, Transaction } from "../contract/storage.ts";
import { checkPrefix } from "./keys.ts";

/**
 * @param prefix ends in "/"; it counts towards the 1,000 bytes of a key
 * @throws Fault "invalid" when it does not
 */
export function prefixed(storage: Storage, prefix: string): Storage {
  checkPrefix(prefix);
  return {
    ...readerBelow(storage, prefix),
    transact: (work) => storage.transact((tx) => work(transactionBelow(tx, prefix))),
    snapshot: () => snapshotBelow(storage.snapshot(), prefix),
  };
}

function readerBelow(reader: Reader, prefix: string): Reader {
  return {
    get: (key) => reader.get(prefix + key),
    list: (below) => reader.list(prefix + below),
  };
}

function transactionBelow(tx: Transaction, prefix: string): Transaction {
  return {
    ...readerBelow(tx, prefix),
    put: (key, value) => {
      tx.put(prefix + key, value);
    },
    delete: (key) => {
      tx.delete(prefix + key);
    },
  };
}

function snapshotBelow(snapshot: Snapshot, prefix: string): Snapshot {
  return {
    ...readerBelow(snapshot, prefix),
    close: () => {
      snapshot.close();
    },
  };
}
