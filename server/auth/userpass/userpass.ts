/** The userpass auth method: people who log in with a name and a password kept here. Source: Vault docs and API, "Userpass auth method". */
import { Fault } from "../../../lib/fault.ts";
import type { EngineKind, Place, Renewal } from "../../contract/engine.ts";
import type { Passwords } from "../../contract/password.ts";
import { textIn } from "../../contract/record.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { mustComeFrom, mustStillHave, renewalOf } from "../renewal.ts";
import { loginRoute } from "./login.ts";
import { readUser } from "./user.ts";
import { userRoutes } from "./users.ts";

export function userpassAuth(passwords: Passwords): EngineKind {
  return {
    type: "userpass",
    about: "People log in with a name and a password that are kept here",
    kind: "auth",
    create: () => ({
      routes: [loginRoute(passwords), ...userRoutes(passwords)],
      renew: renewToken,
    }),
  };
}

/** @throws Fault "denied" when the user is gone or has other policies by now */
async function renewToken({ internal, policies }: TokenEntry, { storage, mount }: Place): Promise<Renewal> {
  mustComeFrom(mount, internal);
  const user = await readUser(storage, textIn(internal, "username"));
  if (user === undefined) throw new Fault("denied", "the user of the token is gone");
  mustStillHave(user.token.policies, policies, "policies have changed, not renewing");
  return renewalOf(user.token);
}
