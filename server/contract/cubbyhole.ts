/** What each token keeps for itself alone; `server/core` implements it, the engine at cubbyhole/ and response wrapping use it. */
import type { Storage } from "./storage.ts";

export interface Cubbyholes {
  /**
   * The storage of one token and no other. What is written into it after the token has ended does not stay.
   * @param tokenId `TokenEntry.id` of a service token
   */
  of(tokenId: string): Storage;
  /** Deletes all that a token has there: when it ends. Repeatable. */
  purge(tokenId: string): Promise<void>;
}
