/**
 * The server put together over an open store: barrier, seal, tokens, policies, audit, engines and core. main.ts calls it
 * with what the configuration says; tests with a store in memory.
 */
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import { type AuditBroker, auditBroker } from "./audit/broker.ts";
import type { TokenAuthPorts } from "./auth/token/parts.ts";
import { tokenAuth } from "./auth/token/token-auth.ts";
import { barrier } from "./barrier/barrier.ts";
import type { AuditDeviceInfo } from "./contract/audit.ts";
import type { EngineKind } from "./contract/engine.ts";
import type { Policies } from "./contract/policy.ts";
import type { Metrics, ServerInfo } from "./contract/server-info.ts";
import type { Storage } from "./contract/storage.ts";
import { buildServer, type RunningCore } from "./core/core.ts";
import { cubbyholeStore } from "./core/cubbyholes.ts";
import { responseWrapping } from "./core/wrapping.ts";
import { cubbyholeKind } from "./engines/cubbyhole/cubbyhole.ts";
import { identityKind } from "./engines/identity/identity.ts";
import { kvV1, kvV2 } from "./engines/kv/kv.ts";
import { systemKind } from "./engines/system/system.ts";
import { countEntities, keptParts, meterOver, PLAIN_INFO } from "./extras.ts";
import { userLockout } from "./guard/lockout.ts";
import { rateQuotas } from "./guard/quotas.ts";
import type { HttpOptions } from "./http/handler.ts";
import { pathHelp } from "./http/help.ts";
import { Flights } from "./http/in-flight.ts";
import { identityStore } from "./identity/store.ts";
import { leaseStore } from "./lease/store.ts";
import { meteredCore, meteredStorage } from "./metrics/metered.ts";
import { policyStore } from "./policy/store.ts";
import { shamirSeal } from "./seal/shamir.ts";
import { prefixed } from "./storage/view.ts";
import { tokenStore } from "./token/store.ts";

/** The release of Vault whose API is spoken: clients switch features on by it. Ours is the build metadata. */
const API_VERSION = `1.15.0+oksae.${VERSION}`;

export interface ComposeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Below the barrier; still the caller's to close. */
  readonly store: Storage;
  /** As sys/seal-status shows it: "lmdb", "inmem". */
  readonly storageType: string;
  /** Audit devices that the configuration declares. */
  readonly declared: readonly AuditDeviceInfo[];
  /** Auth methods and engines that need clients of their own. */
  readonly kinds: readonly EngineKind[];
  readonly clusterName?: string;
  /** As clients reach this server; "" when it is not known. */
  readonly apiAddr?: string;
  /** What sys/ tells and changes of the process; nothing of it without it. */
  readonly info?: Partial<ServerInfo>;
  /** Milliseconds. */
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
}

export interface Composed {
  readonly core: RunningCore;
  readonly audit: AuditBroker;
  readonly metrics: Metrics;
  /** What the handlers of all listeners share. */
  readonly http: Pick<HttpOptions, "flights" | "policy" | "help">;
}

export function compose(parts: ComposeParts): Composed {
  const { clock, random, log, storageType } = parts;
  const env = { clock, random, log };
  const meter = meterOver(() => ({ seal, tokens, leases, audit, clock }), clock);
  const store = meteredStorage(parts.store, meter);
  const wall = barrier(store, env);
  const seal = shamirSeal({ ...env, store, barrier: wall });
  const storageAt = (prefix: string): Storage => prefixed(seal.storage, prefix);
  // What goes with a token, in this order: each is asked before the token's record is deleted, and must be repeatable.
  const withToken: ((id: string) => Promise<void>)[] = [];
  const ended = async (id: string): Promise<void> => {
    for (const end of withToken) await end(id);
  };
  const tokens = tokenStore({ storage: seal.storage, ...env, ended, mountOf: (path) => core.mounts.find(path)?.path });
  const leases = leaseStore({ storage: seal.storage, ...env, tokens, engines: () => core.leaseEngines });
  withToken.push((id) => leases.revokeByToken(id));
  const cubbyholes = cubbyholeStore({ storageAt, byId: (id) => tokens.byId(id) });
  withToken.push((id) => cubbyholes.purge(id));
  const wrapping = responseWrapping({ clock, log, tokens, cubbyholes });
  const guards = guardsOver(storageAt, env);
  const flights = new Flights();
  const policies = policyStore(storageAt("policy/"), clock);
  const identity = identityStore({ storage: storageAt("identity/"), clock, random });
  const kept = keptParts(storageAt, clock, API_VERSION);
  const audit = auditBroker({
    storage: storageAt("audit/"),
    ...env,
    declared: parts.declared,
    headers: kept.settings,
  });
  const versions = { version: API_VERSION, runningVersion: `v${VERSION}+builtin.oksae` };
  const mountable: EngineKind[] = [];
  const core = buildServer({
    ...env,
    seal,
    tokens,
    policies,
    audit,
    identity,
    leases,
    ...guards,
    inFlight: flights,
    wrapping,
    others: kept.others,
    storageAt,
    clusterName: parts.clusterName ?? "",
    defaultLeaseTtl: parts.defaultLeaseTtl,
    maxLeaseTtl: parts.maxLeaseTtl,
    kinds: (ports) => {
      mountable.push(
        systemKind({
          ...ports,
          ...versions,
          ...kept,
          info: { ...PLAIN_INFO, ...parts.info },
          metrics: meter,
          identity,
          entities: () => countEntities(identity),
          kinds: () => mountable,
          policies,
          tokens,
          audit,
          wrapping,
          leases,
          quotas: guards.quotas,
          lockedUsers: guards.lockout,
          inFlight: flights,
          storageType,
          apiAddr: parts.apiAddr ?? "",
        }),
        tokenAuth({ ...ports, tokens, identity, ...asked(policies) }),
        cubbyholeKind(cubbyholes),
        identityKind({ ...ports, directory: identity, identity, apiAddr: parts.apiAddr ?? "" }),
        kvV1,
        kvV2,
        ...parts.kinds,
      );
      return mountable;
    },
  });
  const served = meteredCore(core, meter, { clock, find: (path) => core.mounts.find(path) });
  const http = { flights, policy: kept.settings, help: pathHelp(served) };
  return { core: { ...core, handle: (call) => served.handle(call) }, audit, metrics: meter, http };
}

function guardsOver(
  storageAt: (prefix: string) => Storage,
  { clock, log }: Pick<ComposeParts, "clock" | "log">,
): {
  readonly quotas: ReturnType<typeof rateQuotas>;
  readonly lockout: ReturnType<typeof userLockout>;
} {
  return {
    quotas: rateQuotas({ clock, storage: storageAt("core/quotas/") }),
    lockout: userLockout({ clock, log, storage: storageAt("core/lockout/") }),
  };
}

/** What the token method asks the policies beyond what the pipeline has asked already. */
function asked(policies: Policies): Pick<TokenAuthPorts, "sudo" | "hasPolicy"> {
  return {
    sudo: async ({ token, subject, call: { operation, path, data, wrapTtl } }) => {
      if (token === undefined) return false;
      const acl = await policies.acl([...new Set([...token.policies, ...(subject?.policies ?? [])])].sort(), subject);
      return acl.decide({ operation, path, data, wrapTtl }).sudo;
    },
    hasPolicy: async (name) => (await policies.read(name)) !== undefined,
  };
}
