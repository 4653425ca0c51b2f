/** `entity`, `entity/id`, `entity/name`, `entity/merge`, `entity/batch-delete`. Source: Vault's API page "/identity/entity". */
import { Fault } from "../../../lib/fault.ts";
import type { Encodable } from "../../../lib/wire/json.ts";
import type { Clash, EntityChange, Query } from "../../contract/directory.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { IdentityPorts } from "./ports.ts";
import { briefEntity, given, listed, shownEntity } from "./shown.ts";

export function entityRoutes(ports: IdentityPorts): readonly Route[] {
  return [
    createRoute(ports),
    mergeRoute(ports),
    batchRoute(ports),
    listRoute(ports, "id"),
    byIdRoute(ports),
    listRoute(ports, "name"),
    byNameRoute(ports),
  ];
}

const ID = { type: "string", about: "The entity's id" } as const;
const NAME = { type: "string", about: "The entity's name; compared in lower case" } as const;
const SETTINGS = {
  metadata: { type: "texts", about: "Up to 64 pairs; used by templated policies" },
  policies: { type: "strings", about: "Policies of all tokens of this entity, beside their own" },
  disabled: { type: "bool", about: "Its tokens are refused and it cannot log in" },
} as const;

interface Given {
  readonly metadata: ReadonlyMap<string, string> | undefined;
  readonly policies: readonly string[] | undefined;
  readonly disabled: boolean | undefined;
}

function createRoute(ports: IdentityPorts): Route {
  return route({
    path: "entity",
    about: "Makes an entity",
    fields: { id: ID, name: NAME, ...SETTINGS },
    on: {
      update: {
        about: "Makes an entity, or changes the one of this id or name",
        run: ({ id, name, ...rest }) => put(ports, given(id), given(name), rest),
      },
    },
  });
}

async function put(
  { directory }: IdentityPorts,
  id: string | undefined,
  name: string | undefined,
  { metadata, policies, disabled }: Given,
): Promise<Reply | undefined> {
  const change: EntityChange = { id, name, metadata, policies, disabled };
  const { entity, created } = await directory.putEntity(change);
  return created ? { data: { id: entity.id, name: entity.name, aliases: null } } : undefined;
}

async function show(ports: IdentityPorts, query: Query): Promise<Reply> {
  const entity = await ports.directory.entity(query);
  if (entity === undefined) throw nothingHere();
  return { data: shownEntity(ports, entity) };
}

function byIdRoute(ports: IdentityPorts): Route {
  return route({
    path: "entity/id/:id",
    about: "One entity by its id",
    fields: { id: { ...ID, required: true }, name: NAME, ...SETTINGS },
    on: {
      read: { about: "Reads the entity", run: ({ id }) => show(ports, { id }) },
      update: { about: "Changes what is given", run: ({ id, name, ...rest }) => put(ports, id, given(name), rest) },
      delete: { about: "Deletes the entity with its aliases", run: ({ id }) => remove(ports, { id }) },
    },
  });
}

function byNameRoute(ports: IdentityPorts): Route {
  return route({
    path: "entity/name/*name",
    about: "One entity by its name",
    fields: { name: { ...NAME, required: true }, id: ID, ...SETTINGS },
    on: {
      read: { about: "Reads the entity", run: ({ name }) => show(ports, { name }) },
      update: {
        about: "Makes the entity, or changes what is given",
        run: ({ name, id, ...rest }) => put(ports, given(id), name, rest),
      },
      delete: { about: "Deletes the entity with its aliases", run: ({ name }) => remove(ports, { name }) },
    },
  });
}

async function remove({ directory }: IdentityPorts, query: { id: string } | { name: string }): Promise<undefined> {
  await directory.deleteEntities([query]);
  return undefined;
}

function listRoute(ports: IdentityPorts, by: "id" | "name"): Route {
  const run = async (): Promise<Reply> => {
    const keys: string[] = [];
    const info = new Map<string, Encodable>();
    await ports.directory.eachEntity((entity) => {
      keys.push(entity[by]);
      info.set(entity.id, briefEntity(ports, entity));
    });
    return listed(keys.sort(), info);
  };
  return route({
    path: `entity/${by}`,
    about: `The entities by ${by}`,
    fields: {},
    on: { list: { about: `Lists the entities' ${by}s`, run } },
  });
}

function batchRoute({ directory }: IdentityPorts): Route {
  return route({
    path: "entity/batch-delete",
    about: "Several entities",
    fields: { entity_ids: { type: "strings", about: "Ids of the entities to delete" } },
    on: {
      update: {
        about: "Deletes the entities; ids of none are passed over",
        run: async ({ entity_ids: ids = [] }) => {
          if (ids.length === 0) throw new Fault("invalid", "missing entity ids to delete");
          await directory.deleteEntities([...new Set(ids)].map((id) => ({ id })));
          return undefined;
        },
      },
    },
  });
}

function mergeRoute({ directory }: IdentityPorts): Route {
  return route({
    path: "entity/merge",
    about: "Makes several entities one",
    fields: {
      from_entity_ids: { type: "strings", about: "Entities that go into the other; their tokens become its tokens" },
      to_entity_id: { type: "string", about: "The entity that is left" },
      force: { type: "bool", about: "Taken as by Vault: MFA secrets of the target win; there are none here" },
      conflicting_alias_ids_to_keep: {
        type: "strings",
        about: "Where both have an alias of one mount: the one to keep. One entity at a time",
      },
    },
    on: {
      update: {
        about: "Merges the entities",
        run: async ({ from_entity_ids: from = [], to_entity_id: to, conflicting_alias_ids_to_keep: keep = [] }) => {
          if (given(to) === undefined) throw new Fault("invalid", "missing entity id to merge to");
          if (from.length === 0) throw new Fault("invalid", "missing entity ids to merge from");
          const { clashes } = await directory.merge({ from, to: to ?? "", keep });
          if (clashes.length > 0) throw clashFault(clashes);
          return undefined;
        },
      },
    },
  });
}

function clashFault(clashes: readonly Clash[]): Fault {
  const told = clashes.map(({ entityId, mountAccessor }) => `entity ${entityId} at mount accessor ${mountAccessor}`);
  return new Fault(
    "invalid",
    `toEntity and at least one fromEntity have aliases with the same mount accessor, repeat the merge request specifying exactly one fromEntity and the aliases to keep, clashes: ${told.join(", ")}`,
  );
}
