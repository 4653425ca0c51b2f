/**
 * The auth method "token", always mounted at auth/token/: tokens made by tokens, looked up, renewed and revoked.
 * Source: Vault's API page "Token auth method" and its page "Tokens".
 */
import type { EngineKind } from "../../contract/engine.ts";
import { createRoutes } from "./create.ts";
import { lookupRoutes } from "./lookup.ts";
import type { TokenAuthPorts } from "./parts.ts";
import { renewMade, renewRoutes } from "./renew.ts";
import { revokeRoutes } from "./revoke.ts";
import { roleRoutes } from "./role-routes.ts";
import { tidyRoute } from "./tidy.ts";

export function tokenAuth(ports: TokenAuthPorts): EngineKind {
  return {
    type: "token",
    about: "token based credentials",
    kind: "auth",
    create: ({ clock, log }) => {
      const parts = { ...ports, clock, log };
      return {
        routes: [
          ...createRoutes(parts),
          ...lookupRoutes(parts),
          ...renewRoutes(parts),
          ...revokeRoutes(parts),
          ...roleRoutes(),
          tidyRoute(parts),
        ],
        renew: renewMade,
      };
    },
  };
}
