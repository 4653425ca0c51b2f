/** Token roles: what tokens made at auth/token/create/:role may be and get. Source: Vault API, "auth/token/roles". */
import { parseCidr } from "../../../lib/cidr.ts";
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Encodable } from "../../../lib/wire/json.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import { flagIn, listIn, numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { GrantType } from "../../contract/token.ts";

export const ROLE_NAME = { type: "string", about: "The role", required: true } as const;

export const ROLE_FIELDS = {
  role_name: ROLE_NAME,
  allowed_policies: { type: "strings", about: "Its tokens get these, or the ones asked for among them" },
  allowed_policies_glob: { type: "strings", about: 'Further ones may be asked for; "*" stands for any text' },
  disallowed_policies: { type: "strings", about: "Its tokens never get these" },
  disallowed_policies_glob: { type: "strings", about: 'Nor those that fit; "*" stands for any text' },
  orphan: { type: "bool", about: "Its tokens outlive who makes them", default: false },
  renewable: { type: "bool", about: "Its tokens may be renewed", default: true },
  path_suffix: { type: "string", about: "Goes behind the path of its tokens: revoke by prefix what one version made" },
  allowed_entity_aliases: { type: "strings", about: 'Aliases that may be asked for; "*" stands for any text' },
  token_type: {
    type: "string",
    about: "Kind of its tokens, or the kind without another wish",
    oneOf: ["", "default", "service", "batch", "default-service", "default-batch"],
  },
  token_bound_cidrs: { type: "strings", about: "Networks that its tokens may be used from" },
  token_explicit_max_ttl: { type: "duration", about: "Hard end of a token's life; 0 = none" },
  token_no_default_policy: { type: "bool", about: 'Leaves out the policy "default"' },
  token_num_uses: { type: "int", about: "Requests that a token is good for; 0 = without limit" },
  token_period: { type: "duration", about: "Renewals set the lifetime back to it, without a maximum" },
  token_max_count: {
    type: "int",
    about: "Most tokens of this role that live at a time, the next one gets 429; 0 = without limit",
  },
  bound_cidrs: { type: "strings", about: "Use token_bound_cidrs", deprecated: true },
  explicit_max_ttl: { type: "duration", about: "Use token_explicit_max_ttl", deprecated: true },
  period: { type: "duration", about: "Use token_period", deprecated: true },
} as const satisfies Fields;

type Sent = Values<typeof ROLE_FIELDS>;

/** Durations in milliseconds, 0 = none. */
export interface TokenRole {
  readonly name: string;
  readonly allowedPolicies: readonly string[];
  readonly allowedPoliciesGlob: readonly string[];
  readonly disallowedPolicies: readonly string[];
  readonly disallowedPoliciesGlob: readonly string[];
  readonly orphan: boolean;
  readonly renewable: boolean;
  readonly pathSuffix: string;
  /** Lower case. */
  readonly allowedEntityAliases: readonly string[];
  readonly type: GrantType;
  readonly boundCidrs: readonly string[];
  readonly explicitMaxTtl: number;
  readonly noDefaultPolicy: boolean;
  readonly numUses: number;
  readonly period: number;
  /** Live tokens at a time. */
  readonly maxCount: number;
}

export function newRole(name: string): TokenRole {
  return {
    name,
    allowedPolicies: [],
    allowedPoliciesGlob: [],
    disallowedPolicies: [],
    disallowedPoliciesGlob: [],
    orphan: false,
    renewable: true,
    pathSuffix: "",
    allowedEntityAliases: [],
    type: "default-service",
    boundCidrs: [],
    explicitMaxTtl: 0,
    noDefaultPolicy: false,
    numUses: 0,
    period: 0,
    maxCount: 0,
  };
}

/** `before` with what was sent. @throws Fault "invalid" for what cannot stand together */
export function updateRole(before: TokenRole, sent: Sent): TokenRole {
  const role: TokenRole = {
    name: before.name,
    allowedPolicies: names(sent.allowed_policies) ?? before.allowedPolicies,
    allowedPoliciesGlob: names(sent.allowed_policies_glob) ?? before.allowedPoliciesGlob,
    disallowedPolicies: names(sent.disallowed_policies) ?? before.disallowedPolicies,
    disallowedPoliciesGlob: names(sent.disallowed_policies_glob) ?? before.disallowedPoliciesGlob,
    orphan: sent.orphan ?? before.orphan,
    renewable: sent.renewable ?? before.renewable,
    pathSuffix: sent.path_suffix ?? before.pathSuffix,
    allowedEntityAliases: names(sent.allowed_entity_aliases) ?? before.allowedEntityAliases,
    type: typeOf(sent.token_type) ?? before.type,
    ...limits(before, sent),
  };
  check(role);
  return role;
}

type Limits = "boundCidrs" | "explicitMaxTtl" | "noDefaultPolicy" | "numUses" | "period" | "maxCount";

