/** What sys/ tells and changes of the process it runs in: run.ts and `server/clients` implement it, tests with plain values. */

import type { Level } from "../../lib/log.ts";
import type { EncodableRecord } from "../../lib/wire/json.ts";

/** How much is logged. A change lasts until the next reload or restart. */
export interface LogLevels {
  level(): Level;
  set(level: Level): void;
  /** Back to what the configuration says. */
  reset(): void;
}

export interface HostInfo {
  /** In the shape of sys/host-info: times in seconds, sizes in bytes. Parts the machine does not tell are left out. */
  collect(): Promise<EncodableRecord>;
}

/** What has been counted, in the two forms of sys/metrics. */
export interface Metrics {
  /** Prometheus' text format 0.0.4. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  json(): Promise<EncodableRecord>;
}

export interface ServerInfo {
  /** The configuration in Vault's names, without secrets and without paths of keys. */
  readonly sanitized: EncodableRecord;
  readonly levels: LogLevels;
  readonly host: HostInfo;
  /** Certificates anew, as at SIGHUP. @throws Fault when what is there cannot be used: the old goes on */
  reloadListeners(): Promise<void>;
}
