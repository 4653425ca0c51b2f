/**
 * Failed logins: how often an instance's nonce did not match, and when a source is to wait. A failure counts for the
 * pair of instance and source address, so nobody locks out an instance from elsewhere, and for the address alone.
 * Both maps are bounded; what was quiet for longest is forgotten first.
 */
import type { Clock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";

interface Limit {
  /** Failures at once before one has to wait. */
  readonly burst: number;
  /** Failures per second that are forgiven. */
  readonly rate: number;
}

const PAIR: Limit = { burst: 120, rate: 2 };
const ADDRESS: Limit = { burst: 1200, rate: 20 };
const MOST = 10_000;

interface Level {
  level: number;
  at: number;
}

export class Failures {
  readonly #clock: Clock;
  readonly #levels = new Map<string, Level>();
  readonly #mismatches = new Map<string, number>();
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Fault "throttled" with `retryAfter` while the source has failed too often */
  check(address: string, instance: string | undefined): void {
    const waits = [
      this.#wait(address, ADDRESS),
      instance === undefined ? 0 : this.#wait(pair(address, instance), PAIR),
    ];
    const wait = Math.max(...waits);
    if (wait > 0)
      throw new Fault("throttled", "too many failed logins: wait before trying again", { retryAfter: wait });
  }

  count(address: string, instance: string | undefined): void {
    this.#raise(address, ADDRESS);
    if (instance !== undefined) this.#raise(pair(address, instance), PAIR);
  }

  /** @returns how often it has happened to this instance since the server was unsealed */
  countMismatch(instance: string): number {
    this.#total += 1;
    const times = this.mismatches(instance) + 1;
    keep(this.#mismatches, instance, times);
    return times;
  }

  mismatches(instance: string): number {
    return this.#mismatches.get(instance) ?? 0;
  }

  /** Nonce mismatches of all instances. */
  get total(): number {
    return this.#total;
  }

  forget(): void {
    this.#levels.clear();
    this.#mismatches.clear();
  }

  /** @returns milliseconds until the next failure is allowed */
  #wait(key: string, limit: Limit): number {
    const over = this.#level(key, limit) - (limit.burst - 1);
    return over <= 0 ? 0 : Math.ceil((over / limit.rate) * 1000);
  }

  #raise(key: string, limit: Limit): void {
    keep(this.#levels, key, { level: this.#level(key, limit) + 1, at: this.#clock.monotonic() });
  }

  #level(key: string, limit: Limit): number {
    const found = this.#levels.get(key);
    if (found === undefined) return 0;
    return Math.max(0, found.level - ((this.#clock.monotonic() - found.at) / 1000) * limit.rate);
  }
}

function pair(address: string, instance: string): string {
  return `${instance} ${address}`;
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
