/** `role/:role`, `role`, `roles`. */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Context, mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, recordBytes } from "../../contract/record.ts";
import { checkAgainstMount } from "../token-params.ts";
import { resolveUniqueId } from "./principal.ts";
import { ROLES, readRole, roleRecord, roleReply } from "./role.ts";
import { ROLE_FIELDS, type RoleValues } from "./role-fields.ts";
import { toResolve, updateRole } from "./role-update.ts";
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
        run: (values, context) => writeRole(state, values, context),
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

async function writeRole(
  state: AwsState,
  values: RoleValues,
  { storage, mount, call }: Context,
): Promise<Reply | undefined> {
  if (!NAME.test(values.role)) {
    throw new Fault("invalid", 'a role\'s name may hold letters, digits, "_", "-" and "."');
  }
  const { random } = state.env;
  const made = {
    roleId: random.uuid(),
    hmacKey: new Secret(random.uuid()),
    defaultAuthType: state.defaultAuthType,
  };
  const before = await readRole(storage, values.role);
  const asked = new Map(toResolve(before, values).map((arn) => [arn, "unasked"]));
  // Everything that needs no answer of IAM first, so that a bad write costs no call.
  updateRole(before, values, { ...made, uniqueIds: asked });
  const uniqueIds = new Map<string, string>();
  for (const arn of asked.keys()) uniqueIds.set(arn, await resolveUniqueId(state, storage, arn));
  return storage.transact(async (tx) => {
    const now = await readRole(tx, values.role);
    mustStillBe(call, now !== undefined);
    const role = updateRole(now, values, { ...made, uniqueIds });
    const warnings = checkAgainstMount(role.token, mount);
    tx.put(ROLES + role.name, recordBytes(roleRecord(role)));
    return { warnings };
  });
}

function listRoute(path: string): Route {
  return route({
    path,
    about: "The roles",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, ROLES) } },
  });
}
