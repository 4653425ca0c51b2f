/**
 * Leases: what has been handed out and ends by itself. Every service token is one ("auth/userpass/login/ann/h3f…"),
 * so is every secret whose engine says so. `server/lease` keeps those of secrets and knows tokens through `Tokens`.
 * Source: Vault's pages "Lease, renew, and revoke" and "/sys/leases".
 */
import type { JsonMap } from "../../lib/wire/json.ts";
import type { TokenEntry } from "./token.ts";

/** A secret that ends: the core keeps its lease and asks the engine again at renewal and revocation. Milliseconds. */
export interface SecretLease {
  /** 0 = the mount's default. */
  readonly ttl: number;
  /** 0 = the mount's. */
  readonly maxTtl: number;
  readonly renewable: boolean;
  /** What the engine wants to find again; never shown. */
  readonly internal: JsonMap;
}

/** As lookups show it. Wall-clock milliseconds, 0 = none. */
export interface LeaseInfo {
  /** The path that was called, a slash, and a random part: never the token's id. */
  readonly id: string;
  readonly issueTime: number;
  readonly expireTime: number;
  readonly lastRenewal: number;
  readonly renewable: boolean;
}

/** A lease of a secret as its engine sees it again at renewal and revocation. */
export interface LeaseEntry extends LeaseInfo {
  readonly path: string;
  /** Of the token it was handed to; it dies with that token. */
  readonly tokenId: string;
  readonly maxTtl: number;
  readonly internal: JsonMap;
}

export interface RevokeOptions {
  /** The lease goes even when its engine cannot undo what it stands for. */
  readonly force: boolean;
  /** Wait until everything is gone; without it what fails is tried again in the background. */
  readonly sync: boolean;
}

/** One whose engine has failed to undo it so often that it is not tried again: until someone revokes it, or forces it. */
export interface StuckLease {
  readonly id: string;
  readonly expireTime: number;
  readonly error: string;
}

export interface Leases {
  /**
   * Keeps the lease of a secret that `token` was handed at `path`; on disk when it resolves.
   * @throws Fault "invalid" for one that is not renewable by a batch token past its end
   */
  register(path: string, token: TokenEntry, lease: SecretLease): Promise<LeaseInfo>;
  /** Tokens' leases too. undefined when there is none, or it has ended. */
  find(id: string): Promise<LeaseInfo | undefined>;
  /** @param increment milliseconds from now, 0 = as at first. @throws Fault "invalid" when there is none, or it is not renewable */
  renew(id: string, increment: number): Promise<{ readonly lease: LeaseInfo; readonly warnings: readonly string[] }>;
  /** No error when there is none. */
  revoke(id: string, options: RevokeOptions): Promise<void>;
  /** @param prefix ends in "/", or is a whole lease id */
  revokePrefix(prefix: string, options: RevokeOptions): Promise<void>;
  /** Those of one token: when it is revoked or expires. */
  revokeByToken(tokenId: string): Promise<void>;
  /** One level below `prefix`, as `Storage.list`; tokens' leases too. */
  list(prefix: string): Promise<readonly string[]>;
  /** Leases that live, by the path of the mount that made them; tokens' too. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** @param most so many at most */
  stuck(most: number): Promise<readonly StuckLease[]>;
  /** Deletes what points nowhere. */
  tidy(): Promise<void>;
  open(): Promise<void>;
  /** Revokes what falls due, until `signal` aborts. */
  expire(signal: AbortSignal): Promise<void>;
  forget(): void;
}
