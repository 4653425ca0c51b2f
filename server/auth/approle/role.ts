/** Roles: what a login must show and what token it gets. Source: Vault API, AppRole auth method, "Create/update AppRole". */
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Secret } from "../../../lib/secret.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import type { Field, Fields, Values } from "../../contract/engine.ts";
import { flagIn, listIn, numberIn, textIn } from "../../contract/record.ts";
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
import { checkCidrs } from "./cidrs.ts";
import { keyFrom, LONGEST_ID, storedKey } from "./hmac-key.ts";

export interface Role {
  /** Lower case. */
  readonly name: string;
  /** Of this role and no later one of its name: the folder of its secret ids. */
  readonly uuid: string;
  readonly roleId: string;
  /** Names its secret ids and accessors in the store. */
  readonly key: Secret;
  readonly bindSecretId: boolean;
  readonly secretIdBoundCidrs: readonly string[];
  /** 0 = without limit. */
  readonly secretIdNumUses: number;
  /** Milliseconds; 0 = they don't end. */
  readonly secretIdTtl: number;
  readonly localSecretIds: boolean;
  readonly token: TokenParams;
  /** "policies", "period": set by these, shown under them too. */
  readonly oldNames: readonly string[];
}

/** Of the older names AppRole had `policies` and `period` alone. */
const TOKEN = {
  token_policies: TOKEN_FIELDS.token_policies,
  token_ttl: TOKEN_FIELDS.token_ttl,
  token_max_count: TOKEN_FIELDS.token_max_count,
  token_max_ttl: TOKEN_FIELDS.token_max_ttl,
  token_period: TOKEN_FIELDS.token_period,
  token_explicit_max_ttl: TOKEN_FIELDS.token_explicit_max_ttl,
  token_num_uses: TOKEN_FIELDS.token_num_uses,
  token_bound_cidrs: TOKEN_FIELDS.token_bound_cidrs,
  token_no_default_policy: TOKEN_FIELDS.token_no_default_policy,
  token_type: TOKEN_FIELDS.token_type,
  policies: TOKEN_FIELDS.policies,
  period: TOKEN_FIELDS.period,
} as const;

export const ROLE_NAME = {
  type: "string",
  about: "Name of the role, in lower case",
  required: true,
} as const satisfies Field;

/** What may be written on its own, each at a route of its name. */
export const SETTINGS = {
  bind_secret_id: { type: "bool", about: "Whether a login must show a secret id", default: true },
  bound_cidr_list: { type: "strings", about: "Use secret_id_bound_cidrs", deprecated: true },
  secret_id_bound_cidrs: { type: "strings", about: "Networks that a login may come from" },
  secret_id_num_uses: { type: "int", about: "Logins that a secret id is good for; 0 = without limit" },
  secret_id_ttl: { type: "duration", about: "Lifetime of a secret id; 0 = without end" },
  role_id: { type: "string", about: "Chosen instead of a random one" },
  ...TOKEN,
} as const satisfies Fields;

export const ROLE_FIELDS = {
  role_name: ROLE_NAME,
  ...SETTINGS,
  local_secret_ids: { type: "bool", about: "Kept for this cluster; only when the role is created", default: false },
} as const satisfies Fields;

export type RoleValues = Values<typeof ROLE_FIELDS>;
export type Sent = Partial<Omit<RoleValues, "role_name">>;

/** A role as it is before anything was said about it. */
export function newRole(made: Pick<Role, "name" | "uuid" | "roleId" | "key">): Role {
  return {
    ...made,
    bindSecretId: true,
    secretIdBoundCidrs: [],
    secretIdNumUses: 0,
    secretIdTtl: 0,
    localSecretIds: false,
    token: NO_TOKEN_PARAMS,
    oldNames: [],
  };
}

/** @throws Fault "invalid" naming what cannot stand */
export function updateRole(before: Role, sent: Sent): Role {
  const role: Role = {
    ...before,
    roleId: sent.role_id ?? before.roleId,
    bindSecretId: sent.bind_secret_id ?? before.bindSecretId,
    secretIdBoundCidrs: sent.secret_id_bound_cidrs ?? sent.bound_cidr_list ?? before.secretIdBoundCidrs,
    secretIdNumUses: sent.secret_id_num_uses ?? before.secretIdNumUses,
    secretIdTtl: sent.secret_id_ttl ?? before.secretIdTtl,
    localSecretIds: sent.local_secret_ids ?? before.localSecretIds,
    token: updateTokenParams(before.token, tokenValues(sent)),
    oldNames: oldNamesAfter(before.oldNames, sent),
  };
  checkRole(role);
  return role;
}

