/** What a role becomes by a write, and what no role may be. Source: Vault API, AWS auth method, "Create/update role". */
import type { DocumentForm } from "../../../lib/crypto/identity-document.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Secret } from "../../../lib/secret.ts";
import { NO_TOKEN_PARAMS, updateTokenParams } from "../token-params.ts";
import { isWildcard, parseArn } from "./arn.ts";
import { BINDS, type Bind, INFERRED, isForm, type Role } from "./role.ts";
import type { RoleValues } from "./role-fields.ts";
import type { AuthType } from "./state.ts";

/** EC2's limit for the key of a tag. */
const LONGEST_TAG_KEY = 127;
const REGION = /^[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}$/;

export interface Made {
  readonly roleId: string;
  readonly hmacKey: Secret;
  readonly defaultAuthType: AuthType;
  /** Unique ids of what is to be resolved, by ARN: see `toResolve`. */
  readonly uniqueIds: ReadonlyMap<string, string>;
}

/** ARNs whose unique ids the write needs; to be asked of IAM before its transaction. */
export function toResolve(before: Role | undefined, sent: RoleValues): readonly string[] {
  const principals = listed(sent.bound_iam_principal_arn) ?? [...(before?.principals.keys() ?? [])];
  if (!(sent.resolve_aws_unique_ids ?? before?.resolveUniqueIds ?? true)) return [];
  // What is sent is resolved anew: that is how a role is bound to the present bearer of a name.
  const known = sent.bound_iam_principal_arn === undefined ? before?.principals : undefined;
  return principals.filter((arn) => !isWildcard(arn) && (known?.get(arn) ?? "") === "");
}

/** @param before undefined for a new role. @throws Fault "invalid" in Vault's words, "conflict" when the role has changed since `toResolve` */
export function updateRole(before: Role | undefined, sent: RoleValues, made: Made): Role {
  const authType = authTypeOf(before, sent.auth_type, made.defaultAuthType);
  const old = before ?? newRole(sent.role.toLowerCase(), made, authType);
  checkForms(authType, before, sent);
  const resolveUniqueIds = sent.resolve_aws_unique_ids ?? old.resolveUniqueIds;
  const role: Role = {
    ...old,
    hmacKey: old.hmacKey ?? made.hmacKey,
    binds: bindsOf(old, sent),
    principals: principalsOf(old, sent, resolveUniqueIds, made.uniqueIds),
    resolveUniqueIds,
    inferredRegion: inferredRegion(old, sent),
    roleTag: sent.role_tag ?? old.roleTag,
    allowInstanceMigration: sent.allow_instance_migration ?? old.allowInstanceMigration,
    disallowReauthentication: sent.disallow_reauthentication ?? old.disallowReauthentication,
    allowedDocuments: documentForms(sent.allowed_documents) ?? old.allowedDocuments,
    firstLoginWindow: sent.first_login_window ?? old.firstLoginWindow,
    token: updateTokenParams(old.token, sent),
  };
  checkBinds(role);
  checkReauthentication(role);
  return role;
}

function checkReauthentication(role: Role): void {
  if (role.allowInstanceMigration && role.disallowReauthentication) {
    throw new Fault("invalid", "cannot specify both disallow_reauthentication=true and allow_instance_migration=true");
  }
}

function newRole(name: string, { roleId, hmacKey }: Made, authType: AuthType): Role {
  return {
    name,
    roleId,
    hmacKey,
    authType,
    binds: new Map(),
    principals: new Map(),
    resolveUniqueIds: true,
    inferredRegion: "",
    roleTag: "",
    allowInstanceMigration: false,
    disallowReauthentication: false,
    allowedDocuments: [],
    firstLoginWindow: 0,
    token: NO_TOKEN_PARAMS,
  };
}

function authTypeOf(before: Role | undefined, sent: string | undefined, otherwise: AuthType): AuthType {
  if (before !== undefined) {
    if (sent !== undefined && sent !== before.authType) {
      throw new Fault("invalid", "changing auth_type on a role is not allowed");
    }
    return before.authType;
  }
  const type = sent ?? otherwise;
  if (type !== "ec2" && type !== "iam") throw new Fault("invalid", `unrecognized auth_type: ${type}`);
  return type;
}

