/** Short hands of the storage tests: values as text. */
import type { Storage } from "../../server/contract/storage.ts";

export const bytes = (text: string): Uint8Array => Buffer.from(text);

export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

/** All in one transaction; `undefined` deletes. */
export const put = (store: Storage, entries: Readonly<Record<string, string | undefined>>): Promise<void> =>
  store.transact((tx) => {
    for (const [key, value] of Object.entries(entries)) {
      if (value === undefined) tx.delete(key);
      else tx.put(key, bytes(value));
    }
    return Promise.resolve();
  });