/** As Vault: the two types that mean nothing on a role become those that do. */
function tokenValues(sent: Sent): Parameters<typeof updateTokenParams>[1] {
  const { token_type: type } = sent;
  const [plain] = adjustedType(type) ?? [type];
  return {
    token_policies: sent.token_policies,
    token_ttl: sent.token_ttl,
    token_max_ttl: sent.token_max_ttl,
    token_period: sent.token_period,
    token_explicit_max_ttl: sent.token_explicit_max_ttl,
    token_num_uses: sent.token_num_uses,
    token_bound_cidrs: sent.token_bound_cidrs,
    token_no_default_policy: sent.token_no_default_policy,
    token_type: plain,
    token_max_count: sent.token_max_count,
    policies: sent.policies,
    period: sent.period,
    ttl: undefined,
    max_ttl: undefined,
    lease: undefined,
  };
}

/** @returns the type that is meant, with a warning; undefined when the type stands as it is */
export function adjustedType(type: string | undefined): readonly [string, string] | undefined {
  if (type !== "default-service" && type !== "default-batch") return undefined;
  const plain = type.slice("default-".length);
  return [plain, `${type} has no useful meaning; adjusting to ${plain}`];
}

function checkRole(role: Role): void {
  if (role.roleId === "") throw new Fault("invalid", "missing role_id");
  if (role.roleId.trim() !== role.roleId || Buffer.byteLength(role.roleId) > LONGEST_ID) {
    throw new Fault("invalid", "role_id must have no blanks around it and at most 4096 bytes");
  }
  if (role.secretIdNumUses < 0) throw new Fault("invalid", "secret_id_num_uses cannot be negative");
  checkCidrs("secret_id_bound_cidrs", role.secretIdBoundCidrs);
  checkCidrs("token_bound_cidrs", role.token.boundCidrs);
  const bound = role.bindSecretId || role.secretIdBoundCidrs.length > 0 || role.token.boundCidrs.length > 0;
  if (!bound) throw new Fault("invalid", "at least one constraint should be enabled on the role");
}

export function roleReply(role: Role): Record<string, Encodable> {
  const token = tokenParamsReply(role.token);
  return {
    bind_secret_id: role.bindSecretId,
    local_secret_ids: role.localSecretIds,
    secret_id_bound_cidrs: role.secretIdBoundCidrs,
    secret_id_num_uses: role.secretIdNumUses,
    secret_id_ttl: toSeconds(role.secretIdTtl),
    ...token,
    ...oldNamesReply(role.oldNames, token),
  };
}

export function roleRecord(role: Role): Record<string, Encodable> {
  return {
    ...tokenParamsRecord(role.token),
    name: role.name,
    uuid: role.uuid,
    roleId: role.roleId,
    key: storedKey(role.key),
    bindSecretId: role.bindSecretId,
    secretIdBoundCidrs: role.secretIdBoundCidrs,
    secretIdNumUses: role.secretIdNumUses,
    secretIdTtl: role.secretIdTtl,
    localSecretIds: role.localSecretIds,
    oldNames: role.oldNames,
  };
}

export function roleFrom(record: JsonMap): Role {
  return {
    name: textIn(record, "name"),
    uuid: textIn(record, "uuid"),
    roleId: textIn(record, "roleId"),
    key: keyFrom(record, "key"),
    bindSecretId: flagIn(record, "bindSecretId"),
    secretIdBoundCidrs: listIn(record, "secretIdBoundCidrs"),
    secretIdNumUses: numberIn(record, "secretIdNumUses"),
    secretIdTtl: numberIn(record, "secretIdTtl"),
    localSecretIds: flagIn(record, "localSecretIds"),
    token: tokenParamsFrom(record),
    oldNames: listIn(record, "oldNames"),
  };
}
