/**
 * Locks a name at a mount after too many wrong credentials. Its rules:
 *
 * 1. A name is compared without blanks around it and in lower case, here and nowhere else (CVE-2025-6004): "Ann " and
 *    "ann" have one count.
 * 2. At most as many tries of one name are under way as failures are left before it is locked; the others wait for them.
 *    So fifty at the same time get no more tries than fifty one after the other.
 * 3. Who asks cannot tell a name that exists from one that does not: both are counted, both get locked.
 * 4. A lock is in storage, a count is not: after a restart locked names are locked still, counts begin anew.
 * 5. What is remembered is bounded: beyond it the count that was touched longest ago is forgotten, or the oldest lock.
 *
 * Source: Vault's page "User lockout".
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import type { Mount, UserLockout } from "../contract/engine.ts";
import { BadCredentials, type LockedUsers, type Lockout } from "../contract/guards.ts";
import type { Storage } from "../contract/storage.ts";

export interface LockoutParts {
  readonly clock: Clock;
  readonly log: Log;
  /** This room's own view. */
  readonly storage: Storage;
  /** Names whose failures are counted, and locks, that are remembered. */
  readonly most?: number;
}

/** Vault's defaults. */
const THRESHOLD = 5;
const DURATION = 15 * 60_000;
const COUNTER_RESET = 15 * 60_000;
/** Methods whose users are people or machines with a password of their own; others only where their mount says so. */
const TYPES: ReadonlySet<string> = new Set(["userpass", "ldap", "approle"]);

const MOST = 50_000;
/** Tries of one name that wait for others to end; more are refused. */
const MOST_WAITING = 1_000;
/** Characters of a name that are kept; a longer one goes by its hash. */
const LONGEST = 256;
const FORMAT = 1;

/** How the tries of one name at one mount stand. */
interface Count {
  failures: number;
  /** Wall-clock milliseconds. */
  last: number;
  active: number;
  readonly waiting: (() => void)[];
}

interface Lock {
  readonly accessor: string;
  readonly alias: string;
  /** Wall-clock milliseconds. */
  readonly until: number;
}

export function userLockout(parts: LockoutParts): Lockout & LockedUsers {
  return new UserLocks(parts);
}

class UserLocks implements Lockout, LockedUsers {
  readonly #parts: LockoutParts;
  readonly #most: number;
  /** In the order of their last use. */
  readonly #counts = new Map<string, Count>();
  /** In the order of locking. */
  readonly #locks = new Map<string, Lock>();

  constructor(parts: LockoutParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST;
  }

  async guard<T>(mount: Mount, given: string, login: () => Promise<T>): Promise<T> {
    const rule = ruleOf(mount);
    if (rule === undefined) return login();
    const alias = nameOf(given);
    const key = keyOf(mount.accessor, alias);
    const count = await this.#enter(key, rule);
    try {
      const result = await login();
      count.failures = 0;
      return result;
    } catch (error) {
      if (error instanceof BadCredentials) await this.#failed(key, { mount, alias, count, rule });
      throw error;
    } finally {
      this.#leave(key, count);
    }
  }

  locked(): ReadonlyMap<string, readonly string[]> {
    const now = this.#parts.clock.now();
    const out = new Map<string, string[]>();
    for (const { accessor, alias, until } of this.#locks.values()) {
      if (until > now) out.set(accessor, [...(out.get(accessor) ?? []), alias]);
    }
    for (const names of out.values()) names.sort();
    return out;
  }

