/** Hashes of passwords that people log in with; `server/clients/bcrypt.ts` does the work, off the event loop. */
import type { Secret } from "../../lib/secret.ts";

export interface Passwords {
  /**
   * A bcrypt hash of cost 10. The caller has made sure that bcrypt would not cut the password.
   * @throws Fault "unavailable" with `retryAfter` when too many are being hashed
   */
  hash(password: Secret): Promise<string>;
  /**
   * The same work whether they fit or not.
   * @throws Fault "unavailable" with `retryAfter` when too many are being hashed
   */
  compare(password: Secret, hash: string): Promise<boolean>;
}
