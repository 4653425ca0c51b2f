/**
 * bcrypt on libuv's threads: a hash takes tens of milliseconds, and none of them is spent on the event loop. At most
 * three run at a time, so that one of the four threads is left for files and names; what waits beyond a bound is refused.
 * Source: https://www.npmjs.com/package/@node-rs/bcrypt; the cost is Vault's (Go's bcrypt.DefaultCost).
 */
import { hash, verify } from "@node-rs/bcrypt";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Passwords } from "../contract/password.ts";

const COST = 10;
const AT_ONCE = 3;
/** About five seconds of waiting at 50 ms a hash. */
const MOST_WAITING = 256;
/** Milliseconds. */
const RETRY = 2000;

export interface PasswordLimits {
  readonly atOnce: number;
  readonly mostWaiting: number;
}

export function bcryptPasswords({ atOnce, mostWaiting }: PasswordLimits = LIMITS): Passwords {
  const turns = new Turnstile(atOnce, mostWaiting);
  return {
    hash: (password) => turns.pass(() => hash(bytesOf(password), { cost: COST, version: "2a" })),
    compare: (password, hashed) => turns.pass(() => verify(bytesOf(password), hashed)),
  };
}

const LIMITS: PasswordLimits = { atOnce: AT_ONCE, mostWaiting: MOST_WAITING };

function bytesOf(password: Secret): Buffer {
  return Buffer.from(password.reveal());
}

/** So many at a time, the others in the order they came. */
class Turnstile {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#atOnce) this.#inside += 1;
    else await this.#queue();
    try {
      return await work();
    } finally {
      // The place goes to who has waited longest, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }

  #queue(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      const message = "too many passwords are being checked at this moment: try again";
      return Promise.reject(new Fault("unavailable", message, { retryAfter: RETRY }));
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
