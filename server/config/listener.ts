/** `listener "tcp" { }` and `listener "unix" { }`. Source: Vault, "Listener" configuration pages; bounds are our own. */
import { isIP } from "node:net";
import type { Body } from "../../lib/hcl/body.ts";
import type { ListenerConfig, ListenerLimits, ListenerTls, TcpListener, UnixListener } from "../contract/listener.ts";
import type { Accounts } from "./types.ts";

const DEFAULT_PORT = 8200;
/** sockaddr_un holds 108 bytes with its zero at the end. */
const LONGEST_SOCKET = 107;
const DAY = 86_400_000;

const REFUSED: Readonly<Record<string, string>> = {
  proxy_protocol_behavior: "let the balancer pass TCP through",
  proxy_protocol_authorized_addrs: "let the balancer pass TCP through",
  x_forwarded_for_authorized_addrs: "the peer's own address counts",
  x_forwarded_for_hop_skips: "the peer's own address counts",
  x_forwarded_for_reject_not_authorized: "the peer's own address counts",
  x_forwarded_for_reject_not_present: "the peer's own address counts",
  x_forwarded_for_client_cert_header: "the peer's own certificate counts",
  agent_api: "it belongs to an agent",
  proxy_api: "it belongs to an agent",
  role: "it belongs to an agent",
  profiling: "there is none",
  inflight_requests_logging: "there is none",
  custom_response_headers: "headers are fixed",
  chroot_namespace: "there are no namespaces",
  redact_addresses: "there is nothing to redact",
  redact_cluster_name: "there is nothing to redact",
  redact_version: "there is nothing to redact",
};
const HARMLESS = [
  "cluster_address",
  "tls_disable_client_certs",
  "tls_prefer_server_cipher_suites",
  "http_write_timeout",
];

export function readListener(block: Body, accounts: Accounts): ListenerConfig {
  const type = block.labels[0] ?? "";
  block.known("type");
  for (const [key, sentence] of Object.entries(REFUSED)) {
    if (block.has(key)) throw block.fault(`"${key}" is not supported: ${sentence}`, key);
  }
  block.known(...HARMLESS);
  if (type !== "tcp" && type !== "unix") {
    throw block.fault(`unknown listener ${JSON.stringify(type)}: use "tcp" or "unix"`);
  }
  const listener = type === "tcp" ? tcp(block) : unix(block, accounts);
  block.done();
  return listener;
}

function tcp(block: Body): TcpListener {
  const address = hostAndPort(block);
  const settings = tls(block);
  return { kind: "tcp", ...address, ...limits(block), ...(settings === undefined ? {} : { tls: settings }) };
}

function hostAndPort(block: Body): { readonly host: string; readonly port: number } {
  const text = block.string("address") ?? `127.0.0.1:${String(DEFAULT_PORT)}`;
  if (isIP(text) !== 0) return { host: text, port: DEFAULT_PORT };
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]*))(?::(\d{1,5}))?$/.exec(text);
  const [, v6, name, digits] = match ?? [];
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (match === null || port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) {
    throw block.fault('"address" must be HOST:PORT, such as "127.0.0.1:8200" or "[::1]:8200"', "address");
  }
  return { host: v6 ?? (name === undefined || name === "" ? "0.0.0.0" : name), port };
}

function tls(block: Body): ListenerTls | undefined {
  const off = block.bool("tls_disable") ?? false;
  const certFile = block.string("tls_cert_file");
  const keyFile = block.string("tls_key_file");
  const clientCaFile = block.string("tls_client_ca_file");
  const requireClientCert = block.bool("tls_require_and_verify_client_cert");
  const minVersion = block.choice("tls_min_version", ["tls12", "tls13"]);
  const maxVersion = block.choice("tls_max_version", ["tls12", "tls13"]);
  const cipherSuites = block.strings("tls_cipher_suites", ",");
  if (off) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    const missing = certFile === undefined ? "tls_cert_file" : "tls_key_file";
    throw block.fault(`"${missing}" is required, or "tls_disable = true" for clear text`);
  }
  if (requireClientCert === true && clientCaFile === undefined) {
    throw block.fault(
      '"tls_require_and_verify_client_cert" needs "tls_client_ca_file"',
      "tls_require_and_verify_client_cert",
    );
  }
  if (minVersion === "tls13" && maxVersion === "tls12") {
    throw block.fault('"tls_min_version" is above "tls_max_version"', "tls_min_version");
  }
  return present({ certFile, keyFile }, { clientCaFile, requireClientCert, minVersion, maxVersion, cipherSuites });
}

function limits(block: Body): ListenerLimits {
  return present(
    {},
    {
      maxRequestSize: block.int("max_request_size", 1, 2 ** 30),
      maxRequestDuration: time(block, "max_request_duration"),
      maxJsonDepth: block.int("max_request_json_depth", 1, 1000),
      maxJsonMembers: block.int("max_request_json_members", 1, 10_000_000),
      maxHeaderSize: block.int("max_header_size", 1024, 2 ** 24),
      idleTimeout: time(block, "http_idle_timeout"),
      headerTimeout: time(block, "http_read_header_timeout"),
      maxConnections: block.int("max_connections", 1, 1_000_000),
      unauthedRekey: not(block.bool("disable_unauthed_rekey_endpoints")),
      unauthedGenerateRoot: not(block.bool("disable_unauthed_generate_root_endpoints")),
      unauthenticatedMetrics: openMetrics(block),
    },
  );
}

function openMetrics(block: Body): boolean | undefined {
  const telemetry = block.block("telemetry");
  const open = telemetry?.bool("unauthenticated_metrics_access");
  telemetry?.done();
  return open;
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function time(block: Body, key: string): number | undefined {
  const ms = block.duration(key);
  if (ms !== undefined && (ms < 1 || ms > DAY)) throw block.fault(`"${key}" must be above 0 and at most 24h`, key);
  return ms;
}

function unix(block: Body, accounts: Accounts): UnixListener {
  const path = block.requireString("address");
  if (!path.startsWith("/") || Buffer.byteLength(path) > LONGEST_SOCKET || path.includes("\0")) {
    throw block.fault(`"address" must be an absolute path of at most ${String(LONGEST_SOCKET)} bytes`, "address");
  }
  block.known("tls_disable");
  const mode = block.mode("socket_mode");
  if (mode !== undefined && mode > 0o777) throw block.fault('"socket_mode" must be at most 0777', "socket_mode");
  return present(
    { kind: "unix" as const, path, ...limits(block) },
    {
      mode,
      uid: id(block, "socket_user", (name) => accounts.uid(name)),
      gid: id(block, "socket_group", (name) => accounts.gid(name)),
    },
  );
}

function id(block: Body, key: string, find: (name: string) => number | undefined): number | undefined {
  const name = block.string(key);
  if (name === undefined || name === "") return undefined;
  const found = /^\d{1,9}$/.test(name) ? Number(name) : find(name);
  if (found === undefined) throw block.fault(`"${key}": there is no ${JSON.stringify(name)} on this machine`, key);
  return found;
}

/** `fixed` and those of `optional` that are there. */
function present<F extends object, O extends object>(
  fixed: F,
  optional: O,
): F & { [K in keyof O]?: Exclude<O[K], undefined> } {
  const there = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { ...fixed, ...Object.fromEntries(there) };
}
