/** A store in memory that a crash cuts off. */
import type { Store } from "../../server/contract/storage.ts";
import { memoryStore } from "../../server/storage/memory.ts";

/** A store whose transactions fail from the moment it is cut. */
export function breakable(): { readonly store: Store; readonly cutAfter: (transactions: number) => void } {
  const inner = memoryStore();
  let left = Number.POSITIVE_INFINITY;
  const store: Store = {
    ...inner,
    transact: (work) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error("the machine is gone")) : inner.transact(work);
    },
  };
  return { store, cutAfter: (transactions) => void (left = transactions) };
}
