/** The core put together: pipeline, mount table and lifecycle over the parts that main.ts (or a test) hands in. */
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Core } from "../contract/answer.ts";
import type { Audit } from "../contract/audit.ts";
import type { EngineKind, Renewal } from "../contract/engine.ts";
import type { Lockout, Quotas } from "../contract/guards.ts";
import type { Identity } from "../contract/identity.ts";
import type { InFlight } from "../contract/in-flight.ts";
import type { LeaseEngines } from "../contract/lease-engines.ts";
import type { Leases } from "../contract/leases.ts";
import type { Mounts } from "../contract/mounts.ts";
import type { Operator } from "../contract/operator.ts";
import type { Policies } from "../contract/policy.ts";
import type { Seal } from "../contract/seal.ts";
import type { Storage } from "../contract/storage.ts";
import type { RouteTables } from "../contract/tables.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import type { Wrapping } from "../contract/wrapping.ts";
import { Lifecycle, type Openable } from "./lifecycle.ts";
import { MountTable } from "./mounts.ts";
import { Pipeline } from "./pipeline.ts";
import { routeTables } from "./tables.ts";

/** What the engines of sys/ and auth/token/ reach the core by. */
export interface CorePorts {
  readonly operator: Operator;
  readonly mounts: Mounts;
  /**
   * Asks the auth method that made a token whether and how far it may be renewed.
   * @returns undefined when the method has no say
   * @throws Fault "denied" when it refuses or is gone, "unavailable" when it cannot tell now
   */
  readonly renewal: (token: TokenEntry) => Promise<Renewal | undefined>;
  readonly tables: RouteTables;
}

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly seal: Seal;
  readonly tokens: Tokens;
  readonly policies: Policies;
  readonly audit: Audit;
  readonly identity: Identity;
  readonly leases: Leases;
  readonly quotas: Quotas;
  readonly lockout: Lockout;
  readonly wrapping: Wrapping;
  /** Told who is behind a request. */
  readonly inFlight?: Pick<InFlight, "identify">;
  /** More that is opened at unseal, before the audit, and forgets at seal: small stores of the system engine. */
  readonly others?: readonly Openable[];
  /** The decrypted storage below a prefix that ends in "/". */
  readonly storageAt: (prefix: string) => Storage;
  /** All that can be mounted, with "system" and the auth method "token" among them. */
  readonly kinds: (ports: CorePorts) => readonly EngineKind[];
  /** "" = one is made at init. */
  readonly clusterName?: string;
  /** Milliseconds. */
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
}

export interface RunningCore extends Core, CorePorts {
  /** For the store of leases. */
  readonly leaseEngines: LeaseEngines;
  /** Seals: at SIGTERM, once the listeners have ended. */
  close(): Promise<void>;
}

/** Sealed, whatever the storage holds; nothing runs before an unseal. */
export function buildServer(parts: ServerParts): RunningCore {
  const { clock, random, log, storageAt, identity, leases, quotas, lockout } = parts;
  const mounts = new MountTable({ ...parts, env: { clock, random, log } });
  const operator = new Lifecycle({
    ...parts,
    clusterName: parts.clusterName ?? "",
    mounts,
    others: [
      {
        name: "identity",
        open: () => identity.open(),
        forget: () => {
          identity.forget();
        },
      },
      {
        name: "leases",
        open: () => leases.open(),
        forget: () => {
          leases.forget();
        },
        expire: (signal) => leases.expire(signal),
      },
      {
        name: "quotas",
        open: () => quotas.open(),
        forget: () => {
          quotas.forget();
        },
      },
      {
        name: "lockout",
        open: () => lockout.open(),
        forget: () => {
          lockout.forget();
        },
      },
      ...(parts.others ?? []),
    ],
    storage: storageAt("core/"),
  });
  const renewal = renewalBy(mounts, identity);
  const tables = routeTables(mounts.router);
  mounts.serve(parts.kinds({ operator, mounts, renewal, tables }));
  const pipeline = new Pipeline({ ...parts, router: mounts.router, isOpen: () => operator.isOpen() });
  return {
    handle: (call) => pipeline.handle(call),
    operator,
    mounts,
    renewal,
    tables,
    leaseEngines: mounts.leaseSlots,
    close: () => operator.seal(),
  };
}

/** However a login's token is renewed: its entity is in the external groups that the method's directory tells of now. */
function renewalBy(mounts: MountTable, identity: Pick<Identity, "refresh">): CorePorts["renewal"] {
  return async (token) => {
    const slot = mounts.router.find(token.path)?.slot;
    if (slot?.engine.renew === undefined) return undefined;
    const renewal = await slot.engine.renew(token, { storage: slot.storage, mount: slot.mount });
    const { groups } = renewal;
    if (groups !== undefined && token.entityId !== "") await identity.refresh(token.entityId, slot.mount, groups);
    return renewal;
  };
}
