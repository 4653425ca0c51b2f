/**
 * The auth method "token", always mounted at auth/token/: tokens made by tokens, looked up, renewed and revoked.
 * Source: Vault's API page "Token auth method" and its page "Tokens".
 */
import type { Context, EngineKind } from "../../contract/engine.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { Policies } from "../../contract/policy.ts";
import type { RenewLogin, Tokens } from "../../contract/tokens.ts";
import { createRoutes } from "./create.ts";
import { lookupRoutes } from "./lookup.ts";
import type { TokenAuth } from "./parts.ts";
import { renewRoutes } from "./renew.ts";
import { revokeRoutes } from "./revoke.ts";

/** What the method reaches the rest of the server by. */
export interface TokenPorts {
  readonly tokens: Tokens;
  readonly policies: Pick<Policies, "acl" | "read">;
  readonly mounts: Pick<Mounts, "find">;
  readonly renewal: RenewLogin;
}

export function tokenKind({ tokens, policies, mounts, renewal }: TokenPorts): EngineKind {
  return {
    type: "token",
    about: "token based credentials",
    kind: "auth",
    create: ({ clock }) => {
      const parts: TokenAuth = {
        tokens,
        mounts,
        renewal,
        clock,
        sudo: (context) => hasSudo(policies, context),
        hasPolicy: async (name) => (await policies.read(name)) !== undefined,
      };
      return {
        routes: [...createRoutes(parts), ...lookupRoutes(parts), ...renewRoutes(parts), ...revokeRoutes(parts)],
      };
    },
  };
}

async function hasSudo(policies: TokenPorts["policies"], { token, call }: Context): Promise<boolean> {
  if (token === undefined) return false;
  const acl = await policies.acl(token.policies);
  return acl.decide({ operation: call.operation, path: call.path, data: undefined, wrapTtl: undefined }).sudo;
}
