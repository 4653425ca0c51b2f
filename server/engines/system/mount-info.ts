/** A mount as sys/mounts, sys/auth and sys/internal/ui/mounts show it. Source: the samples on Vault's API pages. */
import { toSeconds } from "../../../lib/duration.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import type { Mount } from "../../contract/engine.ts";

/** Auth methods are listed without "auth/". */
export function shownPath({ kind, path }: Mount): string {
  return kind === "auth" ? path.slice("auth/".length) : path;
}

/** null, as Go prints a nil map, when there is none. */
export function optionsOf({ options }: Mount): ReadonlyMap<string, string> | null {
  return options.size === 0 ? null : options;
}

/** TTLs here are those set on the mount, 0 = the server's. */
export function mountInfo(mount: Mount, runningVersion: string): EncodableRecord {
  const { tune } = mount;
  const builtIn = mount.type === "system" || mount.type === "token";
  return {
    accessor: mount.accessor,
    config: {
      default_lease_ttl: toSeconds(tune.defaultLeaseTtl),
      force_no_cache: false,
      max_lease_ttl: toSeconds(tune.maxLeaseTtl),
      ...tunedLists(mount),
    },
    deprecation_status: builtIn ? undefined : "supported",
    description: mount.description,
    external_entropy_access: false,
    local: false,
    options: optionsOf(mount),
    plugin_version: "",
    running_plugin_version: runningVersion,
    running_sha256: "",
    seal_wrap: false,
    type: mount.type,
    uuid: mount.uuid,
  };
}

/** As …/tune shows it: TTLs here are the effective ones. */
export function tuneInfo(mount: Mount): EncodableRecord {
  return {
    default_lease_ttl: toSeconds(mount.defaultTtl),
    description: mount.description,
    force_no_cache: false,
    max_lease_ttl: toSeconds(mount.maxTtl),
    options: optionsOf(mount) ?? undefined,
    ...tunedLists(mount),
  };
}

/** Left out unless set, as in Vault. */
function tunedLists({ kind, tune }: Mount): EncodableRecord {
  const some = (list: readonly string[]): readonly string[] | undefined => (list.length === 0 ? undefined : list);
  const tokenType = tune.tokenType === "" ? "default-service" : tune.tokenType;
  return {
    audit_non_hmac_request_keys: some(tune.auditNonHmacRequestKeys),
    audit_non_hmac_response_keys: some(tune.auditNonHmacResponseKeys),
    listing_visibility: tune.listingVisibility === "" ? undefined : tune.listingVisibility,
    passthrough_request_headers: some(tune.passthroughRequestHeaders),
    allowed_response_headers: some(tune.allowedResponseHeaders),
    token_type: kind === "auth" ? tokenType : undefined,
  };
}
