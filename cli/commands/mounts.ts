/**
 * secrets and auth: enable, disable, list, tune. Both groups speak to twin routes, so both come from one table.
 * Source: Vault CLI documentation, "secrets" and "auth".
 */
import type { Json } from "../../lib/wire/json.ts";
import type { Context } from "../context.ts";
import { readPairs } from "../input/data.ts";
import { mountPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { say } from "../output/print.ts";
import { listMounts, type MountRoute } from "./mount-list.ts";
import { command, type Flags, flagChoice, flagList, flagSet, flagText, type Spec } from "./register.ts";

interface Group {
  readonly name: "secrets" | "auth";
  readonly route: MountRoute;
  /** "the kv secrets engine", "userpass auth method" */
  readonly noun: (type: string) => string;
  readonly plain: string;
}

const GROUPS: readonly Group[] = [
  { name: "secrets", route: "sys/mounts", noun: (type) => `the ${type} secrets engine`, plain: "the secrets engine" },
  { name: "auth", route: "sys/auth", noun: (type) => `${type} auth method`, plain: "the auth method" },
];

const TUNE: readonly (readonly [string, string])[] = [
  ["--description <text>", "what it is for"],
  ["--default-lease-ttl <duration>", "lease time where nothing else is said"],
  ["--max-lease-ttl <duration>", "the longest lease"],
  ["--options <pair>...", "key=value, may be named again"],
  ["--listing-visibility <kind>", "hidden, or unauth: shown without a token"],
  ["--audit-non-hmac-request-keys <key>...", "audited in clear in requests"],
  ["--audit-non-hmac-response-keys <key>...", "audited in clear in replies"],
  ["--passthrough-request-headers <header>...", "handed to the engine"],
  ["--allowed-response-headers <header>...", "may be set by the engine"],
  ["--token-type <type>", "of the tokens that a login gives"],
  ["--plugin-version <version>", "accepted for scripts written for Vault: there are no plugins"],
  ["--user-lockout-threshold <number>", "failed logins before a name is locked"],
  ["--user-lockout-duration <duration>", "how long it stays locked"],
  ["--user-lockout-counter-reset-duration <duration>", "without a failure for so long the count starts over"],
  ["--[no-]user-lockout-disable", "names are never locked"],
];

/** Said once, when the mount is made. */
const FIXED: readonly (readonly [string, string])[] = [
  ["--local", "kept and shown: there is no replication"],
  ["--seal-wrap", "kept and shown: everything is encrypted alike"],
  ["--external-entropy-access", "kept and shown"],
  ["--force-no-cache", "kept and shown"],
];

const ON_OFF = [
  ["local", "local"],
  ["sealWrap", "seal_wrap"],
  ["externalEntropyAccess", "external_entropy_access"],
] as const;

export const mountCommands: readonly Spec[] = GROUPS.flatMap((group) => [
  command({
    usage: `${group.name} enable <type>`,
    about: `Enables ${group.plain.replace("the ", "a ").replace("a auth", "an auth")}`,
    flags: [
      ["--path <path>", "where; by default the type's name"],
      ["--version <number>", "of the kv engine: 1 or 2"],
      ...FIXED,
      ...TUNE,
    ],
    run: (context, args, flags) => enable(context, group, args, flags),
  }),
  command({
    usage: `${group.name} disable <path>`,
    about: "Disables it and deletes all its data",
    run: async (context, [path = ""]) => {
      const mount = mountPath(path);
      await context.api({ method: "DELETE", path: `${group.route}/${mount.slice(0, -1)}` });
      say(context, `Success! Disabled ${group.plain} (if it existed) at: ${mount}`);
    },
  }),
  command({
    usage: `${group.name} list`,
    about: "Lists what is enabled",
    flags: [["--detailed", "with all settings"]],
    run: (context, _args, flags) => listMounts(context, group.route, flagSet(flags, "detailed")),
  }),
  command({
    usage: `${group.name} tune <path>`,
    about: "Changes settings",
    flags: [["--version <number>", "of the kv engine: 2 makes versions of what is there"], ...TUNE],
    run: async (context, [path = ""], flags) => {
      const mount = mountPath(path);
      const body = new Map<string, Json>([...tuneOf(flags), ...textOf(flags)]);
      await context.api({ method: "POST", path: `${group.route}/${mount}tune`, body });
      const tuned = group.name === "auth" ? "the auth method" : "the secrets engine";
      say(context, `Success! Tuned ${tuned} at: ${mount}`);
    },
  }),
]);

async function enable(context: Context, group: Group, args: readonly string[], flags: Flags): Promise<void> {
  const [given = ""] = args;
  const type = given.trim().replace(/\/+$/, "");
  if (type === "") throw new CommandError(1, "name the type to enable");
  const mount = mountPath(flagText(flags, "path") ?? type);
  const config = new Map(tuneOf(flags));
  if (flagSet(flags, "forceNoCache")) config.set("force_no_cache", true);
  const body = new Map<string, Json>([["type", type], ...textOf(flags), ["config", config]]);
  for (const [flag, name] of ON_OFF) if (flagSet(flags, flag)) body.set(name, true);
  await context.api({ method: "POST", path: `${group.route}/${mount.slice(0, -1)}`, body });
  say(context, `Success! Enabled ${group.noun(type)} at: ${mount}`);
}

function textOf(flags: Flags): readonly (readonly [string, Json])[] {
  const out: (readonly [string, Json])[] = [];
  const description = flagText(flags, "description");
  if (description !== undefined) out.push(["description", description]);
  const options = new Map(readPairs(flagList(flags, "options")));
  const version = flagText(flags, "version");
  if (version !== undefined) options.set("version", version);
  if (options.size > 0) out.push(["options", options]);
  return out;
}

function tuneOf(flags: Flags): ReadonlyMap<string, Json> {
  const body = new Map<string, Json>();
  const texts = {
    defaultLeaseTtl: "default_lease_ttl",
    maxLeaseTtl: "max_lease_ttl",
    listingVisibility: "listing_visibility",
    tokenType: "token_type",
    pluginVersion: "plugin_version",
  };
  for (const [flag, name] of Object.entries(texts)) {
    const value = flagText(flags, flag);
    if (value !== undefined) body.set(name, value);
  }
  const lists = {
    auditNonHmacRequestKeys: "audit_non_hmac_request_keys",
    auditNonHmacResponseKeys: "audit_non_hmac_response_keys",
    passthroughRequestHeaders: "passthrough_request_headers",
    allowedResponseHeaders: "allowed_response_headers",
  };
  for (const [flag, name] of Object.entries(lists)) {
    const value = flagList(flags, flag);
    if (value.length > 0) body.set(name, value);
  }
  const lockout = lockoutOf(flags);
  if (lockout.size > 0) body.set("user_lockout_config", lockout);
  return body;
}

function lockoutOf(flags: Flags): ReadonlyMap<string, Json> {
  const names = {
    userLockoutThreshold: "lockout_threshold",
    userLockoutDuration: "lockout_duration",
    userLockoutCounterResetDuration: "lockout_counter_reset_duration",
    userLockoutDisable: "lockout_disable",
  };
  const given = Object.entries(names).map(
    ([flag, name]) => [name, flagText(flags, flag) ?? flagChoice(flags, flag)] as const,
  );
  return new Map(given.filter((one): one is readonly [string, string | boolean] => one[1] !== undefined));
}
