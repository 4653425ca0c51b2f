/** What can be set on a mount: the fields of …/tune, and the same members in `config` when a mount is enabled. Source: Vault's API pages "/sys/mounts" and "/sys/auth". */
import { parseDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, type Json, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import type { Fields, MountTune, UserLockout, Values } from "../../contract/engine.ts";
import type { MountChange } from "../../contract/mounts.ts";

const VISIBILITIES = ["", "hidden", "unauth"] as const;
const TOKEN_TYPES = ["", "default-service", "default-batch", "service", "batch"] as const;
/** Where names can be locked, as in Vault. */
const LOCKABLE: ReadonlySet<string> = new Set(["userpass", "ldap", "approle"]);

export const tuneFields = {
  default_lease_ttl: { type: "string", about: 'The TTL of what does not say one; "system" or 0 for the server\'s' },
  max_lease_ttl: { type: "string", about: 'The longest TTL; "system" or 0 for the server\'s' },
  listing_visibility: { type: "string", about: '"unauth" shows the mount to everyone', oneOf: VISIBILITIES },
  token_type: { type: "string", about: "The type of tokens an auth method makes", oneOf: TOKEN_TYPES },
  audit_non_hmac_request_keys: { type: "strings", about: "Members of requests that the audit shows in clear" },
  audit_non_hmac_response_keys: { type: "strings", about: "Members of replies that the audit shows in clear" },
  passthrough_request_headers: { type: "strings", about: "Request headers the mount may see" },
  allowed_response_headers: { type: "strings", about: "Headers the mount may answer with" },
  user_lockout_config: {
    type: "map",
    about: "lockout_threshold, lockout_duration, lockout_counter_reset_duration, lockout_disable",
  },
  delegated_auth_accessors: { type: "strings", about: "Kept and shown, without meaning here" },
  identity_token_key: { type: "string", about: "Kept and shown, without meaning here" },
  allowed_managed_keys: { type: "strings", about: "Not served: there are no managed keys" },
  force_no_cache: { type: "bool", about: "Kept and shown: what is cached is always what is stored" },
  plugin_version: { type: "string", about: "Without meaning here: there are no plugins" },
} as const satisfies Fields;

type Given = Values<typeof tuneFields>;

/** What is tuned. */
export interface Tuned {
  readonly kind: "secret" | "auth";
  readonly type: string;
}

type Tuning = Omit<MountChange, "description" | "options">;

/** @returns only what was given. @throws Fault "invalid" naming the field */
export function readTune(given: Given, of: Tuned): Tuning {
  if ((given.allowed_managed_keys?.length ?? 0) > 0) {
    throw new Fault("invalid", "allowed_managed_keys is not served here: there are no managed keys, leave it out");
  }
  const tune: { readonly [K in keyof Tuning]?: Tuning[K] | undefined } = {
    defaultLeaseTtl: readTtl("default_lease_ttl", given.default_lease_ttl),
    maxLeaseTtl: readTtl("max_lease_ttl", given.max_lease_ttl),
    listingVisibility: readWord("listing_visibility", VISIBILITIES, given.listing_visibility),
    tokenType: tokenType(given.token_type, of),
    auditNonHmacRequestKeys: given.audit_non_hmac_request_keys,
    auditNonHmacResponseKeys: given.audit_non_hmac_response_keys,
    passthroughRequestHeaders: given.passthrough_request_headers,
    allowedResponseHeaders: given.allowed_response_headers,
    delegatedAuthAccessors: given.delegated_auth_accessors,
    identityTokenKey: given.identity_token_key,
    forceNoCache: given.force_no_cache,
    userLockout: lockout(given.user_lockout_config, of),
  };
  return Object.fromEntries(Object.entries(tune).filter(([, value]) => value !== undefined));
}

/** The `config` object of sys/mounts/:path and sys/auth/:path. */
export function readConfig(config: JsonMap | undefined, of: Tuned): Partial<MountTune> {
  const text = (name: string): string | undefined => textOf(config?.get(name), `config.${name}`);
  const list = (name: string): readonly string[] | undefined => listOf(config?.get(name), `config.${name}`);
  const locked = config?.get("user_lockout_config");
  if (locked !== undefined && locked !== null && !(locked instanceof Map)) {
    throw new Fault("invalid", 'field "config.user_lockout_config" must be an object');
  }
  const { userLockout, ...tune } = readTune(
    {
      default_lease_ttl: text("default_lease_ttl"),
      max_lease_ttl: text("max_lease_ttl"),
      listing_visibility: text("listing_visibility"),
      token_type: text("token_type"),
      audit_non_hmac_request_keys: list("audit_non_hmac_request_keys"),
      audit_non_hmac_response_keys: list("audit_non_hmac_response_keys"),
      passthrough_request_headers: list("passthrough_request_headers"),
      allowed_response_headers: list("allowed_response_headers"),
      delegated_auth_accessors: list("delegated_auth_accessors"),
      identity_token_key: text("identity_token_key"),
      allowed_managed_keys: list("allowed_managed_keys"),
      user_lockout_config: locked instanceof Map ? (locked as JsonMap) : undefined,
      force_no_cache: flagOf(config?.get("force_no_cache"), "config.force_no_cache"),
      plugin_version: undefined,
    },
    of,
  );
  return { ...tune, ...(userLockout && { userLockout: { ...UNSET, ...userLockout } }) };
}

const UNSET: UserLockout = { threshold: 0, duration: 0, counterReset: 0, disabled: false };

function lockout(config: JsonMap | undefined, { kind, type }: Tuned): Partial<UserLockout> | undefined {
  if (config === undefined || config.size === 0) return undefined;
  if (kind !== "auth" || !LOCKABLE.has(type)) {
    throw new Fault("invalid", `tuning of user lockout configuration for auth type "${type}" not allowed`);
  }
  const name = (member: string): string => `user_lockout_config.${member}`;
  const at = (member: string): string | undefined => textOf(config.get(member), name(member));
  const threshold = at("lockout_threshold");
  if (threshold !== undefined && !/^\d{1,9}$/.test(threshold)) {
    throw new Fault("invalid", `field "${name("lockout_threshold")}" must be a whole number`);
  }
  const duration = readTtl(name("lockout_duration"), at("lockout_duration"));
  const counterReset = readTtl(name("lockout_counter_reset_duration"), at("lockout_counter_reset_duration"));
  const disabled = flagOf(config.get("lockout_disable"), name("lockout_disable"));
  return {
    ...(threshold !== undefined && { threshold: Number(threshold) }),
    ...(duration !== undefined && { duration }),
    ...(counterReset !== undefined && { counterReset }),
    ...(disabled !== undefined && { disabled }),
  };
}

function tokenType(text: string | undefined, { kind, type }: Tuned): MountTune["tokenType"] | undefined {
  const word = readWord("token_type", TOKEN_TYPES, text);
  if (word === undefined) return undefined;
  if (kind !== "auth") {
    if (word === "") return undefined;
    throw new Fault("invalid", "'token_type' can only be modified on auth mounts");
  }
  if (type === "token") throw new Fault("invalid", "'token_type' cannot be set for 'token' or 'ns_token' auth mounts");
  return word;
}

function readTtl(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "" || text === "system") return 0;
  try {
    return parseDuration(text);
  } catch (error) {
    throw new Fault("invalid", `field "${name}" must be a duration: seconds (90) or a form such as 1h30m`, {
      cause: error,
    });
  }
}

function readWord<const T extends string>(name: string, words: readonly T[], text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word === undefined)
    throw new Fault("invalid", `field "${name}" must be one of ${words.map((w) => `"${w}"`).join(", ")}`);
  return word;
}

function textOf(value: Json | undefined, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (value instanceof JsonNumber) return value.text;
  throw new Fault("invalid", `field "${name}" must be a string`);
}

function listOf(value: Json | undefined, name: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value === "" ? [] : value.split(",").map((part) => part.trim());
  if (isJsonList(value) && value.every((item) => typeof item === "string")) return value;
  throw new Fault("invalid", `field "${name}" must be a list of strings`);
}

function flagOf(value: Json | undefined, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === true || value === "true" || value === "1") return true;
  if (value === false || value === "false" || value === "0") return false;
  throw new Fault("invalid", `field "${name}" must be true or false`);
}
