/**
 * Keeps one living token: logs in, renews at about half of the life, logs in again when renewing has an end, and finds
 * out when the token was revoked. It never gives up: while the server is away the old token stays current, even past
 * its end, and whoever reads with it fails and keeps its files.
 */
import { backoff } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { Doorbell } from "../../lib/doorbell.ts";
import { type Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Api } from "../../lib/wire/api.ts";
import type { Grant, LoginMethod } from "../login/method.ts";
import { type Plan, planFor } from "./plan.ts";
import { type Renewal, renew, standingOf } from "./session.ts";

export interface KeeperOptions {
  readonly api: Api;
  readonly method: LoginMethod;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Milliseconds: the first wait after a failure, and the longest. */
  readonly retry: { readonly first: number; readonly most: number };
}

/** What `oksae agent status` shows of the token: nothing secret. */
export interface TokenStatus {
  readonly phase: "logging in" | "alive";
  readonly accessor: string;
  readonly policies: readonly string[];
  /** Wall-clock milliseconds, Infinity = never, 0 = no token yet. */
  readonly expiresAt: number;
  readonly lastLogin: number;
  readonly logins: number;
  /** What is wrong now, in one line; "" when nothing is. */
  readonly problem: string;
}

/** A Retry-After beyond this is a mistake of somebody. */
const LONGEST_RETRY_AFTER = 600_000;
/** Without a sign of life for so long the token is looked up: a revoked one is noticed within a minute even when nothing is read. */
const PROBE = 50_000;
/** Between two look-ups that a refused read asked for. */
const CHECK_GAP = 15_000;
/** Between two logins that a dead token caused. */
const LOGIN_GAP = 30_000;
/** The same where the token's policies forbid looking it up, so that a refused read proves nothing. */
const BLIND_LOGIN_GAP = 600_000;
/** Waits are cut to this, since wall time may jump (a hibernated instance). */
const SLICE = 60_000;

export class TokenKeeper {
  readonly #options: KeeperOptions;
  readonly #bell = new Doorbell();
  readonly #listeners = new Set<() => void>();
  #grant: Grant | undefined;
  #plan: Plan = { expiresAt: 0, renewAt: 0, loginAt: 0 };
  #problem = "";
  #phase: TokenStatus["phase"] = "logging in";
  #logins = 0;
  #lastLogin = -Infinity;
  #lastLoginWall = 0;
  #lastAlive = -Infinity;
  #lastCheck = -Infinity;
  #suspected = false;
  /** Its policies forbid lookup-self, so that a refused look-up proves nothing. */
  #blind = false;
  /** The login under way replaces a token that was found dead. */
  #replacing = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** undefined until the first login; never taken back afterwards, only replaced. */
  get token(): Secret | undefined {
    return this.#grant?.token;
  }

  get status(): TokenStatus {
    return {
      phase: this.#phase,
      accessor: this.#grant?.accessor ?? "",
      policies: this.#grant?.policies ?? [],
      expiresAt: this.#plan.expiresAt,
      lastLogin: this.#lastLoginWall,
      logins: this.#logins,
      problem: this.#problem,
    };
  }

