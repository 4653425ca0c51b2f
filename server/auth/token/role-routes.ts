/** `roles`, `roles/:role_name`: token roles as they are kept. */
import { mustStillBe, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere } from "../../contract/record.ts";
import { newRole, ROLE_FIELDS, ROLES, readRole, roleBytes, roleReply, updateRole } from "./role.ts";

export function roleRoutes(): readonly Route[] {
  return [
    route({
      path: "roles",
      about: "The token roles there are",
      fields: {},
      on: { list: { about: "Lists token roles", run: (_values, { storage }) => listReply(storage, ROLES) } },
    }),
    route({
      path: "roles/:role_name",
      about: "What tokens made by this role may be",
      fields: ROLE_FIELDS,
      exists: async ({ role_name: name = "" }, { storage }) => (await readRole(storage, name)) !== undefined,
      on: {
        read: {
          about: "Reads a token role",
          run: async ({ role_name: name }, { storage }) => {
            const role = await readRole(storage, name);
            if (role === undefined) throw nothingHere();
            return { data: roleReply(role) };
          },
        },
        update: {
          about: "Makes a token role, or changes what is sent of it",
          run: (sent, { storage, call }) =>
            storage.transact(async (tx) => {
              const before = await readRole(tx, sent.role_name);
              mustStillBe(call, before !== undefined);
              tx.put(ROLES + sent.role_name, roleBytes(updateRole(before ?? newRole(sent.role_name), sent)));
              return undefined;
            }),
        },
        delete: {
          about: "Deletes a token role; its tokens live to their end",
          run: async ({ role_name: name }, { storage }) => {
            await deleteRecord(storage, ROLES + name);
            return undefined;
          },
        },
      },
    }),
  ];
}
