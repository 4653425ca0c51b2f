/** Points in time as Go prints them (`time.RFC3339Nano`, always UTC): no trailing zeros in the fraction, none at all for whole seconds. */

/** @param ms wall-clock milliseconds since the Unix epoch */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}
