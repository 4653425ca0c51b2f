/** What can be set on a mount: the fields of …/tune, and the same members in `config` when a mount is enabled. */
import { parseDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import type { Fields, MountTune, Values } from "../../contract/engine.ts";

const VISIBILITIES = ["", "hidden", "unauth"] as const;
const TOKEN_TYPES = ["", "default-service", "default-batch", "service", "batch"] as const;

export const tuneFields = {
  default_lease_ttl: { type: "string", about: 'The TTL of what does not say one; "system" or 0 for the server\'s' },
  max_lease_ttl: { type: "string", about: 'The longest TTL; "system" or 0 for the server\'s' },
  listing_visibility: { type: "string", about: '"unauth" shows the mount to everyone', oneOf: VISIBILITIES },
  token_type: { type: "string", about: "The type of tokens an auth method makes", oneOf: TOKEN_TYPES },
  audit_non_hmac_request_keys: { type: "strings", about: "Members of requests that the audit shows in clear" },
  audit_non_hmac_response_keys: { type: "strings", about: "Members of replies that the audit shows in clear" },
  passthrough_request_headers: { type: "strings", about: "Request headers the mount may see" },
  allowed_response_headers: { type: "strings", about: "Headers the mount may answer with" },
  force_no_cache: { type: "bool", about: "Without meaning here: what is cached is always what is stored" },
  plugin_version: { type: "string", about: "Without meaning here: there are no plugins" },
} as const satisfies Fields;

type Given = Values<typeof tuneFields>;

/** @returns only what was given. @throws Fault "invalid" naming the field */
export function readTune(given: Given): Partial<MountTune> {
  const tune: { -readonly [K in keyof MountTune]?: MountTune[K] | undefined } = {
    defaultLeaseTtl: readTtl("default_lease_ttl", given.default_lease_ttl),
    maxLeaseTtl: readTtl("max_lease_ttl", given.max_lease_ttl),
    listingVisibility: readWord("listing_visibility", VISIBILITIES, given.listing_visibility),
    tokenType: readWord("token_type", TOKEN_TYPES, given.token_type),
    auditNonHmacRequestKeys: given.audit_non_hmac_request_keys,
    auditNonHmacResponseKeys: given.audit_non_hmac_response_keys,
    passthroughRequestHeaders: given.passthrough_request_headers,
    allowedResponseHeaders: given.allowed_response_headers,
  };
  return Object.fromEntries(Object.entries(tune).filter(([, value]) => value !== undefined));
}

/** The `config` object of sys/mounts/:path and sys/auth/:path. */
export function readConfig(config: JsonMap | undefined): Partial<MountTune> {
  const text = (name: string): string | undefined => {
    const value = config?.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    if (value instanceof JsonNumber) return value.text;
    throw new Fault("invalid", `field "config.${name}" must be a string`);
  };
  const list = (name: string): readonly string[] | undefined => {
    const value = config?.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value === "" ? [] : value.split(",").map((part) => part.trim());
    if (isJsonList(value) && value.every((item) => typeof item === "string")) return value;
    throw new Fault("invalid", `field "config.${name}" must be a list of strings`);
  };
  return readTune({
    default_lease_ttl: text("default_lease_ttl"),
    max_lease_ttl: text("max_lease_ttl"),
    listing_visibility: text("listing_visibility"),
    token_type: text("token_type"),
    audit_non_hmac_request_keys: list("audit_non_hmac_request_keys"),
    audit_non_hmac_response_keys: list("audit_non_hmac_response_keys"),
    passthrough_request_headers: list("passthrough_request_headers"),
    allowed_response_headers: list("allowed_response_headers"),
    force_no_cache: undefined,
    plugin_version: undefined,
  });
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
