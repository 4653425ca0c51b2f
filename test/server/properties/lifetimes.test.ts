/**
 * No token outlives its maximum, its parent or its role: sequences of logins, children, renewals, changes of the role and
 * of the mount, with time going on, through the whole server. What each reply grants is held against bounds that follow
 * from Vault's page "Tokens" alone; then every token must live exactly as long as was granted, and no longer than its parent.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { approleAuth } from "../../../server/auth/approle/approle.ts";
import { type FakeClock, fakeClock } from "../../fakes/clock.ts";
import { type TestReply, type TestServer, testServer } from "../../fakes/server.ts";

const SECONDS = 1000;
const DAY = 86_400;
/** Of the server and of auth/token/. */
const SERVER_MAX = 32 * DAY;

/** Seconds; 0 = not given. */
interface Limits {
  readonly ttl: number;
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
}

type Command =
  | ({ readonly kind: "role" } & Limits)
  | { readonly kind: "tune"; readonly ttl: number; readonly maxTtl: number }
  | ({ readonly kind: "tokenRole" } & Pick<Limits, "explicitMaxTtl" | "period">)
  | { readonly kind: "login" }
  | {
      readonly kind: "child";
      readonly of: number;
      readonly ttl: number;
      readonly explicitMaxTtl: number;
      readonly byRole: boolean;
    }
  | { readonly kind: "renew"; readonly of: number; readonly increment: number }
  | { readonly kind: "revoke"; readonly of: number }
  | { readonly kind: "dropRole" }
  | { readonly kind: "time"; readonly seconds: number };

const span = fc.constantFrom(0, 1, 10, 60, 300, 3600);
const some = fc.constantFrom(1, 9, 10, 11, 59, 60, 61, 300, 3600);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("role" as const),
      ttl: span,
      maxTtl: span,
      explicitMaxTtl: span,
      period: span,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tune" as const), ttl: some, maxTtl: some }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tokenRole" as const), explicitMaxTtl: span, period: span }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("login" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("child" as const),
      of: fc.nat(9),
      ttl: span,
      explicitMaxTtl: span,
      byRole: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("renew" as const), of: fc.nat(9), increment: span }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), of: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("dropRole" as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("time" as const), seconds: some }) },
);

interface Known {
  readonly token: string;
  readonly parent: Known | undefined;
  readonly login: boolean;
  /** Seconds since the start. */
  readonly created: number;
  readonly explicitMaxTtl: number;
  /** Of a child: what its token role gave it. */
  readonly period: number;
  expires: number;
  revoked: boolean;
}

/** The world as a list of bounds. */
class World {
  readonly tokens: Known[] = [];
  now = 0;
  role: Limits | undefined = { ttl: 0, maxTtl: 0, explicitMaxTtl: 0, period: 0 };
  mountMax = SERVER_MAX;
  tokenRole: Pick<Limits, "explicitMaxTtl" | "period"> = { explicitMaxTtl: 0, period: 0 };

  lives(token: Known): boolean {
    return !token.revoked && this.now < token.expires && (token.parent === undefined || this.lives(token.parent));
  }

  /** The latest end that may be granted now. */
  latest(token: Known): number {
    const [max, period] = token.login
      ? [least(this.mountMax, this.role?.maxTtl ?? 0), this.role?.period ?? 0]
      : [SERVER_MAX, token.period];
    const end = period > 0 ? this.now + Math.min(period, max) : token.created + max;
    return token.explicitMaxTtl === 0 ? end : Math.min(end, token.created + token.explicitMaxTtl);
  }
}

const least = (...limits: readonly number[]): number => Math.min(...limits.filter((limit) => limit > 0));

class Run {
  readonly #server: TestServer;
  readonly #clock: FakeClock;
  readonly #world = new World();
  #secret = "";

