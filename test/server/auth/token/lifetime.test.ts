/**
 * A token never outlives its maximum, its parent or its role: any sequence of creations by roles and wishes, renewals,
 * revocations and waits (with jumps of the clock and restarts), against a model that knows only when each must be dead.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../../lib/random.ts";
import { Secret } from "../../../../lib/secret.ts";
import { parseJsonMap } from "../../../../lib/wire/json.ts";
import { compose } from "../../../../server/compose.ts";
import type { Answer } from "../../../../server/contract/answer.ts";
import type { Operation } from "../../../../server/contract/call.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { fakeClock } from "../../../fakes/clock.ts";

const MAX = 10_000;
const DEFAULT = 2000;
const SECOND = 1000;

const seconds = fc.integer({ min: 1, max: 30 });
const ROLES: Readonly<Record<string, object>> = {
  capped: { token_explicit_max_ttl: 5, allowed_policies: "app" },
  periodic: { token_period: 3, allowed_policies: "app" },
  both: { token_period: 3, token_explicit_max_ttl: 7, orphan: true, allowed_policies: "app" },
  batch: { token_type: "batch", orphan: true, renewable: false, allowed_policies: "app" },
  either: { token_type: "default-batch", token_explicit_max_ttl: 4, allowed_policies: "app" },
  still: { renewable: false, allowed_policies: "app" },
};

interface Known {
  readonly token: string;
  readonly type: string;
  /** Wall-clock milliseconds after which nothing may keep it alive; Infinity for a periodic one without a maximum. */
  readonly never: number;
  readonly renewable: boolean;
  parent: Known | undefined;
  /** That its renewals go by: the role's, where there is a role, as in Vault. */
  readonly period: number;
  /** As the server has said last. */
  end: number;
  dead: boolean;
}

type Step =
  | { readonly do: "make"; readonly at: number; readonly role: string; readonly body: Body }
  | { readonly do: "renew"; readonly at: number; readonly increment: number }
  | { readonly do: "revoke" | "orphan"; readonly at: number }
  | { readonly do: "wait" | "jump"; readonly ms: number }
  | { readonly do: "restart" };

interface Body {
  readonly ttl?: number | undefined;
  readonly explicit_max_ttl?: number | undefined;
  readonly period?: number | undefined;
  readonly type?: string | undefined;
  readonly no_parent?: boolean | undefined;
}

