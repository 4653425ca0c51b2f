/**
 * The login: a role id, and a secret id where the role binds one. An unknown role id costs the same reads and hashes as a
 * wrong secret id and gets the same answer. Source: Vault API, AppRole auth method, "Login with AppRole".
 */
import { Fault } from "../../../lib/fault.ts";
import { Serial } from "../../../lib/serial.ts";
import type { Context, EngineEnv, Fields, Reply, Route, Values } from "../../contract/engine.ts";
import { route } from "../../contract/engine.ts";
import { BadCredentials } from "../../contract/guards.ts";
import type { Storage } from "../../contract/storage.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { allows, within } from "./cidrs.ts";
import { LONGEST_ID } from "./hmac-key.ts";
import type { Role } from "./role.ts";
import { type Found, findByRoleId, readRole } from "./role-store.ts";
import { deleteSecretId, folderOf, hmacOfSecret, putSecretId, readSecretId, type SecretId } from "./secret-id.ts";

const FIELDS = {
  role_id: { type: "string", about: "The role's id" },
  secret_id: { type: "string", about: "A secret id of the role, where it binds one", default: "", sensitive: true },
} as const satisfies Fields;

type LoginValues = Partial<Values<typeof FIELDS>>;

export function loginRoute(env: EngineEnv): Route {
  // Logins with one secret id take turns, which spares them conflicts; the store alone decides who gets the last use.
  const turns = new Serial();
  return route({
    path: "login",
    about: "Trades a role id and a secret id for a token",
    login: true,
    fields: FIELDS,
    aliasOf: ({ role_id: id }) => Promise.resolve(id === undefined || id.trim() === "" ? undefined : id.trim()),
    roleOf: async ({ role_id: id }, { storage }) => {
      const found = await findByRoleId(storage, id?.trim() ?? "");
      return found?.known === true ? found.role.name : undefined;
    },
    on: { update: { about: "Logs in", run: (values, context) => logIn(env, turns, values, context) } },
  });
}

function refused(): BadCredentials {
  return new BadCredentials("invalid role or secret ID");
}

async function logIn(env: EngineEnv, turns: Serial, values: LoginValues, context: Context): Promise<Reply> {
  const roleId = values.role_id?.trim() ?? "";
  if (roleId === "") throw new Fault("invalid", "missing role_id");
  const found = await findByRoleId(context.storage, roleId);
  if (found === undefined) throw refused();
  const { role } = found;
  const shown = role.bindSecretId ? await showSecretId(found, values.secret_id, context, env.clock.now()) : undefined;
  if (!allows(role.secretIdBoundCidrs, context.call.remote.address)) {
    throw notFrom(context, "by CIDR restrictions on the role");
  }
  checkBoundCidrs(role.token, context.call.remote.address);
  if (shown === undefined || shown.entry.numUses === 0) return { login: grant(role, shown?.entry) };
  const { hmac } = shown;
  const used = await turns.run(folderOf(role) + hmac, () => takeUse(context.storage, role, hmac, env.clock.now()));
  if (used === undefined) throw refused();
  return { login: grant(role, used) };
}

interface Shown {
  readonly hmac: string;
  readonly entry: SecretId;
}

async function showSecretId(found: Found, sent: string | undefined, context: Context, now: number): Promise<Shown> {
  const secretId = sent?.trim() ?? "";
  if (secretId === "") throw new Fault("invalid", "missing secret_id");
  const short = Buffer.byteLength(secretId) <= LONGEST_ID;
  const hmac = hmacOfSecret(found.role, short ? secretId : "");
  const entry = await readSecretId(context.storage, found.role, hmac, now);
  if (!found.known || !short || entry === undefined) throw refused();
  if (!within(entry.cidrList, found.role.secretIdBoundCidrs)) {
    throw new Fault("invalid", "the secret ID's cidr_list no longer lies within the role's secret_id_bound_cidrs");
  }
  if (!allows(entry.cidrList, context.call.remote.address)) {
    throw notFrom(context, "through CIDR restrictions on the secret ID");
  }
  return { hmac, entry };
}

function notFrom({ call }: Context, why: string): Fault {
  return new Fault("invalid", `source address "${call.remote.address}" unauthorized ${why}`);
}

/** Exactly as many get one as there are. @returns undefined when none is left, or the role has gone */
function takeUse(storage: Storage, role: Role, hmac: string, now: number): Promise<SecretId | undefined> {
  return storage.transact(async (tx) => {
    const entry = await readSecretId(tx, role, hmac, now);
    const there = (await readRole(tx, role.name))?.uuid === role.uuid;
    if (entry === undefined || !there) return undefined;
    if (entry.numUses === 1) await deleteSecretId(tx, role, hmac);
    else if (entry.numUses > 1) {
      putSecretId(tx, role, hmac, { ...entry, numUses: entry.numUses - 1, lastUpdatedTime: now });
    }
    return entry;
  });
}

function grant(role: Role, entry: SecretId | undefined): NonNullable<Reply["login"]> {
  const metadata = new Map([...(entry?.metadata ?? []), ["role_name", role.name] as const]);
  const narrowed = entry !== undefined && entry.tokenBoundCidrs.length > 0;
  return {
    ...grantOf(role.token),
    ...(narrowed && { boundCidrs: entry.tokenBoundCidrs }),
    displayName: "",
    metadata,
    alias: role.roleId,
    aliasMetadata: metadata,
    role: role.name,
    internal: new Map([["role_name", role.name]]),
  };
}
