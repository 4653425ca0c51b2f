/** `renew`, `renew-self`, `renew-accessor`: a new end within the limits that were set when the token was made and those its method sets now. */
import { Fault } from "../../../lib/fault.ts";
import { effectiveTtl } from "../../../lib/ttl.ts";
import {
  type Context,
  type Fields,
  type Place,
  type Renewal,
  type Reply,
  type Route,
  route,
} from "../../contract/engine.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { byAccessor, byToken, self, type Target } from "./caller.ts";
import { ACCESSOR_FIELD, TOKEN_FIELD, type TokenAuth } from "./parts.ts";
import { readRole } from "./role.ts";

const INCREMENT_FIELD = {
  increment: { type: "duration", about: "How long it shall live from now; else as long as at first" },
} as const satisfies Fields;

export function renewRoutes(parts: TokenAuth): readonly Route[] {
  return [
    route({
      path: "renew",
      about: "A token by its string",
      fields: { ...TOKEN_FIELD, ...INCREMENT_FIELD },
      on: {
        update: {
          about: "Renews a token",
          run: async ({ token, increment }, context) => {
            if (token === undefined || token === "") throw new Fault("invalid", "missing token ID");
            return renew(parts, await byToken(parts.tokens, token, context), increment);
          },
        },
      },
    }),
    route({
      path: "renew-self",
      about: "The caller's own token",
      fields: { ...TOKEN_FIELD, ...INCREMENT_FIELD },
      on: {
        update: {
          about: "Renews the caller's own token",
          run: ({ increment }, context: Context) => renew(parts, self(context), increment),
        },
      },
    }),
    route({
      path: "renew-accessor",
      about: "A token by its accessor",
      fields: { ...ACCESSOR_FIELD, ...INCREMENT_FIELD },
      on: {
        update: {
          about: "Renews a token without telling its string",
          run: async ({ accessor, increment }, context) => {
            const target = await byAccessor(parts.tokens, accessor, context);
            if (target === undefined) throw new Fault("invalid", "invalid accessor");
            return renew(parts, target, increment);
          },
        },
      },
    }),
  ];
}

async function renew(parts: TokenAuth, target: Target | undefined, increment: number | undefined): Promise<Reply> {
  if (target === undefined) throw new Fault("invalid", "token not found");
  const { entry, token } = target;
  if (entry.type === "batch") throw new Fault("invalid", "batch tokens cannot be renewed");
  if (!entry.renewable || entry.expireTime === 0) throw new Fault("invalid", "lease is not renewable");
  const mount = parts.mounts.find(entry.path);
  if (mount === undefined) throw new Fault("denied", "the auth method that made this token is gone");
  const { ttl: roleTtl, maxTtl, period } = (await parts.renewal(entry)) ?? asMade(entry);
  const now = parts.clock.now();
  const { ttl, warnings } = effectiveTtl({
    increment: increment ?? 0,
    ttl: roleTtl,
    maxTtl,
    explicitMaxTtl: entry.explicitMaxTtl,
    period,
    mountTtl: mount.defaultTtl,
    mountMaxTtl: mount.maxTtl,
    age: now - entry.creationTime,
  });
  const renewed = await parts.tokens.renew(entry, now + ttl, now);
  const subject = entry.entityId === "" ? undefined : await parts.identity.subject(entry.entityId);
  return { auth: { entry: renewed, clientToken: token, identityPolicies: subject?.policies ?? [] }, warnings };
}

/**
 * What a token made here goes by now: its role's period, and no longer than its role's maximum of today.
 * @throws Fault "denied" when its role is gone
 */
export async function renewMade(token: TokenEntry, { storage }: Place): Promise<Renewal> {
  if (token.role === "") return asMade(token);
  const role = await readRole(storage, token.role);
  if (role === undefined) {
    const name = JSON.stringify(token.role);
    throw new Fault("denied", `original token role ${name} could not be found, not renewing`);
  }
  return { ...asMade(token), period: role.period, maxTtl: role.explicitMaxTtl };
}

/** What a token goes by whose method has no say: its own first TTL. */
function asMade({ creationTtl, maxTtl, period }: TokenEntry): Renewal {
  return { ttl: creationTtl, maxTtl, period };
}
