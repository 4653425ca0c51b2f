/**
 * Failed logins: how often an instance's nonce did not match, and when a source is to wait. What fails after the document
 * has been verified counts for the pair of instance and source address, so nobody locks out an instance from elsewhere;
 * what fails before counts for the address. Both maps are bounded; what was quiet for longest is forgotten first.
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
  readonly level: number;
  readonly at: number;
}

export class Failures {
  readonly #clock: Clock;
  readonly #levels = new Map<string, Level>();
  readonly #mismatches = new Map<string, number>();
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param instance undefined = before the document is verified
   * @throws Fault "throttled" with `retryAfter` while the source has failed too often
   */
  check(address: string, instance: string | undefined): void {
    const [key, limit] = counterOf(address, instance);
    const over = this.#level(key, limit) - (limit.burst - 1);
    if (over <= 0) return;
    const retryAfter = Math.ceil((over / limit.rate) * 1000);
    throw new Fault("throttled", "too many failed logins: wait before trying again", { retryAfter });
  }

  count(address: string, instance: string | undefined): void {
    const [key, limit] = counterOf(address, instance);
    keep(this.#levels, key, { level: this.#level(key, limit) + 1, at: this.#clock.monotonic() });
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

  #level(key: string, limit: Limit): number {
    const found = this.#levels.get(key);
    if (found === undefined) return 0;
    return Math.max(0, found.level - ((this.#clock.monotonic() - found.at) / 1000) * limit.rate);
  }
}

/** A login that was refused for what it brought, not for want of an answer. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Fault && (error.kind === "invalid" || error.kind === "denied");
}

function counterOf(address: string, instance: string | undefined): readonly [string, Limit] {
  return instance === undefined ? [address, ADDRESS] : [`${instance} ${address}`, PAIR];
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
