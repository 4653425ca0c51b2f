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
import { hasSudo, type Policies } from "./contract/policy.ts";
import type { Metrics, ServerInfo } from "./contract/server-info.ts";
import type { Storage } from "./contract/storage.ts";
import { buildServer, type CorePorts, type RunningCore } from "./core/core.ts";
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
  const { clock, random, log } = parts;
  const meter = meterOver(() => stores, clock);
  const stores: Stores = storesOver({ ...parts, store: meteredStorage(parts.store, meter) }, () => core);
  const { guards, kept, flights, audit } = stores;
  const core: RunningCore = buildServer({
    clock,
    random,
    log,
    ...stores,
    ...guards,
    inFlight: flights,
    others: kept.others,
    clusterName: parts.clusterName ?? "",
    defaultLeaseTtl: parts.defaultLeaseTtl,
    maxLeaseTtl: parts.maxLeaseTtl,
    kinds: (ports) => mountable(parts, { ...stores, ports, meter }),
  });
  const served = meteredCore(core, meter, { clock, find: (path) => core.mounts.find(path) });
  const http = { flights, policy: kept.settings, help: pathHelp(served) };
  return { core: { ...core, handle: (call) => served.handle(call) }, audit, metrics: meter, http };
}

type Stores = ReturnType<typeof storesOver>;

/** What lies over the store, below the core. @param core asked only once it is there */
function storesOver({ clock, random, log, store, declared }: ComposeParts, core: () => RunningCore) {
  const env = { clock, random, log };
  const wall = barrier(store, env);
  const seal = shamirSeal({ ...env, store, barrier: wall });
  const storageAt = (prefix: string): Storage => prefixed(seal.storage, prefix);
  // What goes with a token, in this order: each is asked before the token's record is deleted, and must be repeatable.
  const withToken: ((id: string) => Promise<void>)[] = [];
  const ended = async (id: string): Promise<void> => {
    for (const end of withToken) await end(id);
  };
  const mountOf = (path: string): string | undefined => core().mounts.find(path)?.path;
  const accessorAt = (path: string): string | undefined => core().mounts.find(path)?.accessor;
  const tokens = tokenStore({ storage: seal.storage, ...env, ended, mountOf, accessorAt });
  const leases = leaseStore({ storage: seal.storage, ...env, tokens, engines: () => core().leaseEngines });
  withToken.push((id) => leases.revokeByToken(id));
  const cubbyholes = cubbyholeStore({ storageAt, byId: (id) => tokens.byId(id) });
  withToken.push((id) => cubbyholes.purge(id));
  const kept = keptParts(storageAt, clock, API_VERSION);
  return {
    seal,
    storageAt,
    tokens,
    leases,
    cubbyholes,
    kept,
    wrapping: responseWrapping({ clock, log, tokens, cubbyholes }),
    guards: guardsOver(storageAt, env),
    flights: new Flights(),
    policies: policyStore(storageAt("policy/"), clock),
    identity: identityStore({ storage: storageAt("identity/"), clock, random }),
    audit: auditBroker({ storage: storageAt("audit/"), ...env, declared, headers: kept.settings }),
  };
}

/** All that can be mounted. */
function mountable(
  parts: ComposeParts,
  { ports, meter, ...stores }: Stores & { readonly ports: CorePorts; readonly meter: Metrics },
): readonly EngineKind[] {
  const { policies, tokens, audit, wrapping, leases, identity, guards, kept, flights, cubbyholes } = stores;
  const apiAddr = parts.apiAddr ?? "";
  const kinds: readonly EngineKind[] = [
    systemKind({
      ...ports,
      ...kept,
      version: API_VERSION,
      runningVersion: `v${VERSION}+builtin.oksae`,
      info: { ...PLAIN_INFO, ...parts.info },
      metrics: meter,
      identity,
      entities: () => countEntities(identity),
      kinds: () => kinds,
      policies,
      tokens,
      audit,
      wrapping,
      leases,
      quotas: guards.quotas,
      lockedUsers: guards.lockout,
      inFlight: flights,
      storageType: parts.storageType,
      apiAddr,
    }),
    tokenAuth({ ...ports, tokens, identity, ...asked(policies) }),
    cubbyholeKind(cubbyholes),
    identityKind({ ...ports, directory: identity, identity, apiAddr }),
    kvV1,
    kvV2,
    ...parts.kinds,
  ];
  return kinds;
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
    sudo: (context) => hasSudo(policies, context),
    hasPolicy: async (name) => (await policies.read(name)) !== undefined,
  };
}
