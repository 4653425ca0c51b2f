/** Roles: which instances may log in, and what token they get. Source: Vault API, AWS auth method, "Create/update role". */
import type { DocumentForm } from "../../../lib/crypto/identity-document.ts";
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { flagIn, listIn, numberIn, readRecord, textIn } from "../record.ts";
import {
  NO_TOKEN_PARAMS,
  TOKEN_FIELDS,
  type TokenParams,
  tokenParamsFrom,
  tokenParamsRecord,
  tokenParamsReply,
  updateTokenParams,
} from "../token-params.ts";
import type { AuthType } from "./state.ts";

export const ROLES = "role/";

/** In the order in which they are checked; the first three follow from the document alone. */
const BINDS = [
  "bound_account_id",
  "bound_region",
  "bound_ec2_instance_id",
  "bound_ami_id",
  "bound_subnet_id",
  "bound_vpc_id",
  "bound_iam_instance_profile_arn",
  "bound_iam_role_arn",
] as const;

export type Bind = (typeof BINDS)[number];

export interface Role {
  readonly name: string;
  /** A random UUID: the alias of its logins. */
  readonly roleId: string;
  readonly authType: AuthType;
  /** Empty list = not bound. */
  readonly binds: ReadonlyMap<Bind, readonly string[]>;
  readonly allowInstanceMigration: boolean;
  readonly disallowReauthentication: boolean;
  /** Empty = all. */
  readonly allowedDocuments: readonly DocumentForm[];
  /** Milliseconds after launch in which a first login is taken; 0 = for ever. */
  readonly firstLoginWindow: number;
  readonly token: TokenParams;
}

const bindField = (about: string) => ({ type: "strings", about }) as const;

export const ROLE_FIELDS = {
  role: { type: "string", about: "Name of the role, in lower case", required: true },
  auth_type: { type: "string", about: "ec2; cannot be changed later" },
  bound_account_id: bindField("Accounts of the instances"),
  bound_region: bindField("Regions of the instances"),
  bound_ec2_instance_id: bindField("Ids of the instances"),
  bound_ami_id: bindField("Images of the instances"),
  bound_subnet_id: bindField("Subnets of the instances"),
  bound_vpc_id: bindField("VPCs of the instances"),
  bound_iam_instance_profile_arn: bindField("Instance profiles; a * at the end matches any ending"),
  bound_iam_role_arn: bindField("Roles in the instance profile; a * at the end matches any ending"),
  bound_iam_principal_arn: bindField("For auth_type iam"),
  inferred_entity_type: { type: "string", about: "For auth_type iam" },
  inferred_aws_region: { type: "string", about: "For auth_type iam" },
  resolve_aws_unique_ids: { type: "bool", about: "For auth_type iam", default: true },
  role_tag: { type: "string", about: "Key of an instance tag that narrows the role" },
  allow_instance_migration: {
    type: "bool",
    about: "Take a new nonce once the instance has been stopped and started",
    default: false,
  },
  disallow_reauthentication: { type: "bool", about: "Let an instance log in only once", default: false },
  allowed_documents: {
    type: "strings",
    about: "Forms of the identity document: pkcs7, rsa2048, identity; empty = all; rsa2048 is the one to prefer",
  },
  first_login_window: {
    type: "duration",
    about: "Time after launch in which a first login is taken; 0 = any time",
    default: 0,
  },
  ...TOKEN_FIELDS,
} as const satisfies Fields;

export type RoleValues = Values<typeof ROLE_FIELDS>;

export async function readRole(reader: Reader, name: string): Promise<Role | undefined> {
  const lower = name.toLowerCase();
  const record = await readRecord(reader, ROLES + lower);
  return record === undefined ? undefined : roleFrom(lower, record);
}

/** @param before undefined for a new role. @throws Fault "invalid" in Vault's words */
export function updateRole(
  before: Role | undefined,
  sent: RoleValues,
  made: { readonly roleId: string; readonly defaultAuthType: AuthType },
): Role {
  const authType = authTypeOf(before, sent.auth_type, made.defaultAuthType);
  refuseIamFields(sent);
  const old = before ?? newRole(sent.role.toLowerCase(), made.roleId, authType);
  const role: Role = {
    ...old,
    binds: bindsOf(old, sent),
    allowInstanceMigration: sent.allow_instance_migration ?? old.allowInstanceMigration,
    disallowReauthentication: sent.disallow_reauthentication ?? old.disallowReauthentication,
    allowedDocuments: documentForms(sent.allowed_documents) ?? old.allowedDocuments,
    firstLoginWindow: sent.first_login_window ?? old.firstLoginWindow,
    token: updateTokenParams(old.token, sent),
  };
  checkRole(role);
  return role;
}

