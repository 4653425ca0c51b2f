/** The server's configuration in inner units: what main.ts builds everything from. Durations are milliseconds. */
import type { Level } from "../../lib/log.ts";
import type { AuditDeviceInfo } from "../contract/audit.ts";
import type { ListenerConfig } from "../contract/listener.ts";

export type StorageConfig =
  | {
      readonly type: "lmdb";
      /** Absolute path of its directory. */
      readonly path: string;
    }
  | { readonly type: "memory" };

export interface ServerConfig {
  readonly storage: StorageConfig;
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** `audit "file" "path/" { }` stanzas, checked; for `auditBroker`'s `declared`. */
  readonly audit: readonly AuditDeviceInfo[];
  /** "https://host:port" as clients reach this server; "" when it is not set. */
  readonly apiAddr: string;
  /** "" = one is made at init. */
  readonly clusterName: string;
  readonly logLevel: Level;
  readonly logFormat: "json" | "text";
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
  readonly pidFile: string | undefined;
  readonly ui: boolean;
  /** Keys that were read and have no effect here, as sentences with file and line: to be logged at start. */
  readonly warnings: readonly string[];
}

/** User and group names to numbers: /etc/passwd and /etc/group, or a table in tests. */
export interface Accounts {
  uid(name: string): number | undefined;
  gid(name: string): number | undefined;
}
