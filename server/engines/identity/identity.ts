/** The identity engine, always mounted at identity/: a table made of one file per group of routes. Source: Vault's API pages "/identity/…". */
import { Doorbell } from "../../../lib/doorbell.ts";
import type { EngineKind } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { aliasRoutes } from "./aliases.ts";
import { entityRoutes } from "./entities.ts";
import { groupAliasRoutes } from "./group-aliases.ts";
import { groupRoutes } from "./groups.ts";
import { lookupRoutes } from "./lookup.ts";
import { discoveryRoutes, effectiveIssuer } from "./oidc-discovery.ts";
import { keyRoutes, rotateByItself } from "./oidc-keys.ts";
import { roleRoutes } from "./oidc-roles.ts";
import { ReadyKeys, tokenRoutes } from "./oidc-tokens.ts";
import type { IdentityPorts } from "./ports.ts";

export function identityKind(ports: IdentityPorts): EngineKind {
  return {
    type: "identity",
    about: "Who stands behind tokens: entities, their names in auth methods, groups, and tokens that tell others so",
    kind: "secret",
    create: (env) => {
      const { apiAddr = "", identity } = ports;
      const tools = { ...env, bell: new Doorbell() };
      const ready = new ReadyKeys();
      const issuer = (reader: Reader): Promise<string> => effectiveIssuer(reader, apiAddr);
      const routes = [
        ...entityRoutes(ports),
        ...aliasRoutes(ports),
        ...groupRoutes(ports),
        ...groupAliasRoutes(ports),
        ...lookupRoutes(ports),
        ...discoveryRoutes({ ...env, apiAddr }),
        ...keyRoutes(tools),
        ...roleRoutes(tools),
        ...tokenRoutes({ clock: env.clock, identity, issuer }, ready),
      ];
      return {
        routes,
        run: ({ storage }, signal) => rotateByItself(tools, storage, signal),
        forget: () => {
          ready.forget();
        },
      };
    },
  };
}
