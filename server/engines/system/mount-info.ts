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

/** Not an engine or method of their own, so never deprecated. */
const PART_OF_THE_SERVER: ReadonlySet<string> = new Set(["system", "token", "cubbyhole", "identity"]);

/** TTLs here are those set on the mount, 0 = the server's. */
export function mountInfo(mount: Mount, runningVersion: string): EncodableRecord {
  const { tune, flags } = mount;
  return {
    accessor: mount.accessor,
    config: {
      default_lease_ttl: toSeconds(tune.defaultLeaseTtl),
      force_no_cache: tune.forceNoCache,
      max_lease_ttl: toSeconds(tune.maxLeaseTtl),
      ...tunedLists(mount),
      user_lockout_config: lockoutInfo(mount),
    },
    deprecation_status: PART_OF_THE_SERVER.has(mount.type) ? undefined : "supported",
    description: mount.description,
    external_entropy_access: flags?.externalEntropyAccess ?? false,
    local: flags?.local ?? mount.type === "cubbyhole",
    options: optionsOf(mount),
    plugin_version: "",
    running_plugin_version: runningVersion,
    running_sha256: "",
    seal_wrap: flags?.sealWrap ?? false,
    type: mount.type,
    uuid: mount.uuid,
  };
}

/** As …/tune shows it: TTLs here are the effective ones. */
export function tuneInfo(mount: Mount): EncodableRecord {
  return {
    default_lease_ttl: toSeconds(mount.defaultTtl),
    description: mount.description,
    external_entropy_access: mount.flags?.externalEntropyAccess === true ? true : undefined,
    force_no_cache: mount.tune.forceNoCache,
    max_lease_ttl: toSeconds(mount.maxTtl),
    options: optionsOf(mount) ?? undefined,
    ...tunedLists(mount),
    ...lockoutInfo(mount),
  };
}

/** The members Vault answers with, which are not those it takes. */
function lockoutInfo({ tune: { userLockout } }: Mount): EncodableRecord | undefined {
  if (userLockout === undefined) return undefined;
  return {
    user_lockout_counter_reset_duration: toSeconds(userLockout.counterReset),
    user_lockout_disable: userLockout.disabled,
    user_lockout_duration: toSeconds(userLockout.duration),
    user_lockout_threshold: userLockout.threshold,
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
    delegated_auth_accessors: some(tune.delegatedAuthAccessors),
    identity_token_key: tune.identityTokenKey === "" ? undefined : tune.identityTokenKey,
    token_type: kind === "auth" ? tokenType : undefined,
  };
}
