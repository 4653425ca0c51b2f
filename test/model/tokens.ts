/** The reference for tokens: who lives, until when, with which policies. Source: Vault's page "Tokens". */

/** Milliseconds. The server's default and greatest TTL in these runs. */
export const DEFAULT_TTL = 32 * 24 * 3_600_000;

export interface Token {
  readonly policies: readonly string[];
  readonly parent: Token | undefined;
  readonly created: number;
  readonly firstTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
  /** 0 = never. */
  expires: number;
  /** It had a number of uses from the beginning. */
  readonly limited: boolean;
  /** Left, where it is limited. */
  uses: number;
  dead: boolean;
  /** A parent that was revoked alone. */
  orphaned: boolean;
}

export function rootToken(): Token {
  return {
    policies: ["root"],
    parent: undefined,
    created: 0,
    firstTtl: 0,
    explicitMaxTtl: 0,
    period: 0,
    renewable: false,
    expires: 0,
    limited: false,
    uses: 0,
    dead: false,
    orphaned: false,
  };
}

/** A token lives as long as it is neither revoked, nor past its end, nor used up, and its parent lives. */
export function lives(token: Token, now: number): boolean {
  if (token.dead || (token.expires !== 0 && token.expires <= now)) return false;
  return token.parent === undefined || token.orphaned || lives(token.parent, now);
}

export interface Lifetime {
  readonly increment: number;
  readonly firstTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly age: number;
}

/** How long from now; undefined when the end is past already. */
export function lifetime({ increment, firstTtl, explicitMaxTtl, period, age }: Lifetime): number | undefined {
  if (period > 0) {
    const wanted = Math.min(period, DEFAULT_TTL, explicitMaxTtl || DEFAULT_TTL);
    const left = explicitMaxTtl === 0 ? wanted : Math.min(wanted, explicitMaxTtl - age);
    return left > 0 ? left : undefined;
  }
  const left = Math.min(DEFAULT_TTL, explicitMaxTtl || DEFAULT_TTL) - age;
  const ttl = Math.min(increment || firstTtl || DEFAULT_TTL, left);
  return ttl > 0 ? ttl : undefined;
}
