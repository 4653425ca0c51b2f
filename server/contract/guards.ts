/** What stands before a request is served at all: rate limits, and locked users. `server/guard` implements both. */

import { Fault } from "../../lib/fault.ts";
import type { Call } from "./call.ts";
import type { Mount } from "./engine.ts";

/**
 * A login refused because the name or what proves it is wrong: counted against the user by the lockout. Any other fault
 * of a login (a directory that is down, a role that is missing) is not.
 */
export class BadCredentials extends Fault {
  constructor(message = "invalid username or password", options: { readonly cause?: unknown } = {}) {
    super("invalid", message, options);
  }
}

export interface Quotas {
  /**
   * Takes one request from the buckets that hold for it; undefined at once when there are none.
   * @param role as the login route tells it (`Route.roleOf`), for quotas of one role
   * @throws Fault "throttled" with `retryAfter`
   */
  admit(call: Call, mount: Mount | undefined, role: () => Promise<string | undefined>): Promise<void> | undefined;
  open(): Promise<void>;
  forget(): void;
}

export interface Lockout {
  /** @throws Fault "denied" ("permission denied") while this name is locked at this mount */
  check(mount: Mount, alias: string): Promise<void>;
  /** A login refused with `BadCredentials`. */
  failed(mount: Mount, alias: string): Promise<void>;
  succeeded(mount: Mount, alias: string): void;
  open(): Promise<void>;
  forget(): void;
}
