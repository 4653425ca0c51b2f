/**
 * How long a token or lease lives: what was asked for, within the limits of role, mount and server. One place for
 * logins, token creation and renewals. Source: Vault's page "Tokens", sections "Token TTLs, periodic tokens, and
 * explicit max TTLs"; the warnings are worded as Vault words them.
 */
import { formatDuration } from "./duration.ts";
import { Fault } from "./fault.ts";

/** All in milliseconds; 0 = not given. */
export interface TtlLimits {
  /** Asked for by the request; else `ttl` (role, user), else `mountTtl`. */
  readonly increment: number;
  readonly ttl: number;
  /** Of the role or user; it can only lower the mount's. */
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  /** Renewals set the TTL back to it; only `explicitMaxTtl` then ends the token. */
  readonly period: number;
  /** Effective values of the mount: its own, else the server's. Never 0. */
  readonly mountTtl: number;
  readonly mountMaxTtl: number;
  /** Since creation; 0 at creation. */
  readonly age: number;
}

export interface Ttl {
  /** From now. */
  readonly ttl: number;
  readonly warnings: readonly string[];
}

/** @throws Fault "invalid" when `age` is past the maximum already */
export function effectiveTtl(limits: TtlLimits): Ttl {
  const max = smallest(limits.mountMaxTtl, limits.maxTtl, limits.explicitMaxTtl);
  const warnings: string[] = [];
  let ttl = limits.period || limits.increment || limits.ttl || limits.mountTtl;
  if (limits.period > max) {
    warnings.push(
      `Period of "${formatDuration(limits.period)}" exceeded the effective max_ttl of "${formatDuration(max)}"; Period value is capped accordingly`,
    );
    ttl = max;
  }
  const end = limits.period > 0 ? limits.explicitMaxTtl : max;
  if (end > 0) {
    const left = end - limits.age;
    if (left <= 0) throw new Fault("invalid", "past the max TTL, cannot renew");
    if (ttl > left) {
      warnings.push(
        `TTL of "${formatDuration(ttl)}" exceeded the effective max_ttl of "${formatDuration(left)}"; TTL value is capped accordingly`,
      );
      ttl = left;
    }
  }
  return { ttl, warnings };
}

function smallest(...limits: readonly number[]): number {
  return Math.min(...limits.filter((limit) => limit > 0));
}
