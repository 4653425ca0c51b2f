/** How long to wait before trying again: doubling, capped, with full jitter over the upper half. */

export interface BackoffLimits {
  /** Milliseconds before the first retry. */
  readonly first: number;
  /** Milliseconds that no wait exceeds. */
  readonly most: number;
}

/**
 * @param attempt 0 for the first retry
 * @param fraction in [0, 1); jitter only shortens a wait, so a fleet spreads and `most` is never exceeded
 * @returns milliseconds
 */
export function backoff(attempt: number, limits: BackoffLimits, fraction: number): number {
  const full = Math.min(limits.most, limits.first * 2 ** Math.min(attempt, 30));
  return Math.round(full * (1 - 0.5 * fraction));
}