  /** @param listener called at each change of token or status; must not throw @returns how to end it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A request with `token` was refused (403): it may have been revoked. Cheap to call at every refusal. */
  suspect(token: Secret): void {
    if (token !== this.token || this.#suspected) return;
    this.#suspected = true;
    this.#bell.ring();
  }

  /** A request with `token` went through. */
  noteAlive(token: Secret): void {
    if (token === this.token) this.#lastAlive = this.#options.clock.monotonic();
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        this.#adopt(await this.#login(signal));
        await this.#learnSight(signal);
        await this.#live(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #login(signal: AbortSignal): Promise<Grant> {
    const { clock, method, random, retry } = this.#options;
    this.#tell("logging in", this.#problem);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await method.login(signal);
      } catch (error) {
        signal.throwIfAborted();
        const fault = toFault(error);
        const wait = patience(fault, backoff(attempt, retry, random.fraction()));
        this.#complain("login failed", error instanceof Error ? error : fault, fault, wait);
        await clock.sleep(wait, signal);
      }
    }
  }

  #adopt(grant: Grant): void {
    const { clock, log, method } = this.#options;
    this.#grant = grant;
    this.#logins += 1;
    this.#lastLogin = clock.monotonic();
    this.#lastLoginWall = clock.now();
    this.#lastAlive = this.#lastLogin;
    this.#suspected = false;
    this.#schedule(grant);
    log("info", "logged in", { method: method.name, accessor: grant.accessor, ttl_seconds: grant.ttl / 1000 });
    this.#tell("alive", "");
  }

  /** A token that is seconds old and cannot be looked up was not revoked. */
  async #learnSight(signal: AbortSignal): Promise<void> {
    if (!this.#replacing || this.#grant === undefined) return;
    this.#replacing = false;
    this.#lastCheck = this.#options.clock.monotonic();
    this.#blind = (await standingOf(this.#options.api, this.#grant.token, signal)) === "dead";
  }

  #schedule(grant: Grant, fullTtl = grant.ttl): void {
    const { clock, random } = this.#options;
    this.#plan = planFor(clock.now(), grant.ttl, fullTtl, grant.renewable, random.fraction());
  }

  /** Returns when a new login is due. */
  async #live(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const fullTtl = this.#grant?.ttl ?? 0;
    let attempt = 0;
    for (;;) {
      const now = clock.now();
      if (now >= this.#plan.loginAt) return;
      if (now >= this.#plan.renewAt) {
        attempt = await this.#renew(fullTtl, attempt, signal);
        if (attempt < 0) return;
        continue;
      }
      if (this.#checkDueIn() <= 0) {
        if (await this.#isDead(signal)) return;
        continue;
      }
      const untilPlan = Math.min(this.#plan.renewAt, this.#plan.loginAt) - now;
      await this.#bell.wait(clock, Math.max(0, Math.min(untilPlan, this.#checkDueIn(), SLICE)), signal);
    }
  }

  /** @returns the next attempt's number, or -1 when a new login is due at once */
  async #renew(fullTtl: number, attempt: number, signal: AbortSignal): Promise<number> {
    const { api, clock, random, log, retry } = this.#options;
    const grant = this.#grant;
    if (grant === undefined) return -1;
    const renewal: Renewal = await renew(api, grant.token, signal);
    if (renewal.outcome === "renewed") {
      this.noteAlive(grant.token);
      this.#schedule({ ...renewal.grant, token: grant.token }, fullTtl);
      log("debug", "token renewed", { accessor: grant.accessor, ttl_seconds: renewal.grant.ttl / 1000 });
      this.#tell("alive", "");
      return 0;
    }
    const { fault } = renewal;
    if (renewal.outcome === "trouble") {
      const wait = patience(fault, backoff(attempt, retry, random.fraction()));
      this.#complain("token not renewed", fault, fault, wait);
      this.#plan = { ...this.#plan, renewAt: clock.now() + wait };
      return attempt + 1;
    }
    if (fault.status === 403 && (await this.#isDead(signal))) return -1;
    log("info", "token cannot be renewed: a new login comes before it ends", {
      accessor: grant.accessor,
      error: fault,
    });
    this.#plan = { ...this.#plan, renewAt: Infinity };
    return 0;
  }

  /** Milliseconds until the server is to be asked whether the token lives. */
  #checkDueIn(): number {
    const now = this.#options.clock.monotonic();
    const sinceCheck = now - this.#lastCheck;
    if (this.#suspected) return Math.max(0, CHECK_GAP - sinceCheck);
    return Math.max(0, PROBE - Math.min(sinceCheck, now - this.#lastAlive));
  }

  async #isDead(signal: AbortSignal): Promise<boolean> {
    const { api, clock, log } = this.#options;
    const grant = this.#grant;
    if (grant === undefined) return true;
    this.#lastCheck = clock.monotonic();
    const suspected = this.#suspected;
    this.#suspected = false;
    const standing = await standingOf(api, grant.token, signal);
    if (standing === "alive") this.noteAlive(grant.token);
    if (standing !== "dead") return false;
    if (this.#blind && !suspected) return false;
    const gap = this.#blind ? BLIND_LOGIN_GAP : LOGIN_GAP;
    const wait = Math.max(0, this.#lastLogin + gap - clock.monotonic());
    const error = this.#blind
      ? "token may have been revoked (its policies forbid lookup-self)"
      : "token was revoked or has ended";
    log("warn", `${error}: logging in again`, { accessor: grant.accessor, wait_seconds: Math.ceil(wait / 1000) });
    if (wait === 0) {
      this.#replacing = true;
      return true;
    }
    this.#suspected = true;
    this.#lastCheck = clock.monotonic() + wait - CHECK_GAP;
    return false;
  }

  #complain(message: string, error: Error, fault: Fault, wait: number): void {
    const level = fault.message === this.#problem ? "debug" : "warn";
    this.#options.log(level, message, { error, retry_seconds: Math.ceil(wait / 1000) });
    this.#tell(this.#phase, fault.message);
  }

  #tell(phase: TokenStatus["phase"], problem: string): void {
    this.#phase = phase;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }
}

function patience(fault: Fault, wait: number): number {
  return Math.max(wait, Math.min(fault.retryAfter ?? 0, LONGEST_RETRY_AFTER));
}
