/**
 * A read sent again when its failure may pass: no answer, or a status of 5xx. Nothing that writes is ever sent twice.
 * Source: Vault CLI documentation, "Environment variables": VAULT_MAX_RETRIES; without the variable Vault's command line
 * does not retry either.
 */
import type { Clock } from "../../lib/clock.ts";
import { WireError } from "../../lib/wire/error.ts";

/** Milliseconds before the first retry; each later one waits half as long again, up to the longest. */
const FIRST = 1000;
const LONGEST = 10_000;

/** @param retries beside the first try */
export async function retried<T>(send: () => Promise<T>, retries: number, clock: Pick<Clock, "sleep">): Promise<T> {
  for (let wait = FIRST, left = retries; ; left -= 1, wait = Math.min(LONGEST, wait * 1.5)) {
    try {
      return await send();
    } catch (error) {
      if (left <= 0 || !mayPass(error)) throw error;
    }
    await clock.sleep(wait, AbortSignal.any([]));
  }
}

/** 501: the server does not know it, and will not in a second. 412: it has not yet seen what was written elsewhere. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof WireError)) return false;
  const { status, reason } = error;
  if (status === 0) return reason === "unreachable" || reason === "timeout";
  return status === 412 || (status >= 500 && status !== 501);
}
