/** `users/:username`, its password and its policies, and the list. Source: Vault API, userpass. */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, mustStillBe, type Route, route, type Values } from "../../contract/engine.ts";
import type { Passwords } from "../../contract/password.ts";
import { deleteRecord, listReply, nothingHere } from "../../contract/record.ts";
import type { Storage } from "../../contract/storage.ts";
import { oldNamesAfter } from "../old-names.ts";
import { checkAgainstMount, policyNames } from "../token-params.ts";
import { newHash } from "./password.ts";
import {
  checkUserName,
  PASSWORD_FIELDS,
  POLICY_FIELDS,
  readUser,
  USER_FIELDS,
  USERNAME,
  USERS,
  type User,
  updateUser,
  userBytes,
  userKey,
  userReply,
} from "./user.ts";

export function userRoutes(passwords: Passwords): readonly Route[] {
  return [listRoute(), oneRoute(passwords), passwordRoute(passwords), policiesRoute()];
}

function listRoute(): Route {
  return route({
    path: "users",
    about: "The users",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, USERS) } },
  });
}

function oneRoute(passwords: Passwords): Route {
  return route({
    path: "users/:username",
    about: "A user: the password, and what token it gets",
    fields: USER_FIELDS,
    exists: async ({ username = "" }, { storage }) => (await readUser(storage, username)) !== undefined,
    on: {
      read: {
        about: "Reads the user, without the password",
        run: async ({ username }, { storage }) => {
          const user = await readUser(storage, username);
          if (user === undefined) throw nothingHere();
          return { data: userReply(user) };
        },
      },
      update: {
        about: "Creates the user, or changes what is sent",
        run: async (values, { storage, mount, call }) => {
          checkUserName(values.username);
          const hash = await newHash(passwords, values);
          return storage.transact(async (tx) => {
            const before = await readUser(tx, values.username);
            mustStillBe(call, before !== undefined);
            const user = updateUser(before, values, hash);
            const warnings = checkAgainstMount(user.token, mount);
            tx.put(userKey(user.name), userBytes(user));
            return { warnings };
          });
        },
      },
      delete: {
        about: "Deletes the user; its tokens can no longer be renewed",
        run: async ({ username }, { storage }) => {
          await deleteRecord(storage, userKey(username));
          return undefined;
        },
      },
    },
  });
}

function passwordRoute(passwords: Passwords): Route {
  return route({
    path: "users/:username/password",
    about: "A user's password",
    fields: { username: USERNAME, ...PASSWORD_FIELDS },
    on: {
      update: {
        about: "Sets a new password",
        run: async ({ username, ...sent }, { storage }) => {
          mustExist(await readUser(storage, username));
          const passwordHash = await newHash(passwords, sent);
          if (passwordHash === undefined) throw new Fault("invalid", "missing password");
          await change(storage, username, (user) => ({ ...user, passwordHash }));
          return undefined;
        },
      },
    },
  });
}

const POLICIES = { username: USERNAME, ...POLICY_FIELDS } as const satisfies Fields;

function policiesRoute(): Route {
  return route({
    path: "users/:username/policies",
    about: "A user's policies",
    fields: POLICIES,
    on: {
      update: {
        about: "Sets the policies",
        run: async (values, { storage }) => {
          await change(storage, values.username, (user) => withPolicies(user, values));
          return undefined;
        },
      },
    },
  });
}

/** Without either field: none, as in Vault. */
function withPolicies(user: User, { token_policies, policies }: Values<typeof POLICIES>): User {
  return {
    ...user,
    token: { ...user.token, policies: policyNames(token_policies ?? policies ?? []) },
    oldNames: oldNamesAfter(user.oldNames, { token_policies, policies }),
  };
}

function change(storage: Storage, name: string, how: (user: User) => User): Promise<void> {
  return storage.transact(async (tx) => {
    const user = await readUser(tx, name);
    tx.put(userKey(name), userBytes(how(mustExist(user))));
  });
}

function mustExist(user: User | undefined): User {
  if (user === undefined) throw new Fault("invalid", "username does not exist");
  return user;
}
