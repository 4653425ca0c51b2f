/** `lookup`, `lookup-self`, `lookup-accessor`, `accessors`: what is known about tokens. The parent is never told: its name would be a way up. */

import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Context, type Reply, type Route, route } from "../../contract/engine.ts";
import { byAccessor, byToken, self, type Target } from "./caller.ts";
import { ACCESSOR_FIELD, TOKEN_FIELD, type TokenAuth } from "./parts.ts";

/** A list that memory and a reply can hold. */
const MOST_ACCESSORS = 100_000;
const CUT = `Only the first ${String(MOST_ACCESSORS)} accessors that were found are listed`;

export function lookupRoutes(parts: TokenAuth): readonly Route[] {
  const show = async (target: Target | undefined): Promise<Reply> => {
    if (target === undefined) throw new Fault("denied", "bad token");
    const { entityId } = target.entry;
    const subject = entityId === "" ? undefined : await parts.identity.subject(entityId);
    return { data: describe(target, subject?.policies ?? [], parts.clock.now()) };
  };
  const lookup = {
    about: "Looks a token up; without one, the caller's own",
    run: async ({ token }: { readonly token: string | undefined }, context: Context): Promise<Reply> =>
      show(token === undefined || token === "" ? self(context) : await byToken(parts.tokens, token, context)),
  };
  const lookupSelf = {
    about: "Looks the caller's own token up",
    run: (_values: unknown, context: Context): Promise<Reply> => show(self(context)),
  };
  return [
    route({
      path: "lookup",
      about: "A token by its string",
      fields: TOKEN_FIELD,
      on: { read: lookup, update: lookup },
    }),
    route({
      path: "lookup-self",
      about: "The caller's own token",
      fields: TOKEN_FIELD,
      on: { read: lookupSelf, update: lookupSelf },
    }),
    route({
      path: "lookup-accessor",
      about: "A token by its accessor",
      fields: ACCESSOR_FIELD,
      on: {
        update: {
          about: "Looks a token up without telling its string",
          run: async ({ accessor }, context) => {
            const target = await byAccessor(parts.tokens, accessor, context);
            if (target === undefined) throw new Fault("invalid", "invalid accessor");
            return show(target);
          },
        },
      },
    }),
    accessorsRoute(parts),
  ];
}

function accessorsRoute({ tokens }: TokenAuth): Route {
  return route({
    path: "accessors",
    about: "The accessors of all tokens",
    fields: {},
    sudo: true,
    on: {
      list: {
        about: "Lists the accessors of all live tokens",
        run: async () => {
          const keys = await tokens.accessors(MOST_ACCESSORS);
          if (keys.length === 0) throw new Fault("not-found", "no tokens", { errors: [] });
          const cut = keys.length === MOST_ACCESSORS;
          return { data: { keys }, ...(cut ? { warnings: [CUT] } : undefined) };
        },
      },
    },
  });
}

/** Members as Vault's, in its (alphabetical) order; those that do not apply are left out as it leaves them out. */
function describe({ entry, token }: Target, identityPolicies: readonly string[], now: number): EncodableRecord {
  const expires = entry.expireTime !== 0;
  const ofIdentity = identityPolicies.length === 0 ? undefined : identityPolicies;
  return {
    accessor: entry.accessor,
    bound_cidrs: entry.boundCidrs.length === 0 ? undefined : entry.boundCidrs,
    creation_time: toSeconds(entry.creationTime),
    creation_ttl: toSeconds(entry.creationTtl),
    display_name: entry.displayName,
    entity_id: entry.entityId,
    expire_time: expires ? formatTime(entry.expireTime) : null,
    explicit_max_ttl: toSeconds(entry.explicitMaxTtl),
    external_namespace_policies: ofIdentity && {},
    id: token === undefined ? "" : token.reveal(),
    identity_policies: ofIdentity,
    issue_time: expires ? formatTime(entry.creationTime) : undefined,
    ...renewed(entry),
    meta: entry.metadata.size === 0 ? null : entry.metadata,
    num_uses: Math.max(0, entry.numUses),
    orphan: entry.orphan,
    path: entry.path,
    period: entry.period === 0 ? undefined : toSeconds(entry.period),
    policies: entry.policies,
    renewable: expires ? entry.renewable : undefined,
    role: entry.role === "" ? undefined : entry.role,
    // A client takes 0 for "never expires": a token that lives has a second at least.
    ttl: expires ? Math.max(1, Math.round((entry.expireTime - now) / 1000)) : 0,
    type: entry.type,
  };
}

function renewed({ lastRenewalTime: time }: Target["entry"]): EncodableRecord {
  return time === 0 ? {} : { last_renewal: formatTime(time), last_renewal_time: toSeconds(time) };
}
