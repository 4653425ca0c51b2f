/**
 * The AppRole auth method: machines log in with a role's id and a secret id, made by the server (pull) or by whoever
 * deploys them (push). Source: Vault docs and API, "AppRole auth method"; deviations are in docs/PROTOCOL.md.
 */
import { Fault } from "../../../lib/fault.ts";
import type { Engine, EngineEnv, EngineKind, Place, Renewal } from "../../contract/engine.ts";
import { textIn } from "../../contract/record.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { renewalOf } from "../renewal.ts";
import { loginRoute } from "./login.ts";
import { roleRoutes } from "./role-routes.ts";
import { readRole } from "./role-store.ts";
import { secretIdRoutes } from "./secret-id-routes.ts";
import { Sweep, tidyRoute } from "./sweep.ts";

export const approleAuth: EngineKind = {
  type: "approle",
  about: "Machines log in with a role's id and a secret id",
  kind: "auth",
  create,
};

function create(env: EngineEnv): Engine {
  const sweep = new Sweep(env);
  return {
    routes: [loginRoute(env), ...roleRoutes(env), ...secretIdRoutes(env), tidyRoute(sweep)],
    renew,
    run: (place, signal) => sweep.run(place, signal),
  };
}

/** By the role as it is now; its secret ids have no say. */
async function renew(token: TokenEntry, { storage }: Place): Promise<Renewal> {
  const name = textIn(token.internal, "role_name");
  const role = name === "" ? undefined : await readRole(storage, name);
  if (role === undefined) throw new Fault("denied", `role ${JSON.stringify(name)} does not exist during renewal`);
  return renewalOf(role.token);
}
