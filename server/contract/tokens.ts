/** The token store as the pipeline, the token routes and the system engine use it; `server/token` implements it. */
import type { Secret } from "../../lib/secret.ts";
import type { Renewal } from "./engine.ts";
import type { LoginGrant, TokenEntry, TokenType } from "./token.ts";

export interface NewToken {
  /** Only root and sudo callers may choose it; undefined = a fresh one. */
  readonly id: Secret | undefined;
  readonly type: TokenType;
  readonly policies: readonly string[];
  readonly path: string;
  readonly displayName: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** Milliseconds from now, 0 = never expires (root tokens only). */
  readonly ttl: number;
  readonly explicitMaxTtl: number;
  readonly maxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
  readonly numUses: number;
  /** HMAC id of the parent, "" for an orphan. */
  readonly parent: string;
  readonly boundCidrs: readonly string[];
  readonly entityId: string;
  readonly role: string;
  readonly internal: LoginGrant["internal"];
  /** Live tokens that may share `role` and `path` at a time; 0 or none = without limit. */
  readonly most?: number;
  /** What `most` counts tokens by instead of `role` and `path`: a login's role, or user, at its mount. */
  readonly countedBy?: string;
  /** Accessor of the auth mount that a login came by: a batch token ends with it. */
  readonly mount?: string;
}

export interface Tokens {
  /**
   * Recognisable prefix, random part, checksum. The entry is on disk when this resolves.
   * A batch token is all in its string: sealed with the keyring, nothing of it is stored, it has no accessor.
   * @throws Fault "denied" when the parent is gone meanwhile, "invalid" when a chosen id is taken, "throttled" when its
   *   role has as many as it may have
   */
  create(token: NewToken): Promise<{ readonly token: Secret; readonly entry: TokenEntry }>;
  /** The live entry: undefined when unknown, expired or revoked. Costs no use. */
  find(token: Secret): Promise<TokenEntry | undefined>;
  byId(id: string): Promise<TokenEntry | undefined>;
  byAccessor(accessor: string): Promise<TokenEntry | undefined>;
  /**
   * Takes one use of a token with a limit, exactly once per call however many run at the same time; no work for one without.
   * @returns the entry as it is after this use; undefined when no use was left
   */
  use(entry: TokenEntry): Promise<TokenEntry | undefined>;
  /** To be called once the request of the last use has been answered: revokes a token with no use left. */
  spent(entry: TokenEntry): Promise<void>;
  /** Sets the expiry. Wall-clock milliseconds. @param renewedAt from when `expireTime` was reckoned; now without it */
  renew(entry: TokenEntry, expireTime: number, renewedAt?: number): Promise<TokenEntry>;
  /** The token and its whole tree: when this resolves none of them works. */
  revoke(id: string): Promise<void>;
  /** The token alone; its children become orphans. */
  revokeOrphan(id: string): Promise<void>;
  /** All tokens whose creation path starts with `prefix`: when an auth mount is disabled. */
  revokePrefix(prefix: string): Promise<void>;
  /** Of live tokens, sorted; at most so many. */
  accessors(most?: number): Promise<readonly string[]>;
  /** The live entry behind a token's lease id. */
  byLease(leaseId: string): Promise<TokenEntry | undefined>;
  /** One level of lease ids below `prefix`, as `Storage.list`. */
  leases(prefix: string): Promise<readonly string[]>;
  /** Live service tokens by the mount that made them, for counters and metrics. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** Deletes what points nowhere: accessors and children without a token. */
  tidy(): Promise<void>;
  /** Loads what must be known at once after unseal, then the rest in the background. */
  open(): Promise<void>;
  /** Revokes what falls due, until `signal` aborts. */
  expire(signal: AbortSignal): Promise<void>;
  forget(): void;
}

/**
 * Asks the auth method that made a token whether and how far it may be renewed.
 * @returns undefined when the method has no say
 * @throws Fault "denied" when it refuses, "unavailable" when it cannot tell now
 */
export type RenewLogin = (token: TokenEntry) => Promise<Renewal | undefined>;
