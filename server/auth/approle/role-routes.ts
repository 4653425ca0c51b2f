/** `role`, `role/:role_name` and a route for each of its settings. Source: Vault API, AppRole auth method. */
import { Fault } from "../../../lib/fault.ts";
import type { Encodable } from "../../../lib/wire/json.ts";
import {
  type EngineEnv,
  type Fields,
  type Handler,
  type Mount,
  mustStillBe,
  type Reply,
  type Route,
  route,
} from "../../contract/engine.ts";
import { listReply, nothingHere } from "../../contract/record.ts";
import type { Storage } from "../../contract/storage.ts";
import { checkAgainstMount } from "../token-params.ts";
import { adjustedType, ROLE_FIELDS, ROLE_NAME, type Role, roleReply, SETTINGS, type Sent, updateRole } from "./role.ts";
import { freshRole, putRole, ROLES, readRole, removeRole, requireRole, roleName } from "./role-store.ts";
import { purge } from "./sweep.ts";

export function roleRoutes(env: EngineEnv): readonly Route[] {
  const list = route({
    path: "role",
    about: "The roles",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, ROLES) } },
  });
  return [roleRoute(env), list, ...PARTS.map((part) => partRoute(env, part))];
}

function roleRoute(env: EngineEnv): Route {
  return route({
    path: "role/:role_name",
    about: "What a login must show, and what token it gets",
    fields: ROLE_FIELDS,
    exists: async ({ role_name: name = "" }, { storage }) => (await readRole(storage, name)) !== undefined,
    on: {
      read: {
        about: "Reads the role, without its role id",
        run: async ({ role_name: name }, { storage }) => ({ data: roleReply(await found(storage, name)) }),
      },
      update: {
        about: "Creates the role, or changes what is sent",
        run: async ({ role_name: sent, ...values }, { storage, mount, call }) => {
          const name = roleName(sent);
          const made = freshRole(name, env.random);
          const role = await storage.transact(async (tx) => {
            const before = await readRole(tx, name);
            mustStillBe(call, before !== undefined);
            if (before !== undefined && values.local_secret_ids !== undefined) {
              throw new Fault("invalid", "local_secret_ids can only be modified during role creation");
            }
            const after = updateRole(before ?? made, values);
            checkAgainstMount(after.token, mount);
            await putRole(tx, after, before, env.random);
            return after;
          });
          return { warnings: warningsFor(role, values, mount) };
        },
      },
      delete: {
        about: "Deletes the role with its secret ids; its tokens can no longer be renewed",
        run: async ({ role_name: name }, { storage }) => {
          const role = await removeRole(storage, name);
          if (role !== undefined) await purge(storage, role);
          return undefined;
        },
      },
    },
  });
}

function warningsFor(role: Role, sent: Sent, mount: Mount): readonly string[] {
  const type = adjustedType(sent.token_type);
  const long =
    "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated";
  return [...(type === undefined ? [] : [type[1]]), ...(role.token.maxTtl > mount.maxTtl ? [long] : [])];
}

/** A setting that is read, written and set back on its own. */
interface Part {
  readonly path: string;
  readonly about: string;
  /** Of which a write must bring one; the first is the one that is asked for. */
  readonly fields: readonly (keyof typeof SETTINGS)[];
  /** What a read shows; the first is always there. */
  readonly shows: readonly string[];
  /** What a delete sets it back to; undefined = it cannot be deleted. */
  readonly back?: Sent;
  readonly warning?: string;
}

const part = (path: string, about: string, more: Omit<Part, "path" | "about">): Part => ({ path, about, ...more });

