/**
 * `groups/:name` and `users/:name`: policies of the directory's groups and users, and groups beside the directory's.
 * Source: Vault API, ldap, "Create/update LDAP group" and "Create/update LDAP user".
 */
import { Fault } from "../../../lib/fault.ts";
import { wellFormed } from "../../../lib/template/bytes.ts";
import { type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listIn, nothingHere, readRecord, recordBytes } from "../../contract/record.ts";
import type { Reader, Storage } from "../../contract/storage.ts";
import { policyNames } from "../token-params.ts";
import { readConfig } from "./config.ts";
import { foldName } from "./fold.ts";

type Folder = "group/" | "user/";

/** Bytes of a key: leaves room for the mount's own prefix in the 1,000 that storage takes. */
const LONGEST = 700;

export interface Mapping {
  readonly policies: readonly string[];
  readonly groups: readonly string[];
}

const NAME = { type: "string", about: "Name in the directory", required: true } as const;
const POLICIES = { type: "strings", about: "Policies of its logins" } as const;

export function mappingRoutes(): readonly Route[] {
  return [listRoute("groups", "group/"), groupRoute(), listRoute("users", "user/"), userRoute()];
}

/** Names may hold slashes: a key is one segment. */
function keyOf(folder: Folder, name: string, exact: boolean): string {
  return folder + encodeURIComponent(wellFormed(foldName(name, exact)));
}

/** @param exact `case_sensitive_names`; names that cannot have a mapping have none */
export async function readMapping(
  reader: Reader,
  folder: Folder,
  name: string,
  exact: boolean,
): Promise<Mapping | undefined> {
  const key = keyOf(folder, name, exact);
  const record = key.length > LONGEST ? undefined : await readRecord(reader, key);
  return record === undefined ? undefined : { policies: listIn(record, "policies"), groups: listIn(record, "groups") };
}

function listRoute(path: string, folder: Folder): Route {
  return route({
    path,
    about: `The ${path} with a mapping`,
    fields: {},
    on: {
      list: {
        about: "Lists their names",
        run: async (_, { storage }) => {
          const keys = (await storage.list(folder)).map(decodeURIComponent);
          if (keys.length === 0) throw nothingHere();
          return { data: { keys } };
        },
      },
    },
  });
}

function groupRoute(): Route {
  return route({
    path: "groups/*name",
    about: "A group of the directory, or one that users are mapped to",
    fields: { name: NAME, policies: POLICIES },
    on: {
      read: {
        about: "Reads the group's policies",
        run: async ({ name }, { storage }) => ({ data: { policies: (await found(storage, "group/", name)).policies } }),
      },
      update: {
        about: "Sets the group's policies",
        run: async ({ name, policies = [] }, { storage }) => put(storage, "group/", name, { policies, groups: [] }),
      },
      delete: { about: "Deletes the mapping", run: ({ name }, { storage }) => remove(storage, "group/", name) },
    },
  });
}

function userRoute(): Route {
  return route({
    path: "users/*name",
    about: "A user of the directory",
    fields: { name: NAME, policies: POLICIES, groups: { type: "strings", about: "Groups beside the directory's" } },
    on: {
      read: {
        about: "Reads the user's policies and groups",
        run: async ({ name }, { storage }) => {
          const { policies, groups } = await found(storage, "user/", name);
          return { data: { groups: groups.join(","), policies } };
        },
      },
      update: {
        about: "Sets the user's policies and groups",
        run: async ({ name, policies = [], groups = [] }, { storage }) =>
          put(storage, "user/", name, { policies, groups: groups.filter((group) => group !== "") }),
      },
      delete: { about: "Deletes the mapping", run: ({ name }, { storage }) => remove(storage, "user/", name) },
    },
  });
}

async function found(reader: Reader, folder: Folder, name: string): Promise<Mapping> {
  const mapping = await readMapping(reader, folder, name, await isExact(reader));
  if (mapping === undefined) throw nothingHere();
  return mapping;
}

async function put(storage: Storage, folder: Folder, name: string, { policies, groups }: Mapping): Promise<undefined> {
  await storage.transact(async (tx) => {
    const key = keyOf(folder, name, await isExact(tx));
    if (key === folder) throw new Fault("invalid", 'missing field "name": name in the directory');
    if (key.length > LONGEST) throw new Fault("invalid", `the name is too long: at most ${String(LONGEST)} bytes`);
    tx.put(key, recordBytes({ policies: policyNames(policies), groups: [...new Set(groups)] }));
  });
  return undefined;
}

async function remove(storage: Storage, folder: Folder, name: string): Promise<undefined> {
  const key = keyOf(folder, name, await isExact(storage));
  if (key.length <= LONGEST) await deleteRecord(storage, key);
  return undefined;
}

async function isExact(reader: Reader): Promise<boolean> {
  return (await readConfig(reader))?.caseSensitiveNames ?? false;
}
