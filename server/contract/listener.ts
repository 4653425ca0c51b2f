/**
 * A listener as the configuration describes it and `server/listen` opens it: the stanzas
 * `listener "tcp" {}` and `listener "unix" {}` with Vault's keys where it has them. What is left out
 * takes the default named at the field. Sizes are bytes, durations integer milliseconds.
 * Source: Vault's and OpenBao's configuration pages, "tcp" and "unix" listener.
 */

/** `tls_*`: needed on TCP unless `tls_disable` is set; a listener without it speaks clear text. */
export interface ListenerTls {
  /** `tls_cert_file`: PEM, the leaf first, then its chain. Read at start and at SIGHUP. */
  readonly certFile: string;
  /** `tls_key_file`: PEM, not encrypted. */
  readonly keyFile: string;
  /** `tls_client_ca_file`: PEM; with it clients are asked for a certificate. */
  readonly clientCaFile?: string;
  /** `tls_require_and_verify_client_cert`: no connection without a good one. Default false. */
  readonly requireClientCert?: boolean;
  /** `tls_min_version`. Default "tls12". */
  readonly minVersion?: "tls12" | "tls13";
  /** `tls_max_version`. Default "tls13". */
  readonly maxVersion?: "tls12" | "tls13";
  /** `tls_cipher_suites` by OpenSSL's names, for TLS 1.2. Default: Node's. */
  readonly cipherSuites?: readonly string[];
}

/** What bounds the work a client can make; each has a default that survives balancers. */
export interface ListenerLimits {
  /** `max_request_size`: bytes of a body; more is 413. Default 32 MiB. */
  readonly maxRequestSize?: number;
  /** `max_request_duration`: from the first byte of a request to the last of its body. Default 90 s. */
  readonly maxRequestDuration?: number;
  /** `max_request_json_depth`: nested arrays and objects. Default 64. */
  readonly maxJsonDepth?: number;
  /** `max_request_json_members`: members and elements of a body together. Default 100,000. */
  readonly maxJsonMembers?: number;
  /** `max_header_size`: bytes of request line and headers together; more is 431. Default 64 KiB. */
  readonly maxHeaderSize?: number;
  /** `http_idle_timeout`: a connection without a request is closed after it. Default 75 s, above what balancers keep. */
  readonly idleTimeout?: number;
  /** `http_read_header_timeout`: for the head of a request. Default 80 s; never below the idle time-out + 1 s. */
  readonly headerTimeout?: number;
  /** `max_connections`: more are closed at once. Default 10,000. */
  readonly maxConnections?: number;
  /** The opposite of `disable_unauthed_rekey_endpoints`. Default false. */
  readonly unauthedRekey?: boolean;
  /** The opposite of `disable_unauthed_generate_root_endpoints`. Default false. */
  readonly unauthedGenerateRoot?: boolean;
  /** `telemetry { unauthenticated_metrics_access = true }`: sys/metrics without a token. Default false. */
  readonly unauthenticatedMetrics?: boolean;
}

/** listener "tcp" { address = "127.0.0.1:8200" … } */
export interface TcpListener extends ListenerLimits {
  readonly kind: "tcp";
  /** Name or IP address, IPv6 without brackets; "0.0.0.0" or "::" for all. */
  readonly host: string;
  /** 0 lets the system choose: `Listening.address` tells which. */
  readonly port: number;
  /** undefined = `tls_disable = true`. */
  readonly tls?: ListenerTls;
}

/** listener "unix" { address = "/run/oksae/server.sock" … }: no TLS; who may connect is decided by the socket's mode and owner. */
export interface UnixListener extends ListenerLimits {
  readonly kind: "unix";
  /** Absolute; at most 107 bytes (sockaddr_un). */
  readonly path: string;
  /** `socket_mode`: e.g. 0o660. Default 0o600. */
  readonly mode?: number;
  /** `socket_user`: a numeric id; names are resolved by the configuration. Default: the server's own. */
  readonly uid?: number;
  /** `socket_group`: a numeric id. */
  readonly gid?: number;
}

export type ListenerConfig = TcpListener | UnixListener;