const PARTS: readonly Part[] = [
  part("policies", "Policies of the tokens", {
    fields: ["token_policies", "policies"],
    shows: ["token_policies", "policies"],
    back: { token_policies: [] },
  }),
  part("bound-cidr-list", "The old name of secret-id-bound-cidrs", {
    fields: ["bound_cidr_list"],
    shows: ["bound_cidr_list"],
    back: { bound_cidr_list: [] },
    warning:
      'The "bound_cidr_list" field is deprecated and will be removed. Please use "secret_id_bound_cidrs" instead.',
  }),
  part("secret-id-bound-cidrs", "Networks that a login may come from", {
    fields: ["secret_id_bound_cidrs"],
    shows: ["secret_id_bound_cidrs"],
    back: { secret_id_bound_cidrs: [] },
  }),
  part("token-bound-cidrs", "Networks that a login and its token may come from", {
    fields: ["token_bound_cidrs"],
    shows: ["token_bound_cidrs"],
    back: { token_bound_cidrs: [] },
  }),
  part("bind-secret-id", "Whether a login must show a secret id", {
    fields: ["bind_secret_id"],
    shows: ["bind_secret_id"],
    back: { bind_secret_id: true },
  }),
  part("secret-id-num-uses", "Logins that a secret id is good for", {
    fields: ["secret_id_num_uses"],
    shows: ["secret_id_num_uses"],
    back: { secret_id_num_uses: 0 },
  }),
  part("secret-id-ttl", "Lifetime of a secret id", {
    fields: ["secret_id_ttl"],
    shows: ["secret_id_ttl"],
    back: { secret_id_ttl: 0 },
  }),
  part("period", "Period of the tokens", {
    fields: ["token_period", "period"],
    shows: ["token_period", "period"],
    back: { token_period: 0 },
  }),
  part("token-num-uses", "Requests that a token is good for", {
    fields: ["token_num_uses"],
    shows: ["token_num_uses"],
    back: { token_num_uses: 0 },
  }),
  part("token-ttl", "First lifetime of the tokens", {
    fields: ["token_ttl"],
    shows: ["token_ttl"],
    back: { token_ttl: 0 },
  }),
  part("token-max-ttl", "Longest lifetime of the tokens", {
    fields: ["token_max_ttl"],
    shows: ["token_max_ttl"],
    back: { token_max_ttl: 0 },
  }),
  part("role-id", "What a login names the role by", { fields: ["role_id"], shows: ["role_id"] }),
  part("local-secret-ids", "Whether secret ids are kept for this cluster", { fields: [], shows: ["local_secret_ids"] }),
];

type PartValues = Sent & { readonly role_name: string };

function partRoute(env: EngineEnv, one: Part): Route {
  const fields: Fields = {
    role_name: ROLE_NAME,
    ...Object.fromEntries(one.fields.map((name) => [name, SETTINGS[name]])),
  };
  const write =
    (change: (values: PartValues) => Sent): Handler<Fields>["run"] =>
    async (values, { storage, mount }) => {
      const { role_name: name, ...sent } = values as unknown as PartValues;
      await changeRole(env, storage, mount, name, change({ role_name: name, ...sent }));
      return undefined;
    };
  const update: Handler<Fields> = { about: "Sets it", run: write((values) => brought(one, values)) };
  const reset: Handler<Fields> = {
    about: "Sets it back",
    run: async (values, context) => {
      const { role_name: name } = values as unknown as PartValues;
      if ((await readRole(context.storage, name)) === undefined) return undefined;
      return write(() => one.back ?? {})(values, context);
    },
  };
  return route({
    path: `role/:role_name/${one.path}`,
    about: one.about,
    fields,
    on: {
      read: {
        about: "Reads it",
        run: (values, { storage }) => readPart(one, storage, values as unknown as PartValues),
      },
      ...(one.fields.length > 0 && { update }),
      ...(one.back !== undefined && { delete: reset }),
    },
  });
}

async function readPart(one: Part, storage: Storage, { role_name: name }: PartValues): Promise<Reply> {
  const role = await found(storage, name);
  const all: Record<string, Encodable> = {
    ...roleReply(role),
    role_id: role.roleId,
    bound_cidr_list: role.secretIdBoundCidrs,
  };
  const data = Object.fromEntries(one.shows.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]])));
  return one.warning === undefined ? { data } : { data, warnings: [one.warning] };
}

/** @throws Fault "invalid" as Vault when the setting was not sent, or as an empty list that would lift a bound */
function brought({ fields }: Part, values: PartValues): Sent {
  const sent = Object.fromEntries(fields.map((name) => [name, values[name]])) as Sent;
  const first = fields.find((name) => values[name] !== undefined);
  const bound = first === "bound_cidr_list" || first === "secret_id_bound_cidrs";
  if (first === undefined || (bound && isEmpty(values[first]))) {
    throw new Fault("invalid", `missing ${String(fields[0])}`);
  }
  return sent;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function changeRole(env: EngineEnv, storage: Storage, mount: Mount, name: string, sent: Sent): Promise<void> {
  return storage.transact(async (tx) => {
    const before = await requireRole(tx, name);
    const after = updateRole(before, sent);
    checkAgainstMount(after.token, mount);
    await putRole(tx, after, before, env.random);
  });
}

async function found(storage: Storage, name: string): Promise<Role> {
  const role = await readRole(storage, name);
  if (role === undefined) throw nothingHere();
  return role;
}
