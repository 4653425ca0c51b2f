/**
 * The reference: what a server that does what the documents say tells of each call. Small and slow on purpose; it knows
 * nothing of how the server does it.
 */
import { type Capability, type Command, doFor, type Of, type PolicyRule, type Table } from "./commands.ts";
import { NewKv, OldKv } from "./kv.ts";
import { DENIED, DONE, INVALID, shown, type Told } from "./reply.ts";
import { decidingRule } from "./rules.ts";
import { type Lifetime, lifetime, lives, rootToken, type Token } from "./tokens.ts";

type Operation = "create" | "read" | "update" | "patch" | "delete" | "list";

/** What every token may do about itself, of the paths that the commands use. */
const DEFAULT: readonly PolicyRule[] = [
  { path: "auth/token/lookup-self", capabilities: ["read"] },
  { path: "auth/token/renew-self", capabilities: ["update"] },
  { path: "auth/token/revoke-self", capabilities: ["update"] },
  { path: "sys/capabilities-self", capabilities: ["update"] },
];

interface Wrapped {
  readonly inside: Told;
  readonly expires: number;
  used: boolean;
}

export class World {
  readonly tokens: Token[] = [rootToken()];
  readonly wraps: Wrapped[] = [];
  readonly #policies = new Map<string, readonly PolicyRule[]>([["default", DEFAULT]]);
  readonly #old = new OldKv();
  readonly #new = new NewKv();
  readonly #table: Table<Told> = {
    policy: ({ name, rules }) => {
      this.#policies.set(name, rules);
      return DONE;
    },
    "drop policy": ({ name }) => {
      this.#policies.delete(name);
      return DONE;
    },
    token: (wanted) => this.#create(wanted),
    lookup: ({ by }) => this.#as(by, "read", "auth/token/lookup-self", (token) => this.#lookup(token)),
    renew: (wanted) => this.#renew(wanted),
    revoke: (wanted) => this.#revoke(wanted),
    capabilities: ({ by, path }) =>
      this.#as(by, "update", "sys/capabilities-self", (token) =>
        shown({ capabilities: this.#capabilities(token, path) }),
      ),
    wrap: (wanted) => this.#wrap(wanted),
    unwrap: ({ of }) => this.#unwrap(of),
    time: ({ ms }) => {
      this.#now += ms;
      return DONE;
    },
    restart: () => DONE,
    "v1 write": ({ by, path, value }) =>
      this.#as(by, this.#old.has(path) ? "update" : "create", `old/${path}`, () => this.#old.write(path, value)),
    "v1 read": ({ by, path }) => this.#as(by, "read", `old/${path}`, () => this.#old.read(path)),
    "v1 delete": ({ by, path }) => this.#as(by, "delete", `old/${path}`, () => this.#old.delete(path)),
    "v1 list": ({ by, path }) => this.#as(by, "list", `old/${path}/`, () => this.#old.list(path)),
    "v2 write": ({ by, path, value, cas }) =>
      this.#as(by, this.#new.has(path) ? "update" : "create", `kv/data/${path}`, () =>
        this.#new.write(path, { value }, cas),
      ),
    "v2 patch": ({ by, path, key, value }) =>
      this.#as(by, "patch", `kv/data/${path}`, () => this.#new.patch(path, key, value)),
    "v2 read": ({ by, path, version }) => this.#as(by, "read", `kv/data/${path}`, () => this.#new.read(path, version)),
    "v2 delete": ({ by, path }) => this.#as(by, "delete", `kv/data/${path}`, () => this.#new.delete(path)),
    "v2 erase": ({ by, path }) => this.#as(by, "delete", `kv/metadata/${path}`, () => this.#new.erase(path)),
    "v2 list": ({ by, path }) => this.#as(by, "list", `kv/metadata/${path}/`, () => this.#new.list(path)),
    "v2 versions": ({ by, how, path, version }) =>
      this.#as(by, "update", `kv/${how}/${path}`, () => this.#new.versions(path, how, version)),
  };
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  /** The same choice as the rig's: an index modulo what there is. */
  static pick<T>(list: readonly T[], index: number): T | undefined {
    return list[index % Math.max(1, list.length)];
  }

  tell(command: Command): Told {
    return doFor(this.#table, command);
  }

  /** Token, one of its uses, policy; then the work. */
  #as(by: number, operation: Operation, path: string, work: (token: Token) => Told): Told {
    const token = World.pick(this.tokens, by);
    if (token === undefined || !lives(token, this.#now)) return DENIED;
    const { limited } = token;
    if (limited) token.uses -= 1;
    const told = this.#allows(token, operation, path) ? work(token) : DENIED;
    if (limited && token.uses === 0) token.dead = true;
    return told;
  }

  #allows(token: Token, operation: Operation, path: string): boolean {
    if (token.policies.includes("root")) return true;
    const capabilities = this.#granted(token, path, operation === "list");
    return capabilities.includes(operation) && !capabilities.includes("deny");
  }

  #granted(token: Token, path: string, list: boolean): readonly Capability[] {
    const rules = token.policies.flatMap((name) => this.#policies.get(name) ?? []);
    const decides = decidingRule([...new Set(rules.map((rule) => rule.path))], path, list);
    return rules.filter((rule) => rule.path === decides).flatMap((rule) => rule.capabilities);
  }

  #capabilities(token: Token, path: string): readonly string[] {
    if (token.policies.includes("root")) return ["root"];
    const granted = this.#granted(token, path, true);
    return granted.length === 0 || granted.includes("deny") ? ["deny"] : [...new Set(granted)].sort();
  }

  #create(wanted: Of<"token">): Told {
    const path = wanted.orphan ? "auth/token/create-orphan" : "auth/token/create";
    return this.#as(wanted.by, "update", path, (parent) => {
      const sudo = parent.policies.includes("root") || this.#granted(parent, path, false).includes("sudo");
      const policies = policiesOf(wanted, parent, sudo);
      if (parent.limited || policies === undefined || (wanted.period > 0 && !sudo)) return INVALID;
      const ttl = firstTtl(wanted, policies);
      if (ttl === 0 && parent.expires !== 0) return INVALID;
      this.tokens.push(madeToken(wanted, { policies, ttl, now: this.#now, parent }));
      return shown({ policies, ttl: seconds(ttl) });
    });
  }

  #lookup(token: Token): Told {
    return shown({
      policies: token.policies,
      // Never 0: that is for ever.
      ttl: token.expires === 0 ? 0 : Math.max(1, Math.round((token.expires - this.#now) / 1000)),
      orphan: token.parent === undefined || token.orphaned,
      renewable: token.expires === 0 ? undefined : token.renewable,
    });
  }

  #renew({ by, of, increment }: Of<"renew">): Told {
    const target = World.pick(this.tokens, of);
    const own = target !== undefined && World.pick(this.tokens, by) === target;
    return this.#as(by, "update", own ? "auth/token/renew-self" : "auth/token/renew", () => {
      if (target === undefined || (!own && !lives(target, this.#now))) return INVALID;
      const isLastUse = target.limited && target.uses === 0;
      if (!target.renewable || target.expires === 0 || isLastUse) return INVALID;
      const { firstTtl, explicitMaxTtl, period, created } = target;
      const limits: Lifetime = { increment, firstTtl, explicitMaxTtl, period, age: this.#now - created };
      const ttl = lifetime(limits);
      if (ttl === undefined) return INVALID;
      target.expires = this.#now + ttl;
      return shown({ ttl: seconds(ttl) });
    });
  }

  /** By the root token, but for "self". Never of the root token. */
  #revoke({ how, of }: Of<"revoke">): Told {
    const target = World.pick(this.tokens, of);
    if (target === undefined || target === this.tokens[0]) return DONE;
    if (how === "self") {
      return this.#as(of, "update", "auth/token/revoke-self", () => {
        target.dead = true;
        return DONE;
      });
    }
    const alive = lives(target, this.#now);
    if (how === "orphan") {
      if (!alive) return INVALID;
      for (const child of this.tokens) if (child.parent === target && lives(child, this.#now)) child.orphaned = true;
    }
    if (alive) target.dead = true;
    return how === "accessor" && !alive ? shown({}) : DONE;
  }

  #wrap({ by, path, ttl }: Of<"wrap">): Told {
    return this.#as(by, "read", `old/${path}`, () => {
      const inside = this.#old.read(path);
      if (inside.status !== 200) return inside;
      this.wraps.push({ inside, expires: this.#now + ttl, used: false });
      return shown({});
    });
  }

  #unwrap(of: number): Told {
    const wrap = World.pick(this.wraps, of);
    if (wrap === undefined) return DONE;
    if (wrap.used || wrap.expires <= this.#now) return INVALID;
    wrap.used = true;
    return wrap.inside;
  }
}

/** As replies tell a lifetime: whole seconds, 0 for one without an end alone. */
function seconds(ms: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.floor(ms / 1000));
}

