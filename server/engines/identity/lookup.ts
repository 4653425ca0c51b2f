/** `lookup/entity`, `lookup/group`: by id, name, alias id, or alias name and mount. Source: Vault's API page "/identity/lookup". */
import { Fault } from "../../../lib/fault.ts";
import type { Query } from "../../contract/directory.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { IdentityPorts } from "./ports.ts";
import { given, shownEntity, shownGroup } from "./shown.ts";

const FIELDS = {
  id: { type: "string", about: "Its id" },
  name: { type: "string", about: "Its name" },
  alias_id: { type: "string", about: "The id of an alias of it" },
  alias_name: { type: "string", about: "The name of an alias of it, with alias_mount_accessor" },
  alias_mount_accessor: { type: "string", about: "The mount of that alias, with alias_name" },
} as const;

export function lookupRoutes(ports: IdentityPorts): readonly Route[] {
  const { directory } = ports;
  return [
    route({
      path: "lookup/entity",
      about: "Finds an entity",
      fields: FIELDS,
      on: {
        update: {
          about: "Shows the entity; nothing when there is none",
          run: async (values) => {
            const entity = await directory.entity(queryOf(values));
            return entity === undefined ? undefined : { data: shownEntity(ports, entity) };
          },
        },
      },
    }),
    route({
      path: "lookup/group",
      about: "Finds a group",
      fields: FIELDS,
      on: {
        update: {
          about: "Shows the group; nothing when there is none",
          run: async (values) => {
            const group = await directory.group(queryOf(values));
            return group === undefined ? undefined : { data: shownGroup(ports, group) };
          },
        },
      },
    }),
  ];
}

type Given = Readonly<Record<keyof typeof FIELDS, string | undefined>>;

/** @throws Fault "invalid" unless exactly one way to name it is taken */
function queryOf(values: Given): Query {
  const [id, name, aliasId] = [given(values.id), given(values.name), given(values.alias_id)];
  const [aliasName, mountAccessor] = [given(values.alias_name), given(values.alias_mount_accessor)];
  const count = [id, name, aliasId, aliasName ?? mountAccessor].filter((one) => one !== undefined).length;
  if (count === 0) throw new Fault("invalid", "query parameter not supplied");
  if (count > 1) {
    throw new Fault("invalid", "query parameter conflict; please supply distinct set of query parameters");
  }
  if (id !== undefined) return { id };
  if (name !== undefined) return { name };
  if (aliasId !== undefined) return { aliasId };
  if (aliasName === undefined || mountAccessor === undefined) {
    throw new Fault("invalid", "both 'alias_name' and 'alias_mount_accessor' needs to be set");
  }
  return { mountAccessor, aliasName };
}
