/**
 * The login of type iam: STS names whoever signed the request, the role says whether they may. With inference the session's
 * name must be an instance that runs under the caller's own role: a session's name alone is chosen by whoever assumes the role.
 * Source: Vault API, AWS auth method, "Login"; Vault docs, "Inferencing".
 */
import { Fault } from "../../../lib/fault.ts";
import type { Context } from "../../contract/engine.ts";
import type { LoginGrant } from "../../contract/token.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { canonicalArn, parseArn } from "./arn.ts";
import { checkDocumentBinds, checkInstanceBinds, profileRole } from "./binds.ts";
import { type Caller, callerOf } from "./caller-identity.ts";
import { callerRequest, type IamFields } from "./caller-request.ts";
import { readClientConfig } from "./config-client.ts";
import { type IamAlias, metadataOf, readIdentityConfig } from "./config-identity.ts";
import { accessFor } from "./config-sts.ts";
import { isRefusal } from "./failures.ts";
import { runningEntity } from "./instance.ts";
import { checkPrincipal } from "./principal.ts";
import { INFERRED, type Role, readRole } from "./role.ts";
import type { AwsState } from "./state.ts";

export interface CallerFields extends IamFields {
  /** "" = named after the user or role. */
  readonly role: string;
}

/** What can be told without STS comes first, so that a bad request is not sent on. */
export async function logInByCaller(state: AwsState, sent: CallerFields, context: Context): Promise<LoginGrant> {
  const { address } = context.call.remote;
  state.failures.check(address, undefined);
  try {
    const request = callerRequest(sent, await readClientConfig(context.storage));
    const named = sent.role === "" ? undefined : await admitted(sent.role, context);
    const caller = callerOf(await state.ports.sts.forward(request));
    state.failures.check(address, caller.canonicalArn);
    const role = named ?? (await admitted(caller.principal.name, context));
    return await admit(state, caller, role, context).catch((error: unknown) => {
      if (isRefusal(error)) state.failures.count(address, caller.canonicalArn);
      throw error;
    });
  } catch (error) {
    if (isRefusal(error)) state.failures.count(address, undefined);
    throw error;
  }
}

async function admitted(name: string, { storage, call }: Context): Promise<Role> {
  const role = await readRole(storage, name);
  if (role === undefined) throw new Fault("invalid", `entry for role ${JSON.stringify(name)} not found`);
  checkBoundCidrs(role.token, call.remote.address);
  if (role.authType !== "iam") throw new Fault("invalid", `auth method iam not allowed for role ${role.name}`);
  return role;
}

async function admit(state: AwsState, caller: Caller, role: Role, { storage, mount }: Context): Promise<LoginGrant> {
  await checkPrincipal(state, storage, role, caller);
  const instanceId = role.inferredRegion === "" ? "" : await inferred(state, caller, role, storage);
  const inference: readonly (readonly [string, string])[] =
    instanceId === ""
      ? []
      : [
          ["inferred_entity_type", INFERRED],
          ["inferred_entity_id", instanceId],
          ["inferred_aws_region", role.inferredRegion],
        ];
  const { iamAlias, iamMetadata } = await readIdentityConfig(storage);
  const { name, session, account } = caller.principal;
  const told = metadataOf(
    iamMetadata,
    new Map([
      ["client_arn", caller.arn],
      ["canonical_arn", caller.canonicalArn],
      ["client_user_id", caller.uniqueId],
      ["auth_type", "iam"],
      ["account_id", account],
      ...inference,
    ]),
  );
  const aliases: Readonly<Record<IamAlias, string>> = {
    role_id: role.roleId,
    unique_id: caller.uniqueId,
    full_arn: caller.arn,
    canonical_arn: caller.canonicalArn,
  };
  return {
    ...grantOf(role.token),
    displayName: session === "" ? name : `${name}/${session}`,
    metadata: new Map([["role_id", role.roleId], ...told.metadata]),
    aliasMetadata: told.aliasMetadata,
    alias: aliases[iamAlias],
    role: role.name,
    internal: new Map([
      ["auth_type", "iam"],
      ["mount", mount.uuid],
      ["role", role.name],
      ["canonical_arn", caller.canonicalArn],
      ["unique_id", caller.uniqueId],
      ...inference,
    ]),
  };
}

/** @returns the instance that the caller stands for */
async function inferred(state: AwsState, caller: Caller, role: Role, storage: Context["storage"]): Promise<string> {
  const { type, session: instanceId, account: accountId } = caller.principal;
  const region = role.inferredRegion;
  if (type !== "assumed-role" || !/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(instanceId)) {
    throw new Fault("invalid", "the caller is not an instance: its session is not named after one");
  }
  checkDocumentBinds(role, { accountId, region, instanceId });
  const access = await accessFor(storage, accountId, region);
  const facts = await runningEntity(state, access, { accountId, region, instanceId });
  await checkInstanceBinds(role, facts, state.ports.iam, access);
  const owner = canonicalArn(parseArn(await profileRole(facts, state.ports.iam, access)));
  if (owner !== caller.canonicalArn) {
    throw new Fault("invalid", "the instance that the session is named after does not run under the caller's role");
  }
  return instanceId;
}
