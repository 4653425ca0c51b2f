/**
 * A storage that can be taken away. A mount that goes may still have a request in it that hangs; whatever that one does
 * later must not write below a prefix that has been emptied and belongs to nobody.
 */
import { Fault } from "../../lib/fault.ts";
import type { Storage } from "../contract/storage.ts";

export interface Revocable {
  readonly storage: Storage;
  /** Every verb is refused from here on. @returns when the writes that were on their way to disk are there */
  revoke(): Promise<void>;
}

export function revocable(inner: Storage): Revocable {
  let gone = false;
  const landing = new Set<Promise<unknown>>();
  const check = (): void => {
    if (gone) throw new Fault("unavailable", "the mount has been disabled while the request was under way");
  };
  const storage: Storage = {
    get: async (key) => {
      check();
      return inner.get(key);
    },
    list: async (prefix) => {
      check();
      return inner.list(prefix);
    },
    transact: async (work) => {
      // Only what has left `work` is waited for: what hangs in it is refused when it comes out.
      let end = (): void => undefined;
      const landed = new Promise<void>((resolve) => {
        end = resolve;
      });
      try {
        return await inner.transact(async (tx) => {
          landing.delete(landed);
          check();
          const result = await work(tx);
          check();
          landing.add(landed);
          return result;
        });
      } finally {
        landing.delete(landed);
        end();
      }
    },
    snapshot: () => {
      check();
      return inner.snapshot();
    },
  };
  return {
    storage,
    async revoke() {
      gone = true;
      await Promise.all(landing);
    },
  };
}
