/** Roles: which tokens they take, and what token they give. Source: Vault API, JWT auth method, "Create/update role". */
import { parseDuration, toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { type Encodable, isJsonMap, type JsonMap } from "../../../lib/wire/json.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import { flagIn, listIn, numberIn, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { oldNamesAfter, oldNamesReply } from "../old-names.ts";
import {
  NO_TOKEN_PARAMS,
  TOKEN_FIELDS,
  type TokenParams,
  tokenParamsFrom,
  tokenParamsRecord,
  tokenParamsReply,
  updateTokenParams,
} from "../token-params.ts";
import { type ClaimsType, checkBoundClaims } from "./bound-claims.ts";
import type { Leeways } from "./times.ts";

export const ROLES = "role/";

export interface Role extends Leeways {
  /** Lower case. */
  readonly name: string;
  /** Never empty: a token for somebody else must not open this door (CVE-2024-5798). */
  readonly boundAudiences: readonly string[];
  /** "" = not asked. */
  readonly boundSubject: string;
  readonly boundClaimsType: ClaimsType;
  readonly boundClaims: JsonMap;
  /** From claims to names in the token's metadata. */
  readonly claimMappings: ReadonlyMap<string, string>;
  readonly userClaim: string;
  readonly userClaimJsonPointer: boolean;
  /** "" = no groups. */
  readonly groupsClaim: string;
  /** Milliseconds, 0 = not asked. */
  readonly maxAge: number;
  readonly oidcScopes: readonly string[];
  readonly allowedRedirectUris: readonly string[];
  readonly token: TokenParams;
  readonly oldNames: readonly string[];
}

const BROWSER = "For the browser flow: kept, without effect";
const leeway = (about: string, seconds: number) =>
  ({ type: "string", about: `${about}; 0 = the default, -1 = none`, default: seconds }) as const;

export const ROLE_FIELDS = {
  name: { type: "string", about: "Name of the role, in lower case", required: true },
  role_type: { type: "string", about: 'Only "jwt"; "oidc" is the browser flow, which is not served here' },
  bound_audiences: { type: "strings", about: "One of them must be in the claim aud; must be set" },
  bound_subject: { type: "string", about: "What the claim sub must be" },
  bound_claims: { type: "map", about: "Claims, or JSON pointers to them, and the values of which one must be there" },
  bound_claims_type: { type: "string", about: 'How they are compared: "string" or "glob"', default: "string" },
  claim_mappings: { type: "texts", about: "Claims that go into the token's metadata, and their names there" },
  user_claim: { type: "string", about: "The claim that names the user" },
  user_claim_json_pointer: { type: "bool", about: "Whether user_claim is a JSON pointer", default: false },
  groups_claim: { type: "string", about: "The claim, or a JSON pointer to it, with the user's groups" },
  expiration_leeway: leeway("Seconds that a token without exp is good for", 150),
  not_before_leeway: leeway("Seconds before exp at which a token without nbf and iat begins", 150),
  clock_skew_leeway: leeway("Seconds that the issuer's clock may differ", 60),
  max_age: { type: "duration", about: "Longest time since the claim auth_time" },
  oidc_scopes: { type: "strings", about: BROWSER },
  allowed_redirect_uris: { type: "strings", about: BROWSER },
  verbose_oidc_logging: { type: "bool", about: BROWSER, default: false },
  num_uses: { type: "int", about: "Use token_num_uses", deprecated: true },
  bound_cidrs: { type: "strings", about: "Use token_bound_cidrs", deprecated: true },
  ...TOKEN_FIELDS,
} as const satisfies Fields;

export type RoleValues = Values<typeof ROLE_FIELDS>;

const NAME = /^\w(?:[\w.-]*\w)?$/;

/** @throws Fault "invalid" for a name that cannot be one */
export function roleName(sent: string): string {
  if (!NAME.test(sent)) throw new Fault("invalid", 'a role\'s name may hold letters, digits, "_", "-" and "."');
  return sent.toLowerCase();
}

export async function readRole(reader: Reader, name: string): Promise<Role | undefined> {
  const record = await readRecord(reader, ROLES + name.toLowerCase());
  return record === undefined ? undefined : roleFrom(record);
}

function newRole(name: string): Role {
  return {
    name,
    boundAudiences: [],
    boundSubject: "",
    boundClaimsType: "string",
    boundClaims: new Map(),
    claimMappings: new Map(),
    userClaim: "",
    userClaimJsonPointer: false,
    groupsClaim: "",
    expirationLeeway: 0,
    notBeforeLeeway: 0,
    clockSkewLeeway: 0,
    maxAge: 0,
    oidcScopes: [],
    allowedRedirectUris: [],
    token: NO_TOKEN_PARAMS,
    oldNames: [],
  };
}

/** @throws Fault "invalid" naming what is missing or cannot stand */
export function updateRole(found: Role | undefined, name: string, sent: RoleValues): Role {
  checkType(sent.role_type ?? (found === undefined ? "oidc" : "jwt"));
  const before = found ?? newRole(name);
  const role: Role = {
    ...before,
    ...boundsOf(before, sent),
    claimMappings: sent.claim_mappings ?? before.claimMappings,
    userClaim: sent.user_claim ?? before.userClaim,
    userClaimJsonPointer: sent.user_claim_json_pointer ?? before.userClaimJsonPointer,
    groupsClaim: sent.groups_claim ?? before.groupsClaim,
    expirationLeeway: leewayOf("expiration_leeway", sent.expiration_leeway, before.expirationLeeway),
    notBeforeLeeway: leewayOf("not_before_leeway", sent.not_before_leeway, before.notBeforeLeeway),
    clockSkewLeeway: leewayOf("clock_skew_leeway", sent.clock_skew_leeway, before.clockSkewLeeway),
    maxAge: sent.max_age ?? before.maxAge,
    oidcScopes: sent.oidc_scopes ?? before.oidcScopes,
    allowedRedirectUris: sent.allowed_redirect_uris ?? before.allowedRedirectUris,
    token: tokenOf(before, sent),
    oldNames: oldNamesAfter(before.oldNames, sent),
  };
  checkRole(role);
  return role;
}

function checkType(type: string): void {
  if (type === "jwt") return;
  if (type !== "oidc" && type !== "") throw new Fault("invalid", `invalid 'role_type': takes "jwt"`);
  throw new Fault(
    "invalid",
    'role_type "oidc", which is what it means when left out, needs the browser flow, which is not served here: set role_type=jwt',
  );
}

function boundsOf(
  before: Role,
  sent: RoleValues,
): Pick<Role, "boundAudiences" | "boundSubject" | "boundClaims" | "boundClaimsType"> {
  const type = sent.bound_claims_type ?? before.boundClaimsType;
  if (type !== "string" && type !== "glob") {
    throw new Fault("invalid", 'invalid \'bound_claims_type\': takes "string" or "glob"');
  }
  return {
    boundAudiences: sent.bound_audiences ?? before.boundAudiences,
    boundSubject: sent.bound_subject ?? before.boundSubject,
    boundClaims: sent.bound_claims ?? before.boundClaims,
    boundClaimsType: type,
  };
}

function tokenOf(before: Role, sent: RoleValues): TokenParams {
  return updateTokenParams(before.token, {
    ...sent,
    token_num_uses: sent.token_num_uses ?? sent.num_uses,
    token_bound_cidrs: sent.token_bound_cidrs ?? sent.bound_cidrs,
  });
}

/** @returns milliseconds; any negative duration means none */
function leewayOf(field: string, sent: string | undefined, before: number): number {
  if (sent === undefined) return before;
  const text = sent.trim();
  try {
    if (text === "") return 0;
    return text.startsWith("-") ? -parseDuration(text.slice(1)) : parseDuration(text);
  } catch (cause) {
    throw new Fault("invalid", `field "${field}" must be a duration such as 60 or 1m30s, or -1`, { cause });
  }
}

function checkRole(role: Role): void {
  if (role.userClaim === "") throw new Fault("invalid", "a user claim must be defined on the role");
  if (role.boundAudiences.length === 0 || role.boundAudiences.includes("")) {
    throw new Fault("invalid", "bound_audiences must be set: without it a token for any other service would do");
  }
  checkBoundClaims(role.boundClaimsType, role.boundClaims);
  const targets = new Set<string>();
  for (const target of role.claimMappings.values()) {
    const shown = JSON.stringify(target);
    if (target === "role") {
      throw new Fault("invalid", `metadata key ${shown} is reserved and may not be a mapping destination`);
    }
    if (targets.has(target)) throw new Fault("invalid", `multiple keys are mapped to metadata key ${shown}`);
    targets.add(target);
  }
}

export function roleReply(role: Role): Record<string, Encodable> {
  const token = tokenParamsReply(role.token);
  return {
    role_type: "jwt",
    bound_audiences: role.boundAudiences,
    bound_subject: role.boundSubject,
    bound_claims: role.boundClaims,
    bound_claims_type: role.boundClaimsType,
    claim_mappings: role.claimMappings,
    user_claim: role.userClaim,
    user_claim_json_pointer: role.userClaimJsonPointer,
    groups_claim: role.groupsClaim,
    expiration_leeway: toSeconds(role.expirationLeeway),
    not_before_leeway: toSeconds(role.notBeforeLeeway),
    clock_skew_leeway: toSeconds(role.clockSkewLeeway),
    max_age: toSeconds(role.maxAge),
    oidc_scopes: role.oidcScopes,
    allowed_redirect_uris: role.allowedRedirectUris,
    verbose_oidc_logging: false,
    ...token,
    ...oldNamesReply(role.oldNames, token),
  };
}

export function roleRecord({ token, ...rest }: Role): Record<string, Encodable> {
  return { ...tokenParamsRecord(token), ...rest };
}

function roleFrom(record: JsonMap): Role {
  const claims = record.get("boundClaims");
  return {
    name: textIn(record, "name"),
    boundAudiences: listIn(record, "boundAudiences"),
    boundSubject: textIn(record, "boundSubject"),
    boundClaimsType: textIn(record, "boundClaimsType") === "glob" ? "glob" : "string",
    boundClaims: isJsonMap(claims) ? claims : new Map(),
    claimMappings: mappingsIn(record),
    userClaim: textIn(record, "userClaim"),
    userClaimJsonPointer: flagIn(record, "userClaimJsonPointer"),
    groupsClaim: textIn(record, "groupsClaim"),
    expirationLeeway: numberIn(record, "expirationLeeway"),
    notBeforeLeeway: numberIn(record, "notBeforeLeeway"),
    clockSkewLeeway: numberIn(record, "clockSkewLeeway"),
    maxAge: numberIn(record, "maxAge"),
    oidcScopes: listIn(record, "oidcScopes"),
    allowedRedirectUris: listIn(record, "allowedRedirectUris"),
    token: tokenParamsFrom(record),
    oldNames: listIn(record, "oldNames"),
  };
}

function mappingsIn(record: JsonMap): ReadonlyMap<string, string> {
  const value = record.get("claimMappings");
  const out = new Map<string, string>();
  if (isJsonMap(value)) for (const [name, target] of value) if (typeof target === "string") out.set(name, target);
  return out;
}
