/**
 * The `token_…` fields that every auth method's roles have, with the older names (`policies`, `ttl`, `max_ttl`,
 * `period`, `lease`) as aliases. Source: Vault API pages of the auth methods, "Parameters" (tokenutil's fields).
 */
import { type Cidr, cidrHas, parseCidr } from "../../lib/cidr.ts";
import { formatDuration, toSeconds } from "../../lib/duration.ts";
import { Fault } from "../../lib/fault.ts";
import type { Encodable, JsonMap } from "../../lib/wire/json.ts";
import type { Fields, Mount, Values } from "../contract/engine.ts";
import { flagIn, listIn, numberIn, textIn } from "../contract/record.ts";
import type { GrantType, LoginGrant } from "../contract/token.ts";

export const TOKEN_FIELDS = {
  token_policies: { type: "strings", about: "Policies of the tokens" },
  token_ttl: { type: "duration", about: "First lifetime; 0 = the mount's default" },
  token_max_ttl: { type: "duration", about: "Longest lifetime with renewals; 0 = the mount's" },
  token_period: { type: "duration", about: "Renewals set the lifetime back to it, without a maximum" },
  token_explicit_max_ttl: { type: "duration", about: "Hard end of a token's life; 0 = none" },
  token_num_uses: { type: "int", about: "Requests that a token is good for; 0 = without limit" },
  token_bound_cidrs: { type: "strings", about: "Networks that a login and its token may come from" },
  token_no_default_policy: { type: "bool", about: 'Leaves out the policy "default"' },
  token_type: {
    type: "string",
    about: "Kind of token",
    oneOf: ["", "default", "service", "batch", "default-service", "default-batch"],
  },
  token_max_count: {
    type: "int",
    about: "Most tokens of this role that live at a time, the next login gets 429; 0 = without limit",
  },
  policies: { type: "strings", about: "Use token_policies", deprecated: true },
  ttl: { type: "duration", about: "Use token_ttl", deprecated: true },
  max_ttl: { type: "duration", about: "Use token_max_ttl", deprecated: true },
  period: { type: "duration", about: "Use token_period", deprecated: true },
  lease: { type: "duration", about: "Use token_ttl", deprecated: true },
} as const satisfies Fields;

/** Durations in milliseconds, 0 = the mount's or none. */
export interface TokenParams {
  readonly policies: readonly string[];
  readonly ttl: number;
  readonly maxTtl: number;
  readonly period: number;
  readonly explicitMaxTtl: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly type: GrantType;
  /** Live tokens at a time; 0 = without limit. */
  readonly maxCount: number;
}

export const NO_TOKEN_PARAMS: TokenParams = {
  policies: [],
  ttl: 0,
  maxTtl: 0,
  period: 0,
  explicitMaxTtl: 0,
  numUses: 0,
  boundCidrs: [],
  noDefaultPolicy: false,
  type: "default",
  maxCount: 0,
};

type TokenValues = Values<typeof TOKEN_FIELDS>;

/** `before` with what was sent; the new names win over the old ones. @throws Fault "invalid" for values that cannot stand together */
export function updateTokenParams(before: TokenParams, sent: TokenValues): TokenParams {
  const policies = first(sent.token_policies, sent.policies);
  const params: TokenParams = {
    policies: policies === undefined ? before.policies : policyNames(policies),
    ttl: first(sent.token_ttl, sent.ttl, sent.lease, before.ttl) ?? 0,
    maxTtl: first(sent.token_max_ttl, sent.max_ttl, before.maxTtl) ?? 0,
    period: first(sent.token_period, sent.period, before.period) ?? 0,
    explicitMaxTtl: sent.token_explicit_max_ttl ?? before.explicitMaxTtl,
    numUses: sent.token_num_uses ?? before.numUses,
    boundCidrs: sent.token_bound_cidrs ?? before.boundCidrs,
    noDefaultPolicy: sent.token_no_default_policy ?? before.noDefaultPolicy,
    type: sent.token_type === undefined ? before.type : grantType(sent.token_type),
    maxCount: sent.token_max_count ?? before.maxCount,
  };
  checkTokenParams(params);
  return params;
}

function first<T>(...values: readonly (T | undefined)[]): T | undefined {
  return values.find((value) => value !== undefined);
}

/** As policies are kept: lower case, without blanks and duplicates, sorted. */
export function policyNames(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""))].sort();
}

