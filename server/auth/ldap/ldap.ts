/** The ldap auth method: people who log in with their name and password in a directory. Source: Vault docs and API, "LDAP auth method". */
import type { EngineKind } from "../../contract/engine.ts";
import type { Ldap } from "../../contract/ldap.ts";
import { configRoute } from "./config-update.ts";
import { loginRoute, renewToken } from "./login.ts";
import { mappingRoutes } from "./mappings.ts";

export function ldapAuth(ldap: Ldap): EngineKind {
  return {
    type: "ldap",
    about: "People log in with their name and password in an LDAP directory",
    kind: "auth",
    create: () => ({
      routes: [loginRoute(ldap), configRoute(ldap), ...mappingRoutes()],
      renew: (token, place) => renewToken(ldap, token, place),
    }),
  };
}
