/** `entity-alias` with its older names `alias` and `persona`. Source: Vault's API page "/identity/entity-alias". */
import type { Encodable } from "../../../lib/wire/json.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { IdentityPorts } from "./ports.ts";
import { briefAlias, checkAccessor, given, listed, shownAlias } from "./shown.ts";

export function aliasRoutes(ports: IdentityPorts): readonly Route[] {
  return ["entity-alias", "alias", "persona"].flatMap((at) => [
    createRoute(ports, at),
    listRoute(ports, at),
    byIdRoute(ports, at),
  ]);
}

const ID = { type: "string", about: "The alias' id" } as const;
const FIELDS = {
  name: { type: "string", about: "As the auth method spells it: a user's name, a role id; compared in lower case" },
  mount_accessor: { type: "string", about: "Of the auth method, from sys/auth" },
  canonical_id: { type: "string", about: "The entity it belongs to; a new one without it" },
  entity_id: { type: "string", about: "As canonical_id", deprecated: true },
  custom_metadata: { type: "texts", about: "Up to 64 pairs, left alone by logins; used by templated policies" },
  metadata: { type: "texts", about: "Taken without effect: logins write it", deprecated: true },
} as const;

interface Given {
  readonly name: string | undefined;
  readonly mount_accessor: string | undefined;
  readonly canonical_id: string | undefined;
  readonly entity_id: string | undefined;
  readonly custom_metadata: ReadonlyMap<string, string> | undefined;
}

async function put(ports: IdentityPorts, id: string | undefined, values: Given): Promise<Reply | undefined> {
  const mountAccessor = given(values.mount_accessor);
  checkAccessor(ports, mountAccessor);
  const placed = await ports.directory.putAlias({
    id,
    name: given(values.name),
    mountAccessor,
    canonicalId: given(values.canonical_id) ?? given(values.entity_id),
    customMetadata: values.custom_metadata,
  });
  return placed === undefined ? undefined : { data: { id: placed.id, canonical_id: placed.canonicalId } };
}

function createRoute(ports: IdentityPorts, at: string): Route {
  return route({
    path: at,
    about: "Makes an alias",
    fields: { id: ID, ...FIELDS },
    on: {
      update: {
        about: "Makes an alias, or changes the one of this id, or of this name and mount",
        run: ({ id, ...values }) => put(ports, given(id), values),
      },
    },
  });
}

function byIdRoute(ports: IdentityPorts, at: string): Route {
  return route({
    path: `${at}/id/:id`,
    about: "One alias",
    fields: { id: { ...ID, required: true }, ...FIELDS },
    on: {
      read: {
        about: "Reads the alias",
        run: async ({ id }) => {
          const alias = await ports.directory.alias(id);
          if (alias === undefined) throw nothingHere();
          return { data: shownAlias(ports, alias) };
        },
      },
      update: { about: "Changes what is given", run: ({ id, ...values }) => put(ports, id, values) },
      delete: {
        about: "Deletes the alias; its entity stays",
        run: async ({ id }) => {
          await ports.directory.deleteAlias(id);
          return undefined;
        },
      },
    },
  });
}

function listRoute(ports: IdentityPorts, at: string): Route {
  const run = async (): Promise<Reply> => {
    const keys: string[] = [];
    const info = new Map<string, Encodable>();
    await ports.directory.eachEntity(({ aliases }) => {
      for (const alias of aliases) {
        keys.push(alias.id);
        info.set(alias.id, briefAlias(ports, alias));
      }
    });
    return listed(keys.sort(), info);
  };
  return route({
    path: `${at}/id`,
    about: "The aliases",
    fields: {},
    on: { list: { about: "Lists the aliases' ids", run } },
  });
}
