/**
 * The login: exactly one comparison of a password with a hash, whoever is named and whatever is sent, so that time and
 * answer do not tell which users there are (CVE-2025-6010, CVE-2025-6011). Source: Vault API, userpass, "Login".
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Context, type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import { BadCredentials } from "../../contract/guards.ts";
import type { Passwords } from "../../contract/password.ts";
import type { LoginGrant } from "../../contract/token.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { isUsable } from "./password.ts";
import { readUser, type User } from "./user.ts";

const FIELDS = {
  username: { type: "string", about: "Name of the user, in any case", required: true },
  password: { type: "string", about: "The password", sensitive: true },
} as const satisfies Fields;

/** Of 50 random bytes that nobody kept, with the cost of every hash made here: what unknown users are compared with. */
const DUMMY = "$2a$10$Xctp4cBL2Eb6UTHGSleRXuAe2gxH8A.1uPkxsT/s5UHLg93btKSj2";

export function loginRoute(passwords: Passwords): Route {
  return route({
    path: "login/:username",
    about: "Trades a user's password for a token",
    login: true,
    fields: FIELDS,
    aliasOf: ({ username }) => Promise.resolve(username?.toLowerCase()),
    on: { update: { about: "Logs in", run: (values, context) => logIn(passwords, values, context) } },
  });
}

async function logIn(
  passwords: Passwords,
  { username, password = "" }: Values<typeof FIELDS>,
  { storage, call, mount }: Context,
): Promise<Reply> {
  if (password === "") throw new Fault("invalid", "missing password");
  const user = await readUser(storage, username);
  const fits = await passwords.compare(new Secret(password), user?.passwordHash.reveal() ?? DUMMY);
  if (user === undefined || !fits || !isUsable(password)) throw new BadCredentials();
  checkBoundCidrs(user.token, call.remote.address);
  return { login: grant(user, mount.uuid) };
}

function grant({ name, token }: User, mount: string): LoginGrant {
  return {
    ...grantOf(token),
    displayName: name,
    metadata: new Map([["username", name]]),
    alias: name,
    role: "",
    internal: new Map([
      ["mount", mount],
      ["username", name],
    ]),
  };
}