/** Refused rather than ignored: a bind that is not enforced is worse than none. */
function checkForms(authType: AuthType, before: Role | undefined, sent: RoleValues): void {
  const refuse = (when: boolean, message: string): void => {
    if (when) throw new Fault("invalid", message);
  };
  refuse(
    before?.resolveUniqueIds === true && sent.resolve_aws_unique_ids === false,
    "changing resolve_aws_unique_ids from true to false is not allowed",
  );
  if (authType === "iam") {
    refuse(sent.disallow_reauthentication === true, "specified disallow_reauthentication when not using ec2 auth type");
    refuse(sent.allow_instance_migration === true, "specified allow_instance_migration when not using ec2 auth type");
    refuse((sent.role_tag ?? "") !== "", "tried to enable role_tag when not using ec2 auth method");
    refuse((sent.allowed_documents ?? []).length > 0, "specified allowed_documents when not using ec2 auth type");
    refuse((sent.first_login_window ?? 0) > 0, "specified first_login_window when not using ec2 auth type");
  } else {
    refuse(
      (sent.bound_iam_principal_arn ?? []).length > 0,
      "specified bound_iam_principal_arn but not specifying iam auth_type",
    );
  }
  refuse(
    (sent.role_tag ?? "").length > LONGEST_TAG_KEY,
    "length of role tag exceeds the EC2 key limit of 127 characters",
  );
}

function inferredRegion(old: Role, sent: RoleValues): string {
  const type = sent.inferred_entity_type ?? (old.inferredRegion === "" ? "" : INFERRED);
  const region = sent.inferred_aws_region ?? old.inferredRegion;
  if (type === "") {
    if ((sent.inferred_aws_region ?? "") === "") return "";
    throw new Fault("invalid", "specified inferred_aws_region but not inferred_entity_type");
  }
  if (old.authType !== "iam") {
    throw new Fault("invalid", "specified inferred_entity_type but didn't allow iam auth_type");
  }
  if (type !== INFERRED) throw new Fault("invalid", `specified invalid inferred_entity_type: use ${INFERRED}`);
  if (region === "") throw new Fault("invalid", "specified inferred_entity_type but not inferred_aws_region");
  if (!REGION.test(region)) throw new Fault("invalid", "inferred_aws_region must be a region such as eu-west-1");
  return region;
}

function checkBinds({ authType, inferredRegion: region, binds, principals }: Role): void {
  const set = [...binds].filter(([, values]) => values.length > 0).map(([bind]) => bind);
  for (const bind of set) {
    if (authType === "ec2") continue;
    if (bind === "bound_region") {
      throw new Fault("invalid", "specified bound_region but not specifying ec2 auth_type: use inferred_aws_region");
    }
    if (region === "") {
      throw new Fault("invalid", `specified ${bind} but not specifying ec2 auth_type or inferring ${INFERRED}`);
    }
  }
  if (set.length === 0 && principals.size === 0) {
    throw new Fault("invalid", "at least one bound parameter should be specified on the role");
  }
}

function listed(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.map((value) => value.trim()).filter((value) => value !== "");
}

function bindsOf(before: Role, sent: RoleValues): ReadonlyMap<Bind, readonly string[]> {
  return new Map(BINDS.map((bind) => [bind, listed(sent[bind]) ?? before.binds.get(bind) ?? []]));
}

function principalsOf(
  old: Role,
  sent: RoleValues,
  resolve: boolean,
  uniqueIds: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const principals = listed(sent.bound_iam_principal_arn) ?? [...old.principals.keys()];
  return new Map(
    principals.map((arn) => {
      checkPattern(arn);
      if (!resolve || isWildcard(arn)) return [arn, ""];
      const id = uniqueIds.get(arn) ?? old.principals.get(arn) ?? "";
      if (id === "") throw new Fault("conflict", "the role was written by others at the same time: try again");
      return [arn, id];
    }),
  );
}

/** A pattern names its account: what IAM says about other accounts' roles of the same name must not fit. */
function checkPattern(arn: string): void {
  if (!isWildcard(arn)) parseArn(arn);
  else if (!/^arn:aws[a-z-]*:iam::\d{12}:/.test(arn)) {
    throw new Fault("invalid", `${JSON.stringify(arn)} must name the account before its *`);
  }
}

function documentForms(sent: readonly string[] | undefined): readonly DocumentForm[] | undefined {
  return sent?.map((form) => {
    if (!isForm(form)) throw new Fault("invalid", "allowed_documents may hold pkcs7, rsa2048 and identity");
    return form;
  });
}