function newRole(name: string, roleId: string, authType: AuthType): Role {
  return {
    name,
    roleId,
    authType,
    binds: new Map(),
    allowInstanceMigration: false,
    disallowReauthentication: false,
    allowedDocuments: [],
    firstLoginWindow: 0,
    token: NO_TOKEN_PARAMS,
  };
}

function checkRole(role: Role): void {
  if (![...role.binds.values()].some((values) => values.length > 0)) {
    throw new Fault("invalid", "at least one bound parameter should be specified on the role");
  }
  if (role.allowInstanceMigration && role.disallowReauthentication) {
    throw new Fault("invalid", "cannot specify both disallow_reauthentication=true and allow_instance_migration=true");
  }
}

function authTypeOf(before: Role | undefined, sent: string | undefined, otherwise: AuthType): AuthType {
  if (before !== undefined) {
    if (sent !== undefined && sent !== before.authType) {
      throw new Fault("invalid", "changing auth_type on a role is not allowed");
    }
    return before.authType;
  }
  const type = sent ?? otherwise;
  if (type === "iam") {
    throw new Fault("invalid", "auth_type=iam is not served by this version: write the role with auth_type=ec2");
  }
  if (type !== "ec2") throw new Fault("invalid", `unrecognized auth_type: ${type}`);
  return type;
}

/** Refused rather than ignored: a bind that is not enforced is worse than none. */
function refuseIamFields(sent: RoleValues): void {
  if ((sent.bound_iam_principal_arn ?? []).length > 0) {
    throw new Fault("invalid", "specified bound_iam_principal_arn but not specifying iam auth_type");
  }
  if ((sent.inferred_entity_type ?? "") !== "") {
    throw new Fault("invalid", "specified inferred_entity_type but didn't allow iam auth_type");
  }
  if ((sent.inferred_aws_region ?? "") !== "") {
    throw new Fault("invalid", "specified inferred_aws_region but not inferred_entity_type");
  }
  if ((sent.role_tag ?? "") !== "") throw new Fault("invalid", "role_tag is not served by this version: leave it out");
}

function bindsOf(before: Role, sent: RoleValues): ReadonlyMap<Bind, readonly string[]> {
  return new Map(
    BINDS.map((bind) => {
      const values = sent[bind]?.map((value) => value.trim()).filter((value) => value !== "");
      return [bind, values ?? before.binds.get(bind) ?? []];
    }),
  );
}

const FORMS: readonly string[] = ["pkcs7", "rsa2048", "identity"] satisfies DocumentForm[];

function documentForms(sent: readonly string[] | undefined): readonly DocumentForm[] | undefined {
  return sent?.map((form) => {
    if (!isForm(form)) throw new Fault("invalid", "allowed_documents may hold pkcs7, rsa2048 and identity");
    return form;
  });
}

function isForm(text: string): text is DocumentForm {
  return FORMS.includes(text);
}

export function roleReply(role: Role): Record<string, Encodable> {
  return {
    auth_type: role.authType,
    ...Object.fromEntries(role.binds),
    bound_iam_principal_arn: [],
    bound_iam_principal_id: [],
    inferred_entity_type: "",
    inferred_aws_region: "",
    resolve_aws_unique_ids: true,
    role_id: role.roleId,
    role_tag: "",
    allow_instance_migration: role.allowInstanceMigration,
    disallow_reauthentication: role.disallowReauthentication,
    allowed_documents: role.allowedDocuments,
    first_login_window: toSeconds(role.firstLoginWindow),
    ...tokenParamsReply(role.token),
  };
}

export function roleRecord(role: Role): Record<string, Encodable> {
  return {
    ...Object.fromEntries(role.binds),
    roleId: role.roleId,
    authType: role.authType,
    allowInstanceMigration: role.allowInstanceMigration,
    disallowReauthentication: role.disallowReauthentication,
    allowedDocuments: role.allowedDocuments,
    firstLoginWindow: role.firstLoginWindow,
    ...tokenParamsRecord(role.token),
  };
}

function roleFrom(name: string, record: JsonMap): Role {
  return {
    name,
    roleId: textIn(record, "roleId"),
    authType: textIn(record, "authType") === "ec2" ? "ec2" : "iam",
    binds: new Map(BINDS.map((bind) => [bind, listIn(record, bind)])),
    allowInstanceMigration: flagIn(record, "allowInstanceMigration"),
    disallowReauthentication: flagIn(record, "disallowReauthentication"),
    allowedDocuments: listIn(record, "allowedDocuments").filter(isForm),
    firstLoginWindow: numberIn(record, "firstLoginWindow"),
    token: tokenParamsFrom(record),
  };
}
