/** Roles: who may log in, and what token they get. Source: Vault API, AWS auth method, "Create/update role". */
import type { DocumentForm } from "../../../lib/crypto/identity-document.ts";
import { toSeconds } from "../../../lib/duration.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Encodable, isJsonMap, type JsonMap } from "../../../lib/wire/json.ts";
import { flagIn, listIn, numberIn, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { type TokenParams, tokenParamsFrom, tokenParamsRecord, tokenParamsReply } from "../token-params.ts";
import type { AuthType } from "./state.ts";

export const ROLES = "role/";

/** In the order in which they are checked; the first three follow from the document alone. */
export const BINDS = [
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
  /** Of its tags; a role written by an older release gets one with its next write. */
  readonly hmacKey: Secret | undefined;
  readonly authType: AuthType;
  /** Empty list = not bound. */
  readonly binds: ReadonlyMap<Bind, readonly string[]>;
  /** Type iam: from ARNs to their unique ids, "" where none is wanted. */
  readonly principals: ReadonlyMap<string, string>;
  readonly resolveUniqueIds: boolean;
  /** Type iam: region of the instance that the session's name is taken for; "" = nothing is inferred. */
  readonly inferredRegion: string;
  /** Type ec2: key of the instance tag that narrows the role; "" = none. */
  readonly roleTag: string;
  readonly allowInstanceMigration: boolean;
  readonly disallowReauthentication: boolean;
  /** Empty = all. */
  readonly allowedDocuments: readonly DocumentForm[];
  /** Milliseconds after launch in which a first login is taken; 0 = for ever. */
  readonly firstLoginWindow: number;
  readonly token: TokenParams;
}

/** The only entity that Vault infers. */
export const INFERRED = "ec2_instance";

export async function readRole(reader: Reader, name: string): Promise<Role | undefined> {
  const lower = name.toLowerCase();
  const record = await readRecord(reader, ROLES + lower);
  return record === undefined ? undefined : roleFrom(lower, record);
}

const FORMS: readonly string[] = ["pkcs7", "rsa2048", "identity"] satisfies DocumentForm[];

export function isForm(text: string): text is DocumentForm {
  return FORMS.includes(text);
}

export function roleReply(role: Role): Record<string, Encodable> {
  return {
    auth_type: role.authType,
    ...Object.fromEntries(role.binds),
    bound_iam_principal_arn: [...role.principals.keys()],
    bound_iam_principal_id: [...role.principals.values()].filter((id) => id !== ""),
    inferred_entity_type: role.inferredRegion === "" ? "" : INFERRED,
    inferred_aws_region: role.inferredRegion,
    resolve_aws_unique_ids: role.resolveUniqueIds,
    role_id: role.roleId,
    role_tag: role.roleTag,
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
    hmacKey: role.hmacKey?.reveal() ?? "",
    authType: role.authType,
    principals: Object.fromEntries(role.principals),
    resolveUniqueIds: role.resolveUniqueIds,
    inferredRegion: role.inferredRegion,
    roleTag: role.roleTag,
    allowInstanceMigration: role.allowInstanceMigration,
    disallowReauthentication: role.disallowReauthentication,
    allowedDocuments: role.allowedDocuments,
    firstLoginWindow: role.firstLoginWindow,
    ...tokenParamsRecord(role.token),
  };
}

function roleFrom(name: string, record: JsonMap): Role {
  const key = textIn(record, "hmacKey");
  return {
    name,
    roleId: textIn(record, "roleId"),
    hmacKey: key === "" ? undefined : new Secret(key),
    authType: textIn(record, "authType") === "ec2" ? "ec2" : "iam",
    binds: new Map(BINDS.map((bind) => [bind, listIn(record, bind)])),
    principals: principalsIn(record),
    resolveUniqueIds: record.get("resolveUniqueIds") !== false,
    inferredRegion: textIn(record, "inferredRegion"),
    roleTag: textIn(record, "roleTag"),
    allowInstanceMigration: flagIn(record, "allowInstanceMigration"),
    disallowReauthentication: flagIn(record, "disallowReauthentication"),
    allowedDocuments: listIn(record, "allowedDocuments").filter(isForm),
    firstLoginWindow: numberIn(record, "firstLoginWindow"),
    token: tokenParamsFrom(record),
  };
}

function principalsIn(record: JsonMap): ReadonlyMap<string, string> {
  const found = record.get("principals");
  if (!isJsonMap(found)) return new Map();
  return new Map([...found].map(([arn, id]) => [arn, typeof id === "string" ? id : ""]));
}
