/** `role` and `role/:name`. */
import { Fault } from "../../../lib/fault.ts";
import { mustStillBe, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, recordBytes } from "../../contract/record.ts";
import { checkAgainstMount } from "../token-params.ts";
import { ROLE_FIELDS, ROLES, readRole, roleName, roleRecord, roleReply, updateRole } from "./role.ts";

const LONG =
  "token max ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value will be truncated";

export function roleRoutes(): readonly Route[] {
  const one = route({
    path: "role/:name",
    about: "Which tokens are taken, and what token they give",
    fields: ROLE_FIELDS,
    exists: async ({ name = "" }, { storage }) => (await readRole(storage, name)) !== undefined,
    on: {
      read: {
        about: "Reads the role",
        run: async ({ name }, { storage }) => {
          const role = await readRole(storage, name);
          if (role === undefined) throw nothingHere();
          return { data: roleReply(role) };
        },
      },
      update: {
        about: "Creates the role, or changes what is sent",
        run: async (values, { storage, mount, call }) => {
          const name = roleName(values.name);
          if (values.verbose_oidc_logging === true) {
            throw new Fault("invalid", "verbose_oidc_logging would write claims to the log: it is not served here");
          }
          const role = await storage.transact(async (tx) => {
            const before = await readRole(tx, name);
            mustStillBe(call, before !== undefined);
            const after = updateRole(before, name, values);
            checkAgainstMount(after.token, mount);
            tx.put(ROLES + name, recordBytes(roleRecord(after)));
            return after;
          });
          return role.token.maxTtl > mount.maxTtl ? { warnings: [LONG] } : undefined;
        },
      },
      delete: {
        about: "Deletes the role; its tokens can no longer be renewed",
        run: async ({ name }, { storage }) => {
          await deleteRecord(storage, ROLES + name.toLowerCase());
          return undefined;
        },
      },
    },
  });
  const list = route({
    path: "role",
    about: "The roles",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, ROLES) } },
  });
  return [one, list];
}
