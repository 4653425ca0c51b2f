/**
 * The configuration as sys/config/state/sanitized shows it: Vault's names, no secrets, no paths of keys or sockets' owners.
 * Source: the sample on Vault's API page "/sys/config/state". What this server has no setting for has Vault's default.
 */
import { toSeconds } from "../../lib/duration.ts";
import type { EncodableRecord } from "../../lib/wire/json.ts";
import type { ListenerConfig } from "../contract/listener.ts";
import type { ServerConfig } from "./types.ts";

export function sanitizedConfig(config: ServerConfig): EncodableRecord {
  return {
    api_addr: config.apiAddr,
    cache_size: 0,
    cluster_addr: "",
    cluster_cipher_suites: "",
    cluster_name: config.clusterName,
    default_lease_ttl: toSeconds(config.defaultLeaseTtl),
    default_max_request_duration: 0,
    disable_cache: false,
    disable_clustering: true,
    disable_indexing: false,
    disable_mlock: true,
    disable_performance_standby: true,
    disable_printable_check: false,
    disable_sealwrap: true,
    enable_ui: config.ui,
    listeners: config.listeners.map(listener),
    log_format: config.logFormat,
    log_level: config.logLevel,
    max_lease_ttl: toSeconds(config.maxLeaseTtl),
    pid_file: config.pidFile ?? "",
    plugin_directory: "",
    raw_storage_endpoint: false,
    seals: [{ disabled: false, type: "shamir" }],
    storage: {
      cluster_addr: "",
      disable_clustering: true,
      redirect_addr: config.apiAddr,
      type: config.storage.type === "memory" ? "inmem" : config.storage.type,
    },
  };
}

function listener(one: ListenerConfig): EncodableRecord {
  if (one.kind === "unix") return { config: { address: one.path }, type: "unix" };
  const host = one.host.includes(":") ? `[${one.host}]` : one.host;
  return { config: { address: `${host}:${String(one.port)}`, tls_disable: one.tls === undefined }, type: "tcp" };
}
