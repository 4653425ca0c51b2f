/** `group-alias`: what an external group is called in an auth method's directory. Source: Vault's API page "/identity/group-alias". */
import type { Encodable } from "../../../lib/wire/json.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { IdentityPorts } from "./ports.ts";
import { briefAlias, checkAccessor, given, listed, shownAlias } from "./shown.ts";

export function groupAliasRoutes(ports: IdentityPorts): readonly Route[] {
  return [createRoute(ports), listRoute(ports), byIdRoute(ports)];
}

const ID = { type: "string", about: "The alias' id" } as const;
const FIELDS = {
  name: { type: "string", about: "As the auth method's directory spells it; compared in lower case" },
  mount_accessor: { type: "string", about: "Of the auth method, from sys/auth" },
  canonical_id: { type: "string", about: "The external group it belongs to; a new one without it" },
} as const;

interface Given {
  readonly name: string | undefined;
  readonly mount_accessor: string | undefined;
  readonly canonical_id: string | undefined;
}

async function put(ports: IdentityPorts, id: string | undefined, values: Given): Promise<Reply | undefined> {
  const mountAccessor = given(values.mount_accessor);
  checkAccessor(ports, mountAccessor);
  const change = { id, name: given(values.name), mountAccessor, canonicalId: given(values.canonical_id) };
  const placed = await ports.directory.putGroupAlias(change);
  return placed === undefined ? undefined : { data: { id: placed.id, canonical_id: placed.canonicalId } };
}

function createRoute(ports: IdentityPorts): Route {
  return route({
    path: "group-alias",
    about: "Makes a group alias",
    fields: { id: ID, ...FIELDS },
    on: {
      update: {
        about: "Makes a group alias, or changes the one of this id",
        run: ({ id, ...values }) => put(ports, given(id), values),
      },
    },
  });
}

function byIdRoute(ports: IdentityPorts): Route {
  return route({
    path: "group-alias/id/:id",
    about: "One group alias",
    fields: { id: { ...ID, required: true }, ...FIELDS },
    on: {
      read: {
        about: "Reads the alias",
        run: async ({ id }) => {
          const alias = await ports.directory.groupAlias(id);
          if (alias === undefined) throw nothingHere();
          return { data: shownAlias(ports, alias) };
        },
      },
      update: {
        about: "Changes the alias; name and mount_accessor are needed",
        run: ({ id, ...values }) => put(ports, id, values),
      },
      delete: {
        about: "Deletes the alias; its group stays, without members",
        run: async ({ id }) => {
          await ports.directory.deleteGroupAlias(id);
          return undefined;
        },
      },
    },
  });
}

function listRoute(ports: IdentityPorts): Route {
  const run = async (): Promise<Reply> => {
    const keys: string[] = [];
    const info = new Map<string, Encodable>();
    await ports.directory.eachGroup(({ alias }) => {
      if (alias === undefined) return;
      keys.push(alias.id);
      info.set(alias.id, briefAlias(ports, alias));
    });
    return listed(keys.sort(), info);
  };
  return route({
    path: "group-alias/id",
    about: "The group aliases",
    fields: {},
    on: { list: { about: "Lists the group aliases' ids", run } },
  });
}
