/** sys/wrapping: replies in tokens that open once. Source: Vault's API pages "/sys/wrapping/wrap", "…/lookup", "…/rewrap", "…/unwrap". */
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { RawJson } from "../../../lib/wire/json.ts";
import { type Context, type Fields, type Reply, type Route, route } from "../../contract/engine.ts";
import { noWrappingToken, type Opener } from "../../contract/wrapping.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "wrapping">;

const TOKEN = {
  token: { type: "string", about: "The wrapping token; without it the one in the header", sensitive: true },
} as const satisfies Fields;

export function wrappingRoutes(ports: Ports): readonly Route[] {
  return [wrapRoute(), lookupRoute(ports), unwrapRoute(ports), rewrapRoute(ports)];
}

/** The core wraps every reply that is asked to be: this one only hands back what it was given. */
function wrapRoute(): Route {
  return route({
    path: "wrapping/wrap",
    about: "Any data, in a wrapping token",
    fields: {},
    openBody: true,
    on: {
      update: {
        about: "Wraps the members of the body",
        run: (_values, { call }) => {
          if (call.wrapTtl === undefined) throw new Fault("invalid", "endpoint requires response wrapping to be used");
          return Promise.resolve({ data: call.data });
        },
      },
    },
  });
}

function lookupRoute({ wrapping }: Ports): Route {
  const lookup = {
    about: "Shows when, where and for how long the token was made",
    run: async ({ token }: { readonly token: string | undefined }, { call }: Context): Promise<Reply> => {
      const asked = token === undefined || token === "" ? call.token : new Secret(token);
      if (asked === undefined) throw new Fault("invalid", 'missing "token" value in input');
      const { creationPath, creationTime, creationTtl } = await wrapping.lookup(asked);
      return {
        data: {
          creation_path: creationPath,
          creation_time: formatTime(creationTime),
          creation_ttl: toSeconds(creationTtl),
        },
      };
    },
  };
  return route({
    path: "wrapping/lookup",
    about: "What is told about a wrapping token without opening it",
    fields: TOKEN,
    unauthenticated: true,
    on: { read: lookup, update: lookup },
  });
}

/** The wrapped reply comes as it would have come then, its own request id in it. */
function unwrapRoute({ wrapping }: Ports): Route {
  return route({
    path: "wrapping/unwrap",
    about: "The reply in a wrapping token",
    fields: TOKEN,
    opensWrapping: true,
    // Whatever was wrapped is a secret to the audit, its numbers too.
    openBody: true,
    on: {
      update: {
        about: "Opens the token, once",
        run: async ({ token }, context) => {
          const { text: body, status } = await wrapping.open(opener(token, context));
          return { status, text: { contentType: "application/json", body }, data: new RawJson(body) };
        },
      },
    },
  });
}

function rewrapRoute({ wrapping }: Ports): Route {
  return route({
    path: "wrapping/rewrap",
    about: "A new wrapping token for an old one",
    fields: TOKEN,
    opensWrapping: true,
    on: {
      update: {
        about: "Moves what is wrapped into a new token with the same time to live",
        run: async ({ token }, context) => ({ wrap: await wrapping.rewrap(opener(token, context)) }),
      },
    },
  });
}

/** Whose token is in the header and nowhere else has had its one use taken by the core. */
function opener(token: string | undefined, { call, token: entry }: Context): Opener {
  const named = token === undefined || token === "" ? undefined : new Secret(token);
  if (named !== undefined && call.token?.equals(named) !== true) return named;
  if (entry === undefined) throw noWrappingToken();
  return entry;
}
