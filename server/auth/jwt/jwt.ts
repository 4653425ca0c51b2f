/**
 * The JWT auth method: whoever shows a token that a trusted issuer has signed gets one of ours. Also mounted as type
 * "oidc", as in Vault. Source: Vault docs and API, "JWT/OIDC auth method"; deviations are in docs/PROTOCOL.md.
 */
import { Fault } from "../../../lib/fault.ts";
import type { Engine, EngineEnv, EngineKind, Place, Renewal } from "../../contract/engine.ts";
import type { IssuerDocuments } from "../../contract/jwks.ts";
import { textIn } from "../../contract/record.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { renewalOf } from "../renewal.ts";
import { browserFlowRoutes } from "./browser-flow.ts";
import { configRoute } from "./config.ts";
import { KeySets } from "./key-sets.ts";
import { loginRoute } from "./login.ts";
import { readRole } from "./role.ts";
import { roleRoutes } from "./role-routes.ts";

export function jwtAuth(documents: IssuerDocuments): EngineKind {
  return kind("jwt", documents);
}

/** The same under its other name. */
export function oidcAuth(documents: IssuerDocuments): EngineKind {
  return kind("oidc", documents);
}

function kind(type: string, documents: IssuerDocuments): EngineKind {
  return {
    type,
    about: "Whoever shows a token that a trusted issuer has signed",
    kind: "auth",
    create: (env) => create(env, documents),
  };
}

function create(env: EngineEnv, documents: IssuerDocuments): Engine {
  const keySets = new KeySets(env, documents);
  return {
    routes: [loginRoute(env, keySets), configRoute(keySets), ...roleRoutes(), ...browserFlowRoutes()],
    renew,
    forget: () => {
      keySets.forget();
    },
  };
}

/** By the role as it is now; the issuer is not asked again. */
async function renew(token: TokenEntry, { storage }: Place): Promise<Renewal> {
  const name = textIn(token.internal, "role");
  const role = name === "" ? undefined : await readRole(storage, name);
  if (role === undefined) throw new Fault("denied", `role ${JSON.stringify(name)} does not exist during renewal`);
  return renewalOf(role.token);
}
