/**
 * Making, listing, looking up and destroying secret ids. An unknown secret id is no error where it is looked up or
 * destroyed (204), an unknown accessor is 404. Source: Vault API, AppRole auth method, "Generate new secret ID" and on.
 */
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { type EngineEnv, type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { Reader, Storage, Transaction } from "../../contract/storage.ts";
import { checkCidrs, within } from "./cidrs.ts";
import { LONGEST_ID } from "./hmac-key.ts";
import { parseMetadata } from "./metadata.ts";
import { ROLE_NAME, type Role } from "./role.ts";
import { readRole, requireRole } from "./role-store.ts";
import {
  deleteSecretId,
  folderOf,
  hmacByAccessor,
  hmacOfSecret,
  putSecretId,
  readSecretId,
  type SecretId,
  secretIdReply,
} from "./secret-id.ts";

/** Read at one time while listing. */
const AT_ONCE = 100;

const SECRET_ID = { type: "string", about: "The secret id", sensitive: true } as const;

const MAKE = {
  role_name: ROLE_NAME,
  metadata: { type: "json", about: "A JSON object of strings, as text: goes into the tokens' metadata" },
  cidr_list: { type: "strings", about: "Networks that a login with it may come from; within the role's" },
  token_bound_cidrs: { type: "strings", about: "Networks that its tokens may be used from; within the role's" },
  num_uses: { type: "int", about: "Logins it is good for; at most the role's secret_id_num_uses" },
  ttl: { type: "duration", about: "Its lifetime; at most the role's secret_id_ttl" },
} as const satisfies Fields;

type MakeValues = Values<typeof MAKE>;

export function secretIdRoutes(env: EngineEnv): readonly Route[] {
  const make = (storage: Storage, values: MakeValues, secretId: string, most: number): Promise<Reply> =>
    makeSecretId(env, storage, values, secretId, most);
  const pull = route({
    path: "role/:role_name/secret-id",
    about: "Secret ids that the server chooses",
    fields: MAKE,
    on: {
      update: {
        about: "Makes one; it is shown this once",
        run: (values, { storage, mount }) => make(storage, values, env.random.uuid(), mount.maxTtl),
      },
      list: {
        about: "Lists their accessors",
        run: async ({ role_name: name }, { storage }) => listAccessors(storage, name, env.clock.now()),
      },
    },
  });
  const push = route({
    path: "role/:role_name/custom-secret-id",
    about: "Secret ids that the client chooses",
    fields: { ...MAKE, secret_id: SECRET_ID },
    on: {
      update: {
        about: "Takes it over",
        run: ({ secret_id: id, ...values }, { storage, mount }) => make(storage, values, checkId(id), mount.maxTtl),
      },
    },
  });
  return [pull, push, ...bySecretId(env), ...byAccessor(env)];
}

function bySecretId(env: EngineEnv): readonly Route[] {
  const fields = { role_name: ROLE_NAME, secret_id: SECRET_ID } as const;
  const lookup = route({
    path: "role/:role_name/secret-id/lookup",
    about: "What there is to know of a secret id",
    fields,
    on: {
      update: {
        about: "Looks it up",
        run: async ({ role_name: name, secret_id: id }, { storage }) => {
          const secretId = checkId(id);
          const role = await requireRole(storage, name);
          const entry = await readSecretId(storage, role, hmacOfSecret(role, secretId), env.clock.now());
          return entry === undefined ? undefined : { data: secretIdReply(entry) };
        },
      },
    },
  });
  const run = async (
    { role_name: name, secret_id: id }: Values<typeof fields>,
    { storage }: { readonly storage: Storage },
  ): Promise<undefined> => {
    const secretId = checkId(id);
    await storage.transact(async (tx) => {
      const role = await requireRole(tx, name);
      await deleteSecretId(tx, role, hmacOfSecret(role, secretId));
    });
  };
  const destroy = route({
    path: "role/:role_name/secret-id/destroy",
    about: "The end of a secret id",
    fields,
    on: { update: { about: "Destroys it", run }, delete: { about: "Destroys it", run } },
  });
  return [lookup, destroy];
}

function byAccessor(env: EngineEnv): readonly Route[] {
  const fields = {
    role_name: ROLE_NAME,
    secret_id_accessor: { type: "string", about: "As a list of the role's secret ids shows it" },
  } as const satisfies Fields;
  const lookup = route({
    path: "role/:role_name/secret-id-accessor/lookup",
    about: "What there is to know of a secret id, by its accessor",
    fields,
    on: {
      update: {
        about: "Looks it up",
        run: async ({ role_name: name, secret_id_accessor: accessor }, { storage }) => {
          const { entry } = await findByAccessor(storage, name, checkAccessor(accessor), env.clock.now());
          return { data: secretIdReply(entry) };
        },
      },
    },
  });
  const run = async (
    { role_name: name, secret_id_accessor: accessor }: Values<typeof fields>,
    { storage }: { readonly storage: Storage },
  ): Promise<undefined> => {
    const checked = checkAccessor(accessor);
    await storage.transact(async (tx) => {
      const { role, hmac } = await findByAccessor(tx, name, checked, env.clock.now());
      await deleteSecretId(tx, role, hmac);
    });
  };
  const destroy = route({
    path: "role/:role_name/secret-id-accessor/destroy",
    about: "The end of a secret id, by its accessor",
    fields,
    on: { update: { about: "Destroys it", run }, delete: { about: "Destroys it", run } },
  });
  return [lookup, destroy];
}

function checkId(id: string | undefined): string {
  if (id === undefined || id.trim() === "") throw new Fault("invalid", "missing secret_id");
  if (Buffer.byteLength(id) > LONGEST_ID) throw new Fault("invalid", "secret_id may have at most 4096 bytes");
  // A login takes blanks off as well: one that has them would never be found again.
  return id.trim();
}

function checkAccessor(accessor: string | undefined): string {
  if (accessor === undefined || accessor === "") throw new Fault("invalid", "missing secret_id_accessor");
  if (Buffer.byteLength(accessor) > LONGEST_ID) throw noAccessor();
  return accessor;
}

function noAccessor(): Fault {
  return new Fault("not-found", "failed to find accessor entry for secret_id_accessor");
}

async function findByAccessor(
  reader: Reader | Transaction,
  name: string,
  accessor: string,
  now: number,
): Promise<{ readonly role: Role; readonly hmac: string; readonly entry: SecretId }> {
  const role = await requireRole(reader, name);
  const hmac = await hmacByAccessor(reader, role, accessor);
  const entry = hmac === undefined ? undefined : await readSecretId(reader, role, hmac, now);
  if (hmac === undefined || entry === undefined) throw noAccessor();
  return { role, hmac, entry };
}

async function listAccessors(storage: Storage, name: string, now: number): Promise<Reply> {
  const role = await readRole(storage, name);
  if (role === undefined) throw new Fault("not-found", `role ${JSON.stringify(name)} does not exist`);
  const hmacs = await storage.list(folderOf(role));
  const keys: string[] = [];
  for (let at = 0; at < hmacs.length; at += AT_ONCE) {
    const some = hmacs.slice(at, at + AT_ONCE);
    const entries = await Promise.all(some.map((hmac) => readSecretId(storage, role, hmac, now)));
    for (const entry of entries) if (entry !== undefined) keys.push(entry.accessor);
  }
  if (keys.length === 0) throw nothingHere();
  return { data: { keys } };
}

/** @param longest of this mount: no secret id lives longer */
async function makeSecretId(
  env: EngineEnv,
  storage: Storage,
  values: MakeValues,
  secretId: string,
  longest: number,
): Promise<Reply> {
  const { role_name: name, cidr_list: cidrs = [], token_bound_cidrs: tokenCidrs = [] } = values;
  const metadata = parseMetadata(values.metadata);
  const accessor = env.random.uuid();
  const now = env.clock.now();
  const entry = await storage.transact(async (tx) => {
    const role = await requireRole(tx, name);
    if (!role.bindSecretId) throw new Fault("invalid", "bind_secret_id is not set on the role");
    checkSubset("cidr_list", cidrs, "secret_id_bound_cidrs", role.secretIdBoundCidrs);
    checkSubset("token_bound_cidrs", tokenCidrs, "token_bound_cidrs", role.token.boundCidrs);
    const numUses = usesOf(role, values.num_uses);
    const ttl = ttlOf(role, values.ttl);
    const made: SecretId = {
      accessor,
      numUses,
      ttl,
      creationTime: now,
      expirationTime: ttl === 0 ? 0 : now + Math.min(ttl, longest),
      lastUpdatedTime: now,
      metadata,
      cidrList: cidrs,
      tokenBoundCidrs: tokenCidrs,
    };
    const hmac = hmacOfSecret(role, secretId);
    if ((await readSecretId(tx, role, hmac, now)) !== undefined) {
      throw new Fault("invalid", "failed to store secret_id: SecretID is already registered");
    }
    // What has ended but was not swept yet lies under the same name.
    await deleteSecretId(tx, role, hmac);
    putSecretId(tx, role, hmac, made);
    return made;
  });
  return {
    data: {
      secret_id: secretId,
      secret_id_accessor: accessor,
      secret_id_ttl: toSeconds(Math.min(entry.ttl, longest)),
      secret_id_num_uses: entry.numUses,
    },
    wrappedAccessor: accessor,
  };
}

function checkSubset(field: string, blocks: readonly string[], ofRole: string, outer: readonly string[]): void {
  checkCidrs(field, blocks);
  if (within(blocks, outer)) return;
  throw new Fault(
    "invalid",
    `failed to verify subset relationship between CIDR blocks on the role and CIDR blocks on the secret ID: each of ${field} must lie within the role's ${ofRole}`,
  );
}

function usesOf(role: Role, sent: number | undefined): number {
  const most = role.secretIdNumUses;
  if (sent === undefined) return most;
  if (sent < 0) throw new Fault("invalid", "num_uses cannot be negative");
  if (most > 0 && (sent === 0 || sent > most)) {
    throw new Fault("invalid", "num_uses cannot be higher than the role's secret_id_num_uses");
  }
  return sent;
}

function ttlOf(role: Role, sent: number | undefined): number {
  const most = role.secretIdTtl;
  if (sent === undefined) return most;
  if (most > 0 && (sent === 0 || sent > most)) {
    throw new Fault("invalid", "ttl cannot be longer than the role's secret_id_ttl");
  }
  return sent;
}
