/** A core in this process: real seal, barrier, tokens and policies over a store in memory, a recording audit, a clock moved by hand. */
import { type Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { type JsonMap, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import { barrier } from "../../server/barrier/barrier.ts";
import type { Answer } from "../../server/contract/answer.ts";
import type { Call, Operation } from "../../server/contract/call.ts";
import { type EngineKind, route } from "../../server/contract/engine.ts";
import type { Storage, Store } from "../../server/contract/storage.ts";
import type { Tokens } from "../../server/contract/tokens.ts";
import { buildServer, type RunningCore } from "../../server/core/core.ts";
import { cubbyholeStore } from "../../server/core/cubbyholes.ts";
import { responseWrapping } from "../../server/core/wrapping.ts";
import { cubbyholeKind } from "../../server/engines/cubbyhole/cubbyhole.ts";
import { kvV1, kvV2 } from "../../server/engines/kv/kv.ts";
import { systemKind } from "../../server/engines/system/system.ts";
import { userLockout } from "../../server/guard/lockout.ts";
import { rateQuotas } from "../../server/guard/quotas.ts";
import { leaseStore } from "../../server/lease/store.ts";
import { policyStore } from "../../server/policy/store.ts";
import { shamirSeal } from "../../server/seal/shamir.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { prefixed } from "../../server/storage/view.ts";
import { tokenStore } from "../../server/token/store.ts";
import { type FakeAudit, fakeAudit } from "./audit.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { plainMore } from "./more-ports.ts";
import { noIdentity } from "./none.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface TestCore {
  readonly core: RunningCore;
  readonly audit: FakeAudit;
  readonly clock: FakeClock;
  readonly tokens: Tokens;
  readonly store: Store;
  readonly logged: string[];
  /** "" until `start`. */
  root: string;
  shares: readonly Buffer[];
  /** Init with 3 shares of which 2 unseal, and the unseal. */
  start(): Promise<void>;
  unseal(): Promise<void>;
  call(operation: Operation, path: string, options?: CallOptions): Promise<Answer>;
  /** The fault of a call that must fail. */
  refusal(operation: Operation, path: string, options?: CallOptions): Promise<Fault>;
  /** A token with a policy of this text. */
  tokenFor(policy: string, options?: { numUses?: number; boundCidrs?: readonly string[] }): Promise<string>;
}

export interface CallOptions {
  /** Without it: the root token. */
  readonly token?: string | undefined;
  readonly anonymous?: boolean;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly address?: string;
  readonly wrapTtl?: number;
}

/** The method of auth/token/, with nothing in it. */
const bareTokenKind: EngineKind = {
  type: "token",
  about: "Tokens",
  kind: "auth",
  create: () => ({
    routes: [route({ path: "accessors", about: "None", fields: {}, on: {} })],
  }),
};

export function testCore(options: { kinds?: readonly EngineKind[]; store?: Store } = {}): TestCore {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const random = systemRandom();
  const logged: string[] = [];
  const log: Log = (level, message) => void logged.push(`${level}: ${message}`);
  const store = options.store ?? memoryStore();
  const env = { clock, random, log };
  const wall = barrier(store, env);
  const seal = shamirSeal({ ...env, store, barrier: wall });
  const storageAt = (prefix: string): Storage => prefixed(seal.storage, prefix);
  const ended = async (id: string): Promise<void> => {
    await cubbyholes.purge(id);
    await leases.revokeByToken(id);
  };
  const tokens = tokenStore({
    storage: seal.storage,
    ...env,
    ended,
    mountOf: (path) => core.mounts.find(path)?.path,
    accessorAt: (path) => core.mounts.find(path)?.accessor,
  });
  const cubbyholes = cubbyholeStore({ storageAt, byId: (id) => tokens.byId(id) });
  const quotas = rateQuotas({ clock, storage: storageAt("core/quotas/") });
  const lockout = userLockout({ clock, log, storage: storageAt("core/lockout/") });
  const leases = leaseStore({ storage: seal.storage, ...env, tokens, engines: () => core.leaseEngines });
  const wrapping = responseWrapping({ clock, log, tokens, cubbyholes });
  const policies = policyStore(prefixed(seal.storage, "policy/"));
  const audit = fakeAudit();
  const core = buildServer({
    ...env,
    seal,
    tokens,
    policies,
    audit,
    identity: noIdentity,
    leases,
    quotas,
    lockout,
    wrapping,
    storageAt,
    defaultLeaseTtl: 32 * DAY,
    maxLeaseTtl: 32 * DAY,
    kinds: (ports) => [
      systemKind({
        ...ports,
        policies,
        tokens,
        audit,
        wrapping,
        leases,
        quotas,
        lockedUsers: lockout,
        inFlight: { all: () => new Map() },
        ...plainMore(clock),
        version: "1.15.0",
        runningVersion: "v1",
        storageType: "inmem",
      }),
      bareTokenKind,
      cubbyholeKind(cubbyholes),
      kvV1,
      kvV2,
      ...(options.kinds ?? []),
    ],
  });
  let ids = 0;
  const callOf = (operation: Operation, path: string, o: CallOptions): Call => ({
    id: `id-${String((ids += 1))}`,
    operation,
    path,
    data: toMap(o.data ?? {}),
    token: o.anonymous === true ? undefined : new Secret(o.token ?? test.root),
    wrapTtl: o.wrapTtl,
    remote: { address: o.address ?? "127.0.0.1", port: 1 },
    headers: new Map(),
  });
  let policyCount = 0;
  const test: TestCore = {
    core,
    audit,
    clock,
    tokens,
    store,
    logged,
    root: "",
    shares: [],
    async start() {
      const made = await core.operator.init(3, 2);
      test.root = made.rootToken.reveal();
      test.shares = made.shares;
      await test.unseal();
    },
    async unseal() {
      for (const share of test.shares.slice(0, 2)) await core.operator.unseal(new Secret(share.toString("hex")));
    },
    call: (operation, path, o = {}) => core.handle(callOf(operation, path, o)),
    refusal: async (operation, path, o = {}) =>
      core.handle(callOf(operation, path, o)).then(
        () => {
          throw new Error(`${operation} ${path} was not refused`);
        },
        (error: unknown) => toFault(error),
      ),
    async tokenFor(policy, { numUses = 0, boundCidrs = [] } = {}) {
      const name = `test-${String((policyCount += 1))}`;
      await policies.write(name, policy);
      const { token } = await tokens.create({
        id: undefined,
        type: "service",
        policies: [name],
        path: "auth/token/create",
        displayName: "token",
        metadata: new Map(),
        ttl: HOUR,
        explicitMaxTtl: 0,
        maxTtl: 0,
        period: 0,
        renewable: true,
        numUses,
        parent: "",
        boundCidrs,
        entityId: "",
        role: "",
        internal: new Map(),
      });
      return token.reveal();
    },
  };
  return test;
}

function toMap(data: Readonly<Record<string, unknown>>): JsonMap {
  return parseJsonMap(JSON.stringify(data));
}

/** The reply as JSON, for goldens. */
export function shown(answer: Answer): unknown {
  const { reply } = answer;
  if (reply === undefined) return undefined;
  const { data, bare, alsoBare, status, warnings } = reply;
  return JSON.parse(stringifyJson({ data, bare, alsoBare, status, warnings }));
}