function checkTokenParams(params: TokenParams): void {
  if (params.maxTtl !== 0 && params.ttl > params.maxTtl)
    throw new Fault("invalid", "ttl should be shorter than max ttl");
  if (params.numUses < 0) throw new Fault("invalid", "token_num_uses cannot be negative");
  for (const cidr of params.boundCidrs) parseCidr(cidr);
  if (params.maxCount < 0) throw new Fault("invalid", "token_max_count cannot be negative");
  checkBatch(params);
}

/** What a batch token cannot have is refused here: a login must not fail after the method has recorded it. Vault's words. */
function checkBatch({ type, period, numUses, maxCount }: TokenParams): void {
  if (type !== "batch" && type !== "default-batch") return;
  const refuse = (what: string): Fault =>
    new Fault("invalid", `'token_type' cannot be 'batch' or 'default_batch' when set to generate ${what}`);
  if (period !== 0) throw refuse("periodic tokens");
  if (numUses !== 0) throw refuse("tokens with limited use count");
  if (maxCount !== 0) throw refuse("tokens that are counted (token_max_count)");
}

const GRANT_TYPES: readonly GrantType[] = ["default", "service", "batch", "default-service", "default-batch"];

/** "" is the default; so is what no release has written. */
function grantType(text: string): GrantType {
  return GRANT_TYPES.find((type) => type === text) ?? "default";
}

/** @returns warnings. @throws Fault "invalid" for a period above the mount's maximum, as in Vault */
export function checkAgainstMount(params: TokenParams, mount: Mount): readonly string[] {
  if (params.period > mount.maxTtl) {
    const [period, most] = [formatDuration(params.period), formatDuration(mount.maxTtl)];
    throw new Fault("invalid", `period of "${period}" is greater than the backend's maximum lease TTL of "${most}"`);
  }
  if (params.maxTtl <= mount.maxTtl) return [];
  const [given, most] = [toSeconds(params.maxTtl), toSeconds(mount.maxTtl)];
  return [
    `Given max ttl of ${String(given)} seconds greater than current mount/system default of ${String(most)} seconds; max ttl will be capped at login time`,
  ];
}

export function tokenParamsReply(params: TokenParams): Record<string, Encodable> {
  return {
    token_bound_cidrs: params.boundCidrs,
    token_explicit_max_ttl: toSeconds(params.explicitMaxTtl),
    token_max_ttl: toSeconds(params.maxTtl),
    token_no_default_policy: params.noDefaultPolicy,
    token_num_uses: params.numUses,
    token_period: toSeconds(params.period),
    token_policies: params.policies,
    token_ttl: toSeconds(params.ttl),
    token_type: params.type,
    // Our own: not shown to clients of Vault's API until it is used.
    ...(params.maxCount === 0 ? {} : { token_max_count: params.maxCount }),
  };
}

export function tokenParamsRecord(params: TokenParams): Record<string, Encodable> {
  return { ...params };
}

export function tokenParamsFrom(record: JsonMap): TokenParams {
  return {
    policies: listIn(record, "policies"),
    ttl: numberIn(record, "ttl"),
    maxTtl: numberIn(record, "maxTtl"),
    period: numberIn(record, "period"),
    explicitMaxTtl: numberIn(record, "explicitMaxTtl"),
    numUses: numberIn(record, "numUses"),
    boundCidrs: listIn(record, "boundCidrs"),
    noDefaultPolicy: flagIn(record, "noDefaultPolicy"),
    type: grantType(textIn(record, "type")),
    maxCount: numberIn(record, "maxCount"),
  };
}

/** The part of a grant that follows from the role. */
export function grantOf(
  params: TokenParams,
): Pick<
  LoginGrant,
  | "policies"
  | "noDefaultPolicy"
  | "ttl"
  | "maxTtl"
  | "explicitMaxTtl"
  | "period"
  | "numUses"
  | "boundCidrs"
  | "type"
  | "renewable"
  | "mostTokens"
> {
  return {
    policies: params.policies,
    noDefaultPolicy: params.noDefaultPolicy,
    ttl: params.ttl,
    maxTtl: params.maxTtl,
    explicitMaxTtl: params.explicitMaxTtl,
    period: params.period,
    numUses: params.numUses,
    boundCidrs: params.boundCidrs,
    type: params.type,
    renewable: true,
    mostTokens: params.maxCount,
  };
}

/** @throws Fault "denied" unless `address` lies in one of the networks, or there are none */
export function checkBoundCidrs(params: TokenParams, address: string): void {
  const networks: readonly Cidr[] = params.boundCidrs.map(parseCidr);
  if (networks.length > 0 && !networks.some((network) => cidrHas(network, address))) {
    throw new Fault("denied", "permission denied");
  }
}
