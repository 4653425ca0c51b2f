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

/** Too many requests by a rate limit quota. */
export class Throttled extends Fault {
  /** "X-Ratelimit-…", in lower case; empty unless they are switched on. */
  readonly headers: RateHeaders;
  /** `enable_rate_limit_audit_logging`: written into the audit with its error. */
  readonly audited: boolean;

  constructor(
    path: string,
    options: { readonly retryAfter: number; readonly headers: RateHeaders; readonly audited: boolean },
  ) {
    super("throttled", `request path ${JSON.stringify(path)}: rate limit quota exceeded`, options);
    this.headers = options.headers;
    this.audited = options.audited;
  }
}

/** Beside the reply, names in lower case; empty when there is nothing to tell. */
export type RateHeaders = ReadonlyMap<string, string>;

export interface Quotas {
  /**
   * Takes one request from the bucket that holds for it; undefined at once when there is none.
   * @param role as the login route tells it (`Route.roleOf`), for quotas of one role
   * @throws Throttled
   */
  admit(
    call: Call,
    mount: Mount | undefined,
    role: () => Promise<string | undefined>,
  ): Promise<RateHeaders> | undefined;
  open(): Promise<void>;
  forget(): void;
}

/** One rate limit quota, as sys/quotas/rate-limit shows it. */
export interface RateQuota {
  readonly name: string;
  /** "" = every mount. */
  readonly mountPath: string;
  /** Below the mount: a whole path, or a prefix that ends in "*"; "" = all of it. */
  readonly pathSuffix: string;
  /** Of logins at an auth mount; "" = any. */
  readonly role: string;
  /** Requests in `interval`, more than 0; may be broken. */
  readonly rate: number;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds that a client over the limit waits; 0 = until there is room again. */
  readonly blockInterval: number;
  readonly inheritable: boolean;
}

/** `sys/quotas/config` */
export interface QuotaConfig {
  /** Whole paths, or prefixes that end in "*". */
  readonly exemptPaths: readonly string[];
  readonly auditLogging: boolean;
  readonly responseHeaders: boolean;
}

/** What sys/quotas changes. Seen by the next request. */
export interface QuotaSettings {
  /** In order of their names. */
  list(): readonly RateQuota[];
  /** @throws Fault "invalid" when another one holds for the same, or there are too many */
  write(quota: RateQuota): Promise<void>;
  /** No error when there is none. */
  remove(name: string): Promise<void>;
  config(): QuotaConfig;
  configure(change: Partial<QuotaConfig>): Promise<void>;
}

export interface Lockout {
  /**
   * Runs one try of a login and counts how it ended: `BadCredentials` is a failure. As many tries of one name run at the
   * same time as it has left; more wait for those to end.
   * @param alias as `Route.aliasOf` gives it
   * @throws Fault "denied" ("permission denied") while this name is locked at this mount; what `login` throws
   */
  guard<T>(mount: Mount, alias: string, login: () => Promise<T>): Promise<T>;
  open(): Promise<void>;
  forget(): void;
}

/** What sys/locked-users shows and unlocks. */
export interface LockedUsers {
  /** From accessors of mounts to names, in order. */
  locked(): ReadonlyMap<string, readonly string[]>;
  /** No error when it is not locked; its failures are forgotten too. */
  unlock(accessor: string, alias: string): Promise<void>;
}
