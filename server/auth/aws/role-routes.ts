/** `role/:role`, `role`, `roles`. */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, recordBytes } from "../record.ts";
import { checkAgainstMount } from "../token-params.ts";
import { ROLE_FIELDS, ROLES, readRole, roleRecord, roleReply, updateRole } from "./role.ts";
import type { AwsState } from "./state.ts";

const NAME = /^\w(?:[\w.-]*\w)?$/;

export function roleRoutes(state: AwsState): readonly Route[] {
  const one = route({
    path: "role/:role",
    about: "Which instances may log in, and what token they get",
    fields: ROLE_FIELDS,
    exists: async ({ role = "" }, { storage }) => (await readRole(storage, role)) !== undefined,
    on: {
      read: {
        about: "Reads the role",
        run: async ({ role: name }, { storage }) => {
          const role = await readRole(storage, name);
          if (role === undefined) throw nothingHere();
          return { data: roleReply(role) };
        },
      },
      update: {
        about: "Creates the role, or changes what is sent",
        run: async (values, { storage, mount }) => {
          if (!NAME.test(values.role)) {
            throw new Fault("invalid", 'a role\'s name may hold letters, digits, "_", "-" and "."');
          }
          const made = { roleId: state.env.random.uuid(), defaultAuthType: state.defaultAuthType };
          const warnings = await storage.transact(async (tx) => {
            const role = updateRole(await readRole(tx, values.role), values, made);
            const notes = checkAgainstMount(role.token, mount);
            tx.put(ROLES + role.name, recordBytes(roleRecord(role)));
            return notes;
          });
          return warnings.length === 0 ? undefined : { warnings };
        },
      },
      delete: {
        about: "Deletes the role; its tokens can no longer be renewed",
        run: async ({ role: name }, { storage }) => {
          await deleteRecord(storage, ROLES + name.toLowerCase());
          return undefined;
        },
      },
    },
  });
  return [one, listRoute("role"), listRoute("roles")];
}

function listRoute(path: string): Route {
  return route({
    path,
    about: "The roles",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, ROLES) } },
  });
}