const at = fc.nat(20);
const body: fc.Arbitrary<Body> = fc.record(
  {
    ttl: seconds,
    explicit_max_ttl: seconds,
    period: seconds,
    type: fc.constantFrom("service", "batch", ""),
    no_parent: fc.boolean(),
  },
  { requiredKeys: [] },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("make" as const),
      at,
      role: fc.constantFrom("", ...Object.keys(ROLES)),
      body,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("renew" as const), at, increment: fc.integer({ min: 0, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("revoke" as const, "orphan" as const), at }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("wait" as const, "jump" as const),
      ms: fc.integer({ min: 1, max: 4000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

async function started() {
  const clock = fakeClock(1_000_000_000_000);
  const store = memoryStore();
  const open = () =>
    compose({
      clock,
      random: systemRandom(),
      log: () => undefined,
      store,
      storageType: "inmem",
      declared: [],
      kinds: [],
      defaultLeaseTtl: DEFAULT,
      maxLeaseTtl: MAX,
    }).core;
  let core = open();
  const made = await core.operator.init(1, 1);
  const share = new Secret(made.shares[0]?.toString("hex") ?? "");
  await core.operator.unseal(share);
  const root = made.rootToken.reveal();
  const call = (token: string, operation: Operation, path: string, data: object = {}): Promise<Answer> =>
    core.handle({
      id: "id",
      operation,
      path,
      data: parseJsonMap(JSON.stringify(data)),
      token: new Secret(token),
      wrapTtl: undefined,
      remote: { address: "127.0.0.1", port: 1 },
      headers: new Map(),
    });
  await call(root, "update", "sys/policies/acl/app", {
    policy: 'path "auth/token/*" { capabilities = ["create", "update", "read", "sudo"] }',
  });
  for (const [name, role] of Object.entries(ROLES)) await call(root, "update", `auth/token/roles/${name}`, role);
  const restart = async (): Promise<void> => {
    await core.close();
    core = open();
    await core.operator.unseal(share);
  };
  return { clock, root, call, restart, close: () => core.close() };
}

/** Seconds, the least of those that are given; undefined = none. */
function least(...limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/** What holds whatever the server says: from the request and its role alone. */
function limitsOf({ role, body: wished }: Extract<Step, { do: "make" }>, type: string) {
  const set = ROLES[role] as Record<string, number | boolean | undefined> | undefined;
  const time = (name: string) => set?.[name] as number | undefined;
  const explicit = least(wished.explicit_max_ttl, time("token_explicit_max_ttl"));
  const period = type === "batch" ? undefined : least(wished.period, time("token_period"));
  const orphan = wished.no_parent === true || set?.["orphan"] === true;
  const renewable = type !== "batch" && set?.["renewable"] !== false;
  const capped = (explicit ?? 1e9) * SECOND;
  const most = period === undefined ? Math.min(MAX, capped) : capped;
  const renewsBy = set === undefined ? period : time("token_period");
  return { most, period: (renewsBy ?? 0) * SECOND, orphan, renewable };
}

type Started = Awaited<ReturnType<typeof started>>;

/** What is known of the tokens that were made, and what each step does to them. */
class World {
  readonly known: Known[] = [];
  readonly #server: Started;

  constructor(server: Started) {
    this.#server = server;
  }

  lives(one: Known): boolean {
    const now = this.#server.clock.now();
    return !one.dead && now < Math.min(one.end, one.never) && (one.parent === undefined || this.lives(one.parent));
  }

  async do(step: Step): Promise<void> {
    const { clock, restart } = this.#server;
    if ("ms" in step) {
      if (step.do === "wait") await clock.advance(step.ms);
      else clock.jump(step.ms);
    } else if (step.do === "restart") await restart();
    else if (step.do === "make") await this.#make(step);
    else await this.#change(step);
  }

  #at(n: number): Known | undefined {
    return this.known[n % Math.max(1, this.known.length)];
  }

  async #make(step: Extract<Step, { do: "make" }>): Promise<void> {
    const { root, call, clock } = this.#server;
    const target = this.#at(step.at);
    const maker = target === undefined || !this.lives(target) || target.type === "batch" ? undefined : target;
    const path = step.role === "" ? "auth/token/create" : `auth/token/create/${step.role}`;
    const sent = { policies: ["app"], ...step.body };
    const answer = await call(maker?.token ?? root, "update", path, sent).catch(() => undefined);
    const issued = answer?.issued;
    if (issued?.clientToken === undefined) return;
    const { most, period, orphan, renewable } = limitsOf(step, issued.entry.type);
    this.known.push({
      token: issued.clientToken.reveal(),
      type: issued.entry.type,
      never: clock.now() + most,
      renewable,
      parent: orphan ? undefined : maker,
      period,
      end: issued.entry.expireTime,
      dead: false,
    });
  }

  async #change(step: Extract<Step, { do: "renew" | "revoke" | "orphan" }>): Promise<void> {
    const target = this.#at(step.at);
    if (target === undefined) return;
    if (step.do === "renew") await this.#renew(target, step.increment);
    else await this.#revoke(target, step.do);
  }

  async #renew(target: Known, increment: number): Promise<void> {
    const { call, clock } = this.#server;
    const answer = await call(target.token, "update", "auth/token/renew-self", { increment }).catch(() => undefined);
    if (answer?.issued === undefined) return;
    expect([target.renewable, this.lives(target)]).toEqual([true, true]);
    target.end = answer.issued.entry.expireTime;
    if (target.period > 0) expect(target.end).toBeLessThanOrEqual(clock.now() + target.period);
  }

  async #revoke(target: Known, how: "revoke" | "orphan"): Promise<void> {
    const { call, root } = this.#server;
    const path = how === "revoke" ? "auth/token/revoke" : "auth/token/revoke-orphan";
    const done = await succeeds(call(root, "update", path, { token: target.token }));
    if (!done || !this.lives(target)) return;
    expect(target.type).toBe("service");
    // Batch tokens are told their parent in their string: they die with it, orphaned or not.
    const freed = this.known.filter((child) => how === "orphan" && child.parent === target && child.type !== "batch");
    for (const child of freed) child.parent = undefined;
    target.dead = true;
  }

  async check(): Promise<void> {
    for (const one of this.known) {
      const found = await succeeds(this.#server.call(one.token, "read", "auth/token/lookup-self"));
      expect([one, found]).toEqual([one, this.lives(one)]);
    }
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

test("property: whatever is done, no token lives longer than it may, and none dies before it was told to", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const server = await started();
      const world = new World(server);
      for (const one of steps) {
        await world.do(one);
        await world.check();
      }
      await server.close();
    }),
    { numRuns: 60 },
  );
}, 120_000);
