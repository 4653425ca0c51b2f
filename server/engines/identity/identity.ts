/** The identity engine, always mounted at identity/: a table made of one file per group of routes. Source: Vault's API pages "/identity/…". */
import type { EngineKind } from "../../contract/engine.ts";
import { aliasRoutes } from "./aliases.ts";
import { entityRoutes } from "./entities.ts";
import { groupAliasRoutes } from "./group-aliases.ts";
import { groupRoutes } from "./groups.ts";
import { lookupRoutes } from "./lookup.ts";
import type { IdentityPorts } from "./ports.ts";

export function identityKind(ports: IdentityPorts): EngineKind {
  return {
    type: "identity",
    about: "Who stands behind tokens: entities, their names in auth methods, groups, and tokens that tell others so",
    kind: "secret",
    create: () => ({
      routes: [
        ...entityRoutes(ports),
        ...aliasRoutes(ports),
        ...groupRoutes(ports),
        ...groupAliasRoutes(ports),
        ...lookupRoutes(ports),
      ],
    }),
  };
}
