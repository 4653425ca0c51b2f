/** `group`, `group/id`, `group/name`. Source: Vault's API page "/identity/group". */
import type { Encodable } from "../../../lib/wire/json.ts";
import type { Query } from "../../contract/directory.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { IdentityPorts } from "./ports.ts";
import { briefGroup, given, listed, shownGroup } from "./shown.ts";

export function groupRoutes(ports: IdentityPorts): readonly Route[] {
  return [createRoute(ports), listRoute(ports, "id"), byIdRoute(ports), listRoute(ports, "name"), byNameRoute(ports)];
}

const ID = { type: "string", about: "The group's id" } as const;
const NAME = { type: "string", about: "The group's name; compared in lower case" } as const;
const SETTINGS = {
  type: {
    type: "string",
    about: "internal: its members are named here; external: logins bring them, by the group's alias. Never changed",
    default: "internal",
  },
  metadata: { type: "texts", about: "Up to 64 pairs; used by templated policies" },
  policies: { type: "strings", about: "Policies of all tokens of its members, beside their own" },
  member_entity_ids: { type: "strings", about: "All entities that are in it; of internal groups" },
  member_group_ids: { type: "strings", about: "All groups that are in it, with their members; of internal groups" },
} as const;

interface Given {
  readonly type: string | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  readonly policies: readonly string[] | undefined;
  readonly member_entity_ids: readonly string[] | undefined;
  readonly member_group_ids: readonly string[] | undefined;
}

async function put(
  { directory }: IdentityPorts,
  { id, name, byName }: { id: string | undefined; name: string | undefined; byName: boolean },
  { type, metadata, policies, ...members }: Given,
): Promise<Reply | undefined> {
  const change = {
    id,
    name,
    type: given(type),
    metadata,
    policies,
    memberEntities: members.member_entity_ids,
    memberGroups: members.member_group_ids,
  };
  const { group, created } = await directory.putGroup(change, byName);
  return created ? { data: { id: group.id, name: group.name } } : undefined;
}

function createRoute(ports: IdentityPorts): Route {
  return route({
    path: "group",
    about: "Makes a group",
    fields: { id: ID, name: NAME, ...SETTINGS },
    on: {
      update: {
        about: "Makes a group, or changes the one of this id",
        run: ({ id, name, ...rest }) => put(ports, { id: given(id), name: given(name), byName: false }, rest),
      },
    },
  });
}

async function show(ports: IdentityPorts, query: Query): Promise<Reply> {
  const group = await ports.directory.group(query);
  if (group === undefined) throw nothingHere();
  return { data: shownGroup(ports, group) };
}

async function remove({ directory }: IdentityPorts, query: { id: string } | { name: string }): Promise<undefined> {
  await directory.deleteGroup(query);
  return undefined;
}

function byIdRoute(ports: IdentityPorts): Route {
  return route({
    path: "group/id/:id",
    about: "One group by its id",
    fields: { id: { ...ID, required: true }, name: NAME, ...SETTINGS },
    on: {
      read: { about: "Reads the group", run: ({ id }) => show(ports, { id }) },
      update: {
        about: "Changes what is given",
        run: ({ id, name, ...rest }) => put(ports, { id, name: given(name), byName: false }, rest),
      },
      delete: { about: "Deletes the group with its alias", run: ({ id }) => remove(ports, { id }) },
    },
  });
}

function byNameRoute(ports: IdentityPorts): Route {
  return route({
    path: "group/name/*name",
    about: "One group by its name",
    fields: { name: { ...NAME, required: true }, id: ID, ...SETTINGS },
    on: {
      read: { about: "Reads the group", run: ({ name }) => show(ports, { name }) },
      update: {
        about: "Makes the group, or changes what is given",
        run: ({ name, ...rest }) => put(ports, { id: undefined, name, byName: true }, rest),
      },
      delete: { about: "Deletes the group with its alias", run: ({ name }) => remove(ports, { name }) },
    },
  });
}

function listRoute(ports: IdentityPorts, by: "id" | "name"): Route {
  const run = async (): Promise<Reply> => {
    const keys: string[] = [];
    const info = new Map<string, Encodable>();
    await ports.directory.eachGroup((group) => {
      keys.push(group[by]);
      info.set(group.id, briefGroup(ports, group));
    });
    return listed(keys.sort(), info);
  };
  return route({
    path: `group/${by}`,
    about: `The groups by ${by}`,
    fields: {},
    on: { list: { about: `Lists the groups' ${by}s`, run } },
  });
}
