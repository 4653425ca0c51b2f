/**
 * Storage that lives and dies with a token, below the HMAC of its string. A token's end marks it first and purges then, so
 * a write that was under way either lies there before the purge or finds, after it, that its token is gone.
 */
import type { Cubbyholes } from "../contract/cubbyhole.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import { deleteAll } from "./purge.ts";

export interface CubbyholeParts {
  /** The decrypted storage below a prefix that ends in "/". */
  readonly storageAt: (prefix: string) => Storage;
  /** See `Tokens.byId`. */
  readonly byId: (tokenId: string) => Promise<TokenEntry | undefined>;
}

const ROOT = "cubbyhole/";

export function cubbyholeStore({ storageAt, byId }: CubbyholeParts): Cubbyholes {
  const below = (tokenId: string): Storage => storageAt(`${ROOT}${tokenId}/`);
  return {
    of: (tokenId) => {
      const storage = below(tokenId);
      return {
        ...storage,
        transact: async (work) => {
          const result = await storage.transact(work);
          if ((await byId(tokenId)) === undefined) await deleteAll(storage);
          return result;
        },
      };
    },
    purge: (tokenId) => deleteAll(below(tokenId)),
  };
}