  async unlock(accessor: string, given: string): Promise<void> {
    const key = keyOf(accessor, nameOf(given));
    const count = this.#counts.get(key);
    if (count !== undefined) count.failures = 0;
    if (this.#locks.delete(key)) await this.#erase(key);
  }

  async open(): Promise<void> {
    const { storage, clock } = this.#parts;
    this.forget();
    const read: (readonly [string, Lock])[] = [];
    for (const name of await storage.list("")) {
      const bytes = await storage.get(name);
      if (bytes === undefined) continue;
      const lock = JSON.parse(decodeStored(FORMAT, bytes, "lock")) as Lock;
      if (lock.until <= clock.now()) await this.#erase(name);
      else read.push([keyOf(lock.accessor, lock.alias), lock]);
    }
    for (const [key, lock] of read.sort(([, a], [, b]) => a.until - b.until)) this.#locks.set(key, lock);
  }

  forget(): void {
    this.#locks.clear();
    // Tries under way hold their own count and wake those that wait for it.
    this.#counts.clear();
  }

  /** Takes one of the tries that are left. @throws Fault "denied" when there is none */
  async #enter(key: string, rule: UserLockout): Promise<Count> {
    for (;;) {
      const lock = this.#locks.get(key);
      if (lock !== undefined) {
        if (lock.until > this.#parts.clock.now()) throw locked();
        this.#locks.delete(key);
        await this.#erase(key);
        continue;
      }
      const count = this.#countOf(key);
      if (count.active === 0 && this.#parts.clock.now() - count.last >= rule.counterReset) count.failures = 0;
      if (count.failures + count.active < rule.threshold || count.active === 0) {
        count.active += 1;
        return count;
      }
      if (count.waiting.length >= MOST_WAITING) {
        throw new Fault("throttled", "too many logins of one name at the same time: try again", { retryAfter: 1000 });
      }
      await new Promise<void>((resolve) => count.waiting.push(resolve));
    }
  }

  #leave(key: string, count: Count): void {
    count.active -= 1;
    for (const wake of count.waiting.splice(0)) wake();
    if (count.active === 0 && count.failures === 0 && this.#counts.get(key) === count) this.#counts.delete(key);
  }

  /** The count that is used now goes to the end of the order. */
  #countOf(key: string): Count {
    const count = this.#counts.get(key) ?? { failures: 0, last: 0, active: 0, waiting: [] };
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > this.#most) this.#dropOldest();
    return count;
  }

  /** One with tries under way is never the oldest for long; it is passed over. */
  #dropOldest(): void {
    for (const [key, { active }] of this.#counts) {
      if (active > 0) continue;
      this.#counts.delete(key);
      return;
    }
  }

  async #failed(key: string, tried: { mount: Mount; alias: string; count: Count; rule: UserLockout }): Promise<void> {
    const { mount, alias, count, rule } = tried;
    const now = this.#parts.clock.now();
    count.failures += 1;
    count.last = now;
    if (count.failures < rule.threshold || this.#locks.has(key)) return;
    count.failures = 0;
    const lock: Lock = { accessor: mount.accessor, alias, until: now + rule.duration };
    this.#locks.set(key, lock);
    this.#parts.log("warn", "user is locked out: too many wrong credentials", {
      mount: mount.path,
      accessor: mount.accessor,
      alias,
      seconds: Math.ceil(rule.duration / 1000),
    });
    await this.#keep(key, lock);
  }

  /** It is locked in memory whether or not that can be written. */
  async #keep(key: string, lock: Lock): Promise<void> {
    const [oldest] = this.#locks.size > this.#most ? this.#locks.keys() : [];
    if (oldest !== undefined) this.#locks.delete(oldest);
    await this.#write((tx) => {
      if (oldest !== undefined) tx.delete(oldest);
      tx.put(key, encodeStored(FORMAT, JSON.stringify(lock)));
    });
  }

  #erase(key: string): Promise<void> {
    return this.#write((tx) => {
      tx.delete(key);
    });
  }

  async #write(work: (tx: Parameters<Parameters<Storage["transact"]>[0]>[0]) => void): Promise<void> {
    try {
      await this.#parts.storage.transact((tx) => {
        work(tx);
        return Promise.resolve();
      });
    } catch (error) {
      this.#parts.log("error", "a user's lock was not written, a restart will not know it", { error: toFault(error) });
    }
  }
}

/** @returns undefined where nobody is locked out */
function ruleOf({ type, tune: { userLockout: own } }: Mount): UserLockout | undefined {
  if (own === undefined && !TYPES.has(type)) return undefined;
  if (own?.disabled === true) return undefined;
  return {
    threshold: set(own?.threshold, THRESHOLD),
    duration: set(own?.duration, DURATION),
    counterReset: set(own?.counterReset, COUNTER_RESET),
    disabled: false,
  };
}

/** 0 leaves it to the default. */
function set(own: number | undefined, otherwise: number): number {
  return own === undefined || own === 0 ? otherwise : own;
}

function nameOf(alias: string): string {
  const name = alias.trim().toLowerCase();
  return name.length <= LONGEST ? name : `sha256:${createHash("sha256").update(name).digest("hex")}`;
}

/** Also the lock's key in storage: a name may hold any character. */
function keyOf(accessor: string, alias: string): string {
  return createHash("sha256").update(`${accessor}\0${alias}`).digest("hex");
}

/** The client reads Vault's words; the audit reads why. */
function locked(): Fault {
  return new Fault("denied", "permission denied: the user is locked out", { errors: ["permission denied"] });
}
