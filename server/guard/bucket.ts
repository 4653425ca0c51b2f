/**
 * Token buckets, one for each client: `rate` requests at once, then as many again in each `interval`, a part of it in a
 * part of the time. A client that runs out may be blocked for a while. Time is monotonic. The clients that are remembered
 * are bounded: beyond it the one seen longest ago is forgotten, which is as if its bucket had filled up.
 */

import type { RateQuota } from "../contract/guards.ts";

export interface Taken {
  readonly allowed: boolean;
  /** Requests that would be let through at once now. */
  readonly remaining: number;
  /** Milliseconds until the bucket is full, or, for one that is refused, until it is let through again. */
  readonly reset: number;
}

/** What adding up parts of a request may lose: less than one in a billion. */
const ROUNDING = 1e-9;

interface Bucket {
  tokens: number;
  /** When `tokens` was reckoned. */
  at: number;
  blockedUntil: number;
}

export class Buckets {
  readonly limit: number;
  readonly #perMs: number;
  readonly #block: number;
  readonly #most: number;
  /** In the order of their last request. */
  readonly #clients = new Map<string, Bucket>();

  /** @param most clients */
  constructor({ rate, interval, blockInterval }: RateQuota, most: number) {
    this.limit = Math.max(1, Math.round(rate));
    this.#perMs = rate / interval;
    this.#block = blockInterval;
    this.#most = most;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** @param now monotonic milliseconds */
  take(client: string, now: number): Taken {
    const bucket = this.#bucket(client, now);
    if (bucket.blockedUntil > now) return { allowed: false, remaining: 0, reset: bucket.blockedUntil - now };
    bucket.tokens = Math.min(this.limit, bucket.tokens + (now - bucket.at) * this.#perMs);
    bucket.at = now;
    if (bucket.tokens >= 1 - ROUNDING) {
      bucket.tokens = Math.max(0, bucket.tokens - 1);
      return {
        allowed: true,
        remaining: Math.floor(bucket.tokens),
        reset: (this.limit - bucket.tokens) / this.#perMs,
      };
    }
    if (this.#block > 0) bucket.blockedUntil = now + this.#block;
    return { allowed: false, remaining: 0, reset: Math.max(this.#block, (1 - bucket.tokens) / this.#perMs) };
  }

  #bucket(client: string, now: number): Bucket {
    const known = this.#clients.get(client);
    const bucket = known ?? { tokens: this.limit, at: now, blockedUntil: 0 };
    if (known !== undefined) this.#clients.delete(client);
    this.#clients.set(client, bucket);
    if (this.#clients.size > this.#most) {
      for (const [oldest] of this.#clients) {
        this.#clients.delete(oldest);
        break;
      }
    }
    return bucket;
  }
}
