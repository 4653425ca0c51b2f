/**
 * Keys that Vault and OpenBao know and this server does not have: each is answered by what to do about it, because a file
 * that worked there is what people try first. What changes nothing here is passed over with a warning; what would
 * leave the server other than its owner believes is refused. Source: Vault, "Configuration" pages.
 */
import type { Body } from "../../lib/hcl/body.ts";
import { showPlace } from "../../lib/hcl/tree.ts";

const HARMLESS: Readonly<Record<string, string>> = {
  disable_mlock: "memory is never locked: keep it from the swap with MemorySwapMax=0 in the unit, or encrypt the swap",
  cluster_addr: "there is one node",
  cluster_cipher_suites: "there is one node",
  disable_clustering: "there is one node",
  disable_performance_standby: "there is one node",
  performance_multiplier: "there is one node",
  cache_size: "the cache sizes itself",
  disable_cache: "the cache is always on and never stale",
  disable_sealwrap: "there is no seal wrap",
  license_path: "no licence is needed",
  log_requests_level: "requests are in the audit log",
  detect_deadlocks: "there are no locks to watch",
  disable_printable_check: "paths are checked always",
  enable_post_unseal_trace: "there is no such trace",
  experiments: "there are none",
  imprecise_lease_role_tracking: "there are no lease quotas",
};

const REFUSED: Readonly<Record<string, string>> = {
  ha_storage: "one server keeps its data in its own directory",
  service_registration: "register the listener with your own tools",
  plugin_directory: "there are no plugins",
  plugin_tmpdir: "there are no plugins",
  plugin_file_uid: "there are no plugins",
  plugin_file_permissions: "there are no plugins",
  telemetry: "metrics are read from the API",
  user_lockout: "set it on the auth method",
  log_file: "logs go to standard error, where systemd's journal takes them",
  log_rotate_bytes: "logs go to standard error",
  log_rotate_duration: "logs go to standard error",
  log_rotate_max_files: "logs go to standard error",
  entropy: "random bytes come from the kernel",
  kms_library: "there is no PKCS#11",
  administrative_namespace_path: "there are no namespaces",
  reporting: "nothing is ever reported to anyone",
  hcp: "there is no such service",
  default_max_request_duration: 'set "max_request_duration" in the listener',
};

/** Only their being off is what this server can do. */
const OFF: readonly string[] = [
  "raw_storage_endpoint",
  "introspection_endpoint",
  "enable_response_header_hostname",
  "enable_response_header_raft_node_id",
  "unsafe_allow_api_audit_creation",
];

/** @throws Fault "invalid" for the first that cannot be had here. @returns the warnings */
export function foreignKeys(body: Body): readonly string[] {
  for (const [key, sentence] of Object.entries(REFUSED)) {
    if (body.has(key)) throw body.fault(`"${key}" is not supported: ${sentence}`, key);
  }
  for (const key of OFF) {
    if (body.bool(key) === true) throw body.fault(`"${key}" is not supported: remove it`, key);
  }
  for (const seal of body.blocks("seal", 1)) {
    const type = seal.labels[0] ?? "";
    if (type !== "shamir") throw seal.fault(`seal ${JSON.stringify(type)} is not supported: only Shamir's shares are`);
    seal.done();
  }
  return Object.entries(HARMLESS).flatMap(([key, sentence]) =>
    body.has(key) ? [`${showPlace(body.place(key))}: "${key}" has no effect: ${sentence}`] : [],
  );
}
