/** `revoke`, `revoke-self`, `revoke-accessor` end a token with its tree, `revoke-orphan` the token alone. */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import { byAccessor, byToken, self, type Target } from "./caller.ts";
import { ACCESSOR_FIELD, TOKEN_FIELD, type TokenAuth } from "./parts.ts";

export function revokeRoutes(parts: TokenAuth): readonly Route[] {
  const { tokens } = parts;
  return [
    route({
      path: "revoke",
      about: "A token by its string",
      fields: TOKEN_FIELD,
      on: {
        update: {
          about: "Revokes a token and its whole tree",
          run: async ({ token }, context) => {
            const target = await byToken(tokens, named(token), context);
            if (target !== undefined) await tokens.revoke(revocable(target));
            return undefined;
          },
        },
      },
    }),
    route({
      path: "revoke-self",
      about: "The caller's own token",
      fields: {},
      on: {
        update: {
          about: "Revokes the caller's own token and its whole tree",
          run: async (_values, context) => {
            await tokens.revoke(revocable(self(context)));
            return undefined;
          },
        },
      },
    }),
    route({
      path: "revoke-accessor",
      about: "A token by its accessor",
      fields: ACCESSOR_FIELD,
      on: {
        update: {
          about: "Revokes a token and its whole tree",
          run: async ({ accessor }, context) => {
            const target = await byAccessor(tokens, accessor, context);
            if (target === undefined) return { warnings: ["No token found with this accessor"] };
            await tokens.revoke(revocable(target));
            return undefined;
          },
        },
      },
    }),
    revokeOrphanRoute(parts),
  ];
}

function revokeOrphanRoute({ tokens, sudo }: TokenAuth): Route {
  return route({
    path: "revoke-orphan",
    about: "A token by its string, without its children",
    fields: TOKEN_FIELD,
    sudo: true,
    on: {
      update: {
        about: "Revokes a token alone: its children become orphans",
        run: async ({ token }, context) => {
          const text = named(token);
          if (!(await sudo(context))) {
            throw new Fault("invalid", "root or sudo privileges required to revoke and orphan");
          }
          const target = await byToken(tokens, text, context);
          if (target === undefined) throw new Fault("invalid", "token to revoke not found");
          await tokens.revokeOrphan(revocable(target));
          return undefined;
        },
      },
    },
  });
}

/** Nothing of a batch token is stored: it ends with its time or its parent. @returns its id */
function revocable({ entry }: Target): string {
  if (entry.type === "batch") throw new Fault("invalid", "batch tokens cannot be revoked");
  return entry.id;
}

function named(token: string | undefined): string {
  if (token === undefined || token === "") throw new Fault("invalid", "missing token ID");
  return token;
}
