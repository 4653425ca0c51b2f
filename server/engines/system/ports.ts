/** What the system engine reaches the server by; main.ts ties it. */
import type { Audit } from "../../contract/audit.ts";
import type { EngineKind } from "../../contract/engine.ts";
import type { LockedUsers, QuotaSettings } from "../../contract/guards.ts";
import type { Identity } from "../../contract/identity.ts";
import type { InFlight } from "../../contract/in-flight.ts";
import type { Leases } from "../../contract/leases.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { Operator } from "../../contract/operator.ts";
import type { Policies } from "../../contract/policy.ts";
import type { Metrics, ServerInfo } from "../../contract/server-info.ts";
import type { RouteTables } from "../../contract/tables.ts";
import type { Tokens } from "../../contract/tokens.ts";
import type { Wrapping } from "../../contract/wrapping.ts";
import type { Settings } from "./settings.ts";
import type { VersionHistory } from "./version-history.ts";

/** What the groups of routes in more.ts reach. */
export interface MorePorts {
  readonly settings: Settings;
  readonly versions: VersionHistory;
  readonly info: ServerInfo;
  readonly metrics: Metrics;
  readonly tables: RouteTables;
  readonly identity: Pick<Identity, "subject">;
  /** How many entities there are. */
  readonly entities: () => Promise<number>;
  /** All that can be mounted. */
  readonly kinds: () => readonly EngineKind[];
}

export interface SystemPorts extends MorePorts {
  readonly operator: Operator;
  readonly mounts: Mounts;
  readonly policies: Policies;
  readonly tokens: Tokens;
  readonly audit: Audit;
  readonly wrapping: Wrapping;
  readonly leases: Leases;
  readonly quotas: QuotaSettings;
  readonly lockedUsers: LockedUsers;
  readonly inFlight: Pick<InFlight, "all">;
  /** The version of Vault's API that is spoken, with ours as build metadata: clients parse it. */
  readonly version: string;
  /** Shown as `running_plugin_version` of every mount. */
  readonly runningVersion: string;
  /** "lmdb", "inmem". */
  readonly storageType: string;
  /** "https://host:port" as clients reach this server; "" or none when it is not known. */
  readonly apiAddr?: string;
}