/** The new names win over the old ones. */
function limits(before: TokenRole, sent: Sent): Pick<TokenRole, Limits> {
  return {
    boundCidrs: sent.token_bound_cidrs ?? sent.bound_cidrs ?? before.boundCidrs,
    explicitMaxTtl: sent.token_explicit_max_ttl ?? sent.explicit_max_ttl ?? before.explicitMaxTtl,
    noDefaultPolicy: sent.token_no_default_policy ?? before.noDefaultPolicy,
    numUses: sent.token_num_uses ?? before.numUses,
    period: sent.token_period ?? sent.period ?? before.period,
    maxCount: sent.token_max_count ?? before.maxCount,
  };
}

/** Policies and aliases are lower case everywhere; the order is as it was written. */
function names(list: readonly string[] | undefined): readonly string[] | undefined {
  if (list === undefined) return undefined;
  return [...new Set(list.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""))];
}

function typeOf(text: string | undefined): GrantType | undefined {
  if (text === undefined) return undefined;
  return text === "service" || text === "batch" || text === "default-batch" ? text : "default-service";
}

function check(role: TokenRole): void {
  for (const cidr of role.boundCidrs) parseCidr(cidr);
  if (role.numUses < 0) throw new Fault("invalid", "token_num_uses cannot be negative");
  if (role.maxCount < 0) throw new Fault("invalid", "token_max_count cannot be negative");
  if (role.pathSuffix !== "" && (!/^\w(?:[\w.-]*\w)?$/.test(role.pathSuffix) || role.pathSuffix.includes(".."))) {
    throw new Fault("invalid", "path_suffix must be letters, digits, underscores, and dots or dashes between them");
  }
  if (role.type === "batch") checkBatch(role);
}

/** In Vault's words. */
function checkBatch(role: TokenRole): void {
  const refuse = (what: string): Fault =>
    new Fault("invalid", `'token_type' cannot be 'batch' when role is set to generate ${what}`);
  if (!role.orphan) throw refuse("non-orphan tokens");
  if (role.period !== 0) throw refuse("periodic tokens");
  if (role.renewable) throw refuse("renewable tokens");
  if (role.explicitMaxTtl !== 0) throw refuse("tokens with an explicit max TTL");
  if (role.numUses !== 0) throw refuse("tokens with limited use count");
  if (role.maxCount !== 0) throw refuse("tokens that are counted (token_max_count)");
}

export function roleReply(role: TokenRole): Record<string, Encodable> {
  return {
    allowed_entity_aliases: role.allowedEntityAliases,
    allowed_policies: role.allowedPolicies,
    allowed_policies_glob: role.allowedPoliciesGlob,
    disallowed_policies: role.disallowedPolicies,
    disallowed_policies_glob: role.disallowedPoliciesGlob,
    explicit_max_ttl: toSeconds(role.explicitMaxTtl),
    name: role.name,
    orphan: role.orphan,
    path_suffix: role.pathSuffix,
    period: toSeconds(role.period),
    renewable: role.renewable,
    ...(role.boundCidrs.length === 0 ? {} : { token_bound_cidrs: role.boundCidrs, bound_cidrs: role.boundCidrs }),
    token_explicit_max_ttl: toSeconds(role.explicitMaxTtl),
    ...(role.maxCount === 0 ? {} : { token_max_count: role.maxCount }),
    token_no_default_policy: role.noDefaultPolicy,
    ...(role.numUses === 0 ? {} : { token_num_uses: role.numUses }),
    token_period: toSeconds(role.period),
    token_type: role.type,
  };
}

export const ROLES = "role/";

export function roleBytes(role: TokenRole): Uint8Array {
  return recordBytes({ ...role });
}

export async function readRole(reader: Reader, name: string): Promise<TokenRole | undefined> {
  const record = await readRecord(reader, ROLES + name);
  if (record === undefined) return undefined;
  return {
    name,
    allowedPolicies: listIn(record, "allowedPolicies"),
    allowedPoliciesGlob: listIn(record, "allowedPoliciesGlob"),
    disallowedPolicies: listIn(record, "disallowedPolicies"),
    disallowedPoliciesGlob: listIn(record, "disallowedPoliciesGlob"),
    orphan: flagIn(record, "orphan"),
    renewable: flagIn(record, "renewable"),
    pathSuffix: textIn(record, "pathSuffix"),
    allowedEntityAliases: listIn(record, "allowedEntityAliases"),
    type: typeOf(textIn(record, "type")) ?? "default-service",
    boundCidrs: listIn(record, "boundCidrs"),
    explicitMaxTtl: numberIn(record, "explicitMaxTtl"),
    noDefaultPolicy: flagIn(record, "noDefaultPolicy"),
    numUses: numberIn(record, "numUses"),
    period: numberIn(record, "period"),
    maxCount: numberIn(record, "maxCount"),
  };
}
