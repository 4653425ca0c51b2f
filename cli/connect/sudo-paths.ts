/**
 * The paths of Vault's API that need sudo beside the operation, for -output-policy, which asks no server. "{name}" is
 * one segment; at the end of a path it is the rest. Source: `x-vault-sudo` in the OpenAPI documents of Vault 1.15 and
 * OpenBao 2.6 (test/vectors/vault-routes.tsv, which a test compares with this list).
 */

const SUDO: readonly string[] = [
  "auth/token/accessors",
  "auth/token/revoke-orphan",
  "pki/root",
  "pki/root/sign-self-issued",
  "sys/audit",
  "sys/audit/{path}",
  "sys/auth/{path}",
  "sys/auth/{path}/tune",
  "sys/config/auditing/request-headers",
  "sys/config/auditing/request-headers/{header}",
  "sys/config/cors",
  "sys/config/ui/headers",
  "sys/config/ui/headers/{header}",
  "sys/internal/inspect/request",
  "sys/internal/inspect/router/{tag}",
  "sys/leases",
  "sys/leases/lookup",
  "sys/leases/lookup/{prefix}",
  "sys/leases/revoke-force/{prefix}",
  "sys/leases/revoke-prefix/{prefix}",
  "sys/plugins/catalog/{name}",
  "sys/plugins/catalog/{type}",
  "sys/plugins/catalog/{type}/{name}",
  "sys/plugins/runtimes/catalog",
  "sys/plugins/runtimes/catalog/{type}/{name}",
  "sys/raw",
  "sys/raw/{path}",
  "sys/remount",
  "sys/revoke-force/{prefix}",
  "sys/revoke-prefix/{prefix}",
  "sys/rotate",
  "sys/rotate/keyring",
  "sys/rotate/root",
  "sys/seal",
  "sys/step-down",
];

/** Whether the policy for `path` must give sudo. */
export function needsSudo(path: string): boolean {
  const segments = path.replace(/\/+$/, "").split("/");
  return SUDO.some((pattern) => fits(pattern.split("/"), segments));
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const last = pattern.at(-1) ?? "";
  if (last.startsWith("{") ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, i) => part.startsWith("{") || part === segments[i]);
}
