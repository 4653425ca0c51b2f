/**
 * Rate limit quotas: kept in storage, looked up in memory, counted by client address on this node alone. Without any a
 * request pays one comparison. Source: Vault's API pages "/sys/quotas/rate-limit" and "/sys/quotas/config".
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import type { Call } from "../contract/call.ts";
import type { Mount } from "../contract/engine.ts";
import {
  type QuotaConfig,
  type QuotaSettings,
  type Quotas,
  type RateHeaders,
  type RateQuota,
  Throttled,
} from "../contract/guards.ts";
import type { Storage } from "../contract/storage.ts";
import type { Taken } from "./bucket.ts";
import { indexed, NO_RULES, type Rule, type Rules, ruleFor, rulesOf } from "./rules.ts";

export interface QuotaParts {
  readonly clock: Clock;
  /** This room's own view. */
  readonly storage: Storage;
  /** Clients that are remembered for each quota. */
  readonly clients?: number;
}

const CLIENTS = 10_000;
/** Quotas: each is looked at when one is changed, and holds its clients. */
const MOST = 1_000;
const FORMAT = 1;
const FOLDER = "rate-limit/";
const CONFIG_KEY = "config";

/** Vault's: what unseals, and what tells whether it is needed. */
const DEFAULTS: QuotaConfig = {
  exemptPaths: [
    "sys/generate-recovery-token/attempt",
    "sys/generate-recovery-token/update",
    "sys/generate-root/attempt",
    "sys/generate-root/update",
    "sys/health",
    "sys/seal-status",
    "sys/unseal",
  ],
  auditLogging: false,
  responseHeaders: false,
};
const NO_HEADERS: RateHeaders = new Map();

export function rateQuotas(parts: QuotaParts): Quotas & QuotaSettings {
  return new RateQuotas(parts);
}

class RateQuotas implements Quotas, QuotaSettings {
  readonly #parts: QuotaParts;
  #all: readonly Rule[] = [];
  #rules: Rules = NO_RULES;
  #config: QuotaConfig = DEFAULTS;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  admit(
    call: Call,
    mount: Mount | undefined,
    role: () => Promise<string | undefined>,
  ): Promise<RateHeaders> | undefined {
    return this.#rules.size === 0 ? undefined : this.#admit(call, mount, role);
  }

  list(): readonly RateQuota[] {
    return this.#all.map(({ quota }) => quota);
  }

  write(quota: RateQuota): Promise<void> {
    return this.#inTurn(async () => {
      const others = this.list().filter(({ name }) => name !== quota.name);
      const twin = others.find((other) => sameScope(other, quota));
      if (twin !== undefined) {
        throw new Fault(
          "invalid",
          `quota rule with similar properties exists under the name ${JSON.stringify(twin.name)}`,
        );
      }
      if (others.length >= MOST)
        throw new Fault("invalid", `there are ${String(MOST)} quotas already: delete one first`);
      await this.#put(keyOf(quota.name), quota);
      this.#take([...others, quota]);
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.storage.transact((tx) => {
        tx.delete(keyOf(name));
        return Promise.resolve();
      });
      this.#take(this.list().filter((quota) => quota.name !== name));
    });
  }

  config(): QuotaConfig {
    return this.#config;
  }

  configure(change: Partial<QuotaConfig>): Promise<void> {
    return this.#inTurn(async () => {
      const config = { ...this.#config, ...change };
      await this.#put(CONFIG_KEY, config);
      this.#config = config;
    });
  }

  async open(): Promise<void> {
    const { storage } = this.#parts;
    const config = await storage.get(CONFIG_KEY);
    const quotas: RateQuota[] = [];
    for (const name of await storage.list(FOLDER)) {
      const bytes = await storage.get(FOLDER + name);
      if (bytes !== undefined) quotas.push(JSON.parse(decodeStored(FORMAT, bytes, "quota")) as RateQuota);
    }
    this.#config =
      config === undefined
        ? DEFAULTS
        : (JSON.parse(decodeStored(FORMAT, config, "quotas' configuration")) as QuotaConfig);
    this.#take(quotas);
  }

  forget(): void {
    this.#take([]);
    this.#config = DEFAULTS;
  }

  async #admit(call: Call, mount: Mount | undefined, role: () => Promise<string | undefined>): Promise<RateHeaders> {
    if (this.#config.exemptPaths.some((path) => matches(path, call.path))) return NO_HEADERS;
    const rule = await ruleFor(this.#rules, call.path, mount?.path, role);
    if (rule === undefined) return NO_HEADERS;
    const taken = rule.buckets.take(call.remote.address, this.#parts.clock.monotonic());
    const headers = this.#config.responseHeaders ? headersOf(rule.buckets.limit, taken) : NO_HEADERS;
    if (taken.allowed) return headers;
    throw new Throttled(call.path, { retryAfter: taken.reset, headers, audited: this.#config.auditLogging });
  }

  #take(quotas: readonly RateQuota[]): void {
    const sorted = [...quotas].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#all = rulesOf(sorted, this.#all, this.#parts.clients ?? CLIENTS);
    this.#rules = indexed(this.#all);
  }

  #put(key: string, record: RateQuota | QuotaConfig): Promise<void> {
    return this.#parts.storage.transact((tx) => {
      tx.put(key, encodeStored(FORMAT, JSON.stringify(record)));
      return Promise.resolve();
    });
  }

  /** One change at a time. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

function keyOf(name: string): string {
  return FOLDER + encodeURIComponent(name);
}

function sameScope(one: RateQuota, other: RateQuota): boolean {
  return one.mountPath === other.mountPath && one.pathSuffix === other.pathSuffix && one.role === other.role;
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function headersOf(limit: number, { remaining, reset }: Taken): RateHeaders {
  return new Map([
    ["x-ratelimit-limit", String(limit)],
    ["x-ratelimit-remaining", String(remaining)],
    ["x-ratelimit-reset", String(Math.ceil(reset / 1000))],
  ]);
}
