/** When a token is to be renewed and when it must have been replaced. Pure; times are wall-clock milliseconds. */

export interface Plan {
  /** The server drops the token then; Infinity = never. */
  readonly expiresAt: number;
  /** Infinity = not at all. */
  readonly renewAt: number;
  /** A new login is due, while the old token still works; Infinity = never. */
  readonly loginAt: number;
}

const RENEW_AT = 0.5;
/** Renewals come up to a tenth of that earlier, so that a fleet that booted together spreads. */
const JITTER = 0.1;
/** Renewals are retried up to here, then a login gets the rest of the life. */
const LOGIN_AT = 0.9;

/**
 * @param ttl milliseconds from now; 0 = without end
 * @param fullTtl what the login granted: a renewal that gives less than half of it is near the token's maximum, and
 * more renewals would only halve the rest again and again
 * @param fraction in [0, 1)
 */
export function planFor(now: number, ttl: number, fullTtl: number, renewable: boolean, fraction: number): Plan {
  if (ttl === 0) return { expiresAt: Infinity, renewAt: Infinity, loginAt: Infinity };
  const worthwhile = renewable && ttl * 2 >= fullTtl;
  return {
    expiresAt: now + ttl,
    renewAt: worthwhile ? now + ttl * RENEW_AT * (1 - JITTER * fraction) : Infinity,
    loginAt: now + ttl * LOGIN_AT,
  };
}