  constructor(server: TestServer, clock: FakeClock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** A mount of its own in the shared server: a server for each sequence would cost more than the sequence. */
  async open(mount: string): Promise<void> {
    await this.#must("POST", `sys/auth/${mount}`, { type: "approle" });
    // Logins without a role are refused, and would be counted.
    await this.#must("POST", `sys/auth/${mount}/tune`, { user_lockout_config: { lockout_disable: true } });
    this.#mount = mount;
    await this.#writeRole({});
  }

  #mount = "";

  async #writeRole(body: object): Promise<TestReply> {
    const reply = await this.#server.request("POST", `auth/${this.#mount}/role/r`, {
      role_id: this.#mount,
      token_policies: "maker",
      ...body,
    });
    if (reply.status < 300) {
      const made = await this.#must("POST", `auth/${this.#mount}/role/r/secret-id`);
      this.#secret = (made.body?.["data"] as { secret_id: string }).secret_id;
    }
    return reply;
  }

  async #must(method: string, path: string, data?: object): Promise<TestReply> {
    const reply = await this.#server.request(method, path, data);
    expect([path, reply.status < 300, reply.text]).toEqual([path, true, reply.text]);
    return reply;
  }

  async do(command: Command): Promise<void> {
    switch (command.kind) {
      case "role":
        return this.#changeRole(command);
      case "tune":
        return this.#tune(command);
      case "tokenRole":
        return this.#changeTokenRole(command);
      case "login":
        return this.#logIn();
      case "child":
        return this.#makeChild(command);
      case "renew":
        return this.#renew(command);
      case "revoke":
        return this.#revoke(command.of);
      case "dropRole":
        await this.#must("DELETE", `auth/${this.#mount}/role/r`);
        this.#world.role = undefined;
        return;
      case "time":
        this.#world.now += command.seconds;
        this.#clock.jump(command.seconds * SECONDS);
    }
  }

  async #revoke(of: number): Promise<void> {
    const { tokens } = this.#world;
    const target = tokens[of % (tokens.length || 1)];
    if (target === undefined || !this.#world.lives(target)) return;
    await this.#must("POST", "auth/token/revoke", { token: target.token });
    target.revoked = true;
  }

  async #changeRole({ ttl, maxTtl, explicitMaxTtl, period }: Limits): Promise<void> {
    const reply = await this.#writeRole({
      token_ttl: ttl,
      token_max_ttl: maxTtl,
      token_explicit_max_ttl: explicitMaxTtl,
      token_period: period,
    });
    if (reply.status === 400) return;
    expect(reply.status).toBeLessThan(300);
    this.#world.role = { ttl, maxTtl, explicitMaxTtl, period };
  }

  async #tune({ ttl, maxTtl }: { readonly ttl: number; readonly maxTtl: number }): Promise<void> {
    const body = { default_lease_ttl: `${ttl}s`, max_lease_ttl: `${maxTtl}s` };
    const reply = await this.#server.request("POST", `sys/auth/${this.#mount}/tune`, body);
    if (reply.status === 400) return;
    expect(reply.status).toBe(204);
    this.#world.mountMax = maxTtl;
  }

  async #changeTokenRole({ explicitMaxTtl, period }: Pick<Limits, "explicitMaxTtl" | "period">): Promise<void> {
    const body = { token_explicit_max_ttl: explicitMaxTtl, token_period: period };
    const reply = await this.#server.request("POST", `auth/token/roles/${this.#mount}`, body);
    if (reply.status < 300) this.#world.tokenRole = { explicitMaxTtl, period };
  }

  async #logIn(): Promise<void> {
    const reply = await this.#server.request(
      "POST",
      `auth/${this.#mount}/login`,
      { role_id: this.#mount, secret_id: this.#secret },
      "",
    );
    const { role } = this.#world;
    if (role === undefined) {
      expect(reply.status).toBe(400);
      return;
    }
    this.#learn(reply, { parent: undefined, login: true, explicitMaxTtl: role.explicitMaxTtl, period: 0 });
  }

  async #makeChild({ of, ttl, explicitMaxTtl, byRole }: Extract<Command, { kind: "child" }>): Promise<void> {
    const { tokens, tokenRole } = this.#world;
    const parent = tokens[of % (tokens.length || 1)];
    if (parent === undefined) return;
    const path = byRole ? `auth/token/create/${this.#mount}` : "auth/token/create";
    const body = { ttl: `${ttl}s`, ...(explicitMaxTtl > 0 && { explicit_max_ttl: `${explicitMaxTtl}s` }) };
    const reply = await this.#server.request("POST", path, body, parent.token);
    if (!this.#world.lives(parent)) {
      expect([reply.status, reply.text]).toEqual([403, reply.text]);
      return;
    }
    // No such token role yet.
    if (reply.status === 400 && byRole) return;
    const limits = byRole ? tokenRole : { explicitMaxTtl: 0, period: 0 };
    const bound = explicitMaxTtl + limits.explicitMaxTtl === 0 ? 0 : least(explicitMaxTtl, limits.explicitMaxTtl);
    this.#learn(reply, { parent, login: false, explicitMaxTtl: bound, period: limits.period });
  }

  #learn(reply: TestReply, more: Pick<Known, "parent" | "login" | "explicitMaxTtl" | "period">): void {
    expect([reply.status, reply.text]).toEqual([200, reply.text]);
    const { client_token: token, lease_duration: lease } = reply.body?.["auth"] as {
      client_token: string;
      lease_duration: number;
    };
    const made: Known = { token, created: this.#world.now, expires: this.#world.now + lease, revoked: false, ...more };
    this.#granted(made, lease);
    this.#world.tokens.push(made);
  }

  #granted(token: Known, lease: number): void {
    const { now } = this.#world;
    expect(lease).toBeGreaterThan(0);
    expect({ token, lease, fine: now + lease <= this.#world.latest(token) }).toEqual({ token, lease, fine: true });
  }

  async #renew({ of, increment }: Extract<Command, { kind: "renew" }>): Promise<void> {
    const { tokens, role } = this.#world;
    const target = tokens[of % (tokens.length || 1)];
    if (target === undefined) return;
    const reply = await this.#server.request(
      "POST",
      "auth/token/renew-self",
      { increment: `${increment}s` },
      target.token,
    );
    if (!this.#world.lives(target) || (target.login && role === undefined)) {
      expect([reply.status, reply.text]).toEqual([403, reply.text]);
      return;
    }
    if (reply.status === 400) {
      expect(reply.text).toContain("past the max TTL");
      return;
    }
    const { lease_duration: lease } = reply.body?.["auth"] as { lease_duration: number };
    this.#granted(target, lease);
    target.expires = this.#world.now + lease;
  }

  /** Each token lives exactly as it was granted. */
  async look(): Promise<void> {
    for (const token of this.#world.tokens) {
      const reply = await this.#server.request("GET", "auth/token/lookup-self", undefined, token.token);
      expect({ token, now: this.#world.now, status: reply.status }).toEqual({
        token,
        now: this.#world.now,
        status: this.#world.lives(token) ? 200 : 403,
      });
    }
  }
}

/** A period that would carry the token past its explicit end. */
const PERIODIC: Command[] = [
  { kind: "role", ttl: 0, maxTtl: 0, explicitMaxTtl: 60, period: 10 },
  { kind: "login" },
  ...Array.from({ length: 8 }).flatMap((): Command[] => [
    { kind: "time", seconds: 9 },
    { kind: "renew", of: 0, increment: 0 },
  ]),
];

test("no token outlives its maximum, its role's or its parent", async () => {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const server = await testServer({ clock, kinds: [approleAuth] });
  const policy = 'path "auth/token/create*" { capabilities = ["create", "update"] }';
  await server.request("POST", "sys/policies/acl/maker", { policy });
  let count = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 40 }), async (commands) => {
        const run = new Run(server, clock);
        const mount = `m${String((count += 1))}`;
        await run.open(mount);
        for (const one of commands) await run.do(one);
        await run.look();
      }),
      { numRuns: 25, endOnFailure: true, examples: [[PERIODIC]] },
    );
  } finally {
    await server.close();
  }
}, 30_000);
