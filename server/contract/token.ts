/** Tokens as the rooms speak of them. The token string itself is never kept: storage and audit hold HMACs. */
import type { Secret } from "../../lib/secret.ts";
import type { JsonMap } from "../../lib/wire/json.ts";

export type TokenType = "service" | "batch";

/** What a role asks for: "default…" leaves it to the mount's `token_type`. */
export type GrantType = TokenType | "default" | "default-service" | "default-batch";

/** The record of a token. Durations are milliseconds, times wall-clock milliseconds, 0 = none. */
export interface TokenEntry {
  /** HMAC of the token string: its name in storage and in memory, never shown. */
  readonly id: string;
  readonly accessor: string;
  readonly type: TokenType;
  /** Sorted, lower case, without duplicates; "default" in it unless it was refused. */
  readonly policies: readonly string[];
  /** Where it was made: "auth/token/create", "auth/aws/login". */
  readonly path: string;
  readonly displayName: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly creationTime: number;
  readonly lastRenewalTime: number;
  /** When it dies unless renewed; 0 = never (root). */
  readonly expireTime: number;
  /** As granted at creation. */
  readonly creationTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
  /** What the login asked for, kept so that a renewal can be computed when the method is silent. */
  readonly maxTtl: number;
  /** Uses left, 0 = without limit, -1 = none: its last request is being served. */
  readonly numUses: number;
  readonly orphan: boolean;
  /** HMAC of the parent's token string; "" for an orphan. */
  readonly parent: string;
  readonly boundCidrs: readonly string[];
  readonly entityId: string;
  readonly role: string;
  /** The lease that stands for this token: "auth/userpass/login/ann/h3f…"; "" for batch tokens and those that never end. */
  readonly leaseId: string;
  /** What the auth method wants to find again at renewal; never shown, never handed to child tokens. */
  readonly internal: JsonMap;
}

/** What an auth method grants at login. Durations are milliseconds; 0 = the mount's default or no limit. */
export interface LoginGrant {
  readonly displayName: string;
  readonly policies: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Shown beside `metadata` in the login's own reply and nowhere else: not kept in the token, an HMAC in the audit.
   * The nonce that the server made for the aws method.
   */
  readonly onceMetadata?: ReadonlyMap<string, Secret>;
  /** The name this login has in its method: user name, instance id, role id. */
  readonly alias: string;
  /** Into the alias, beside what `metadata` puts into the token: shown by identity, used by templated policies. */
  readonly aliasMetadata?: ReadonlyMap<string, string>;
  /** Groups of this login in the method's directory (LDAP, GitHub teams, a JWT's claim), for external groups. */
  readonly groupAliases?: readonly string[];
  /** Live tokens that this role may have at a time; 0 or none = without limit. */
  readonly mostTokens?: number;
  readonly ttl: number;
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly renewable: boolean;
  readonly type: GrantType;
  readonly role: string;
  readonly internal: JsonMap;
}
