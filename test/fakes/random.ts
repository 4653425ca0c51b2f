/** Randomness without surprises: bytes count up, jitter is always the same part. */
import type { Random } from "../../lib/random.ts";

/** @param fraction what `fraction()` gives: 0 = the longest wait each back-off has */
export function fixedRandom(fraction = 0): Random {
  let next = 0;
  let uuids = 0;
  return {
    bytes: (size) => Buffer.from(Array.from({ length: size }, () => (next += 1) & 0xff)),
    fraction: () => fraction,
    uuid: () => {
      uuids += 1;
      return `00000000-0000-4000-8000-${String(uuids).padStart(12, "0")}`;
    },
  };
}