/** @returns undefined when the creator may not give them away */
function policiesOf(wanted: Of<"token">, parent: Token, sudo: boolean): readonly string[] | undefined {
  const names = new Set(wanted.policies.length === 0 ? parent.policies : wanted.policies);
  if (wanted.policies.length > 0) {
    if (!sudo && [...names].some((name) => !parent.policies.includes(name))) return undefined;
    if (sudo || parent.policies.includes("default")) names.add("default");
  }
  if (wanted.noDefault) names.delete("default");
  if (names.has("root")) return ["root"];
  return [...names].sort();
}

/** 0 = for ever: root alone, where nothing ends it. */
function firstTtl({ ttl: increment, explicitMaxTtl, period }: Of<"token">, policies: readonly string[]): number {
  if (policies.includes("root") && increment === 0 && period === 0) return explicitMaxTtl;
  return lifetime({ increment, firstTtl: 0, explicitMaxTtl, period, age: 0 }) ?? 0;
}

interface Made {
  readonly policies: readonly string[];
  readonly ttl: number;
  readonly now: number;
  readonly parent: Token;
}

function madeToken(wanted: Of<"token">, { policies, ttl, now, parent }: Made): Token {
  const { explicitMaxTtl, period, numUses, orphan, renewable } = wanted;
  return {
    policies,
    parent: orphan ? undefined : parent,
    created: now,
    firstTtl: ttl,
    explicitMaxTtl,
    period,
    renewable: renewable && ttl !== 0,
    expires: ttl === 0 ? 0 : now + ttl,
    limited: numUses > 0,
    uses: numUses,
    dead: false,
    orphaned: false,
  };
}
