/**
 * Routes whose answer is always the same: what belongs to other editions of Vault, or is switched off as in Vault's own
 * default. Those not listed here answer 404 "unsupported path" like any path that is none (docs/PROTOCOL.md names them).
 */
import { Fault } from "../../../lib/fault.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Fields, type Reply, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";

const DISABLED = { mode: "disabled" } as const;
const INTROSPECTION = 'The Vault configuration must set "introspection_endpoint" to true to enable this endpoint';

export function fixedRoutes(): readonly Route[] {
  return [
    told("experiments", "Experimental features, of which there are none", {
      data: { available_experiments: [], enabled: [] },
    }),
    open("internal/ui/feature-flags", "Flags for the user interface, of which there are none", {
      bare: { feature_flags: [] },
    }),
    open("replication/status", "Replication, which there is none of", {
      data: { dr: DISABLED, performance: DISABLED },
    }),
    open("replication/dr/status", "Disaster recovery replication, which there is none of", { data: DISABLED }),
    open("replication/performance/status", "Performance replication, which there is none of", { data: DISABLED }),
    uiNamespaces(),
    namespaces(),
    refused("internal/inspect/router/:tag", { tag: { type: "string", about: "Which part", required: true } }),
    refused("internal/inspect/request", {}),
    validateRoute(),
  ];
}

function told(path: string, about: string, reply: Reply): Route {
  return route({ path, about, fields: {}, on: { read: { about: "Reads it", run: () => Promise.resolve(reply) } } });
}

function open(
  path: string,
  about: string,
  reply: { readonly data?: EncodableRecord; readonly bare?: EncodableRecord },
): Route {
  return route({
    path,
    about,
    fields: {},
    unauthenticated: true,
    on: { read: { about: "Reads it", run: () => Promise.resolve(reply) } },
  });
}

function uiNamespaces(): Route {
  return route({
    path: "internal/ui/namespaces",
    about: "Namespaces below the root, of which there are none",
    fields: {},
    unauthenticated: true,
    on: {
      read: {
        about: "Lists them",
        run: (_values, { token }) => {
          if (token === undefined) throw new Fault("denied", "permission denied");
          return Promise.resolve({ data: { keys: [] } });
        },
      },
    },
  });
}

function namespaces(): Route {
  return route({
    path: "namespaces",
    about: "Namespaces below the root, of which there are none",
    fields: {},
    on: { list: { about: "Lists them", run: () => Promise.reject(nothingHere()) } },
  });
}

/** As Vault without `introspection_endpoint = true`, which is its default. */
function refused(path: string, fields: Fields): Route {
  return route({
    path,
    about: "The server's inside, which is not shown",
    fields,
    sudo: true,
    on: { read: { about: "Refuses", run: () => Promise.reject(new Fault("invalid", INTROSPECTION)) } },
  });
}

/** There is no login MFA, so there is no request that could be validated. */
function validateRoute(): Route {
  return route({
    path: "mfa/validate",
    about: "The second step of a login, which no login here has",
    fields: {
      mfa_request_id: { type: "string", about: "From the login's reply", required: true },
      mfa_payload: { type: "map", about: "Methods and their codes", required: true, sensitive: true },
    },
    unauthenticated: true,
    on: { update: { about: "Refuses", run: () => Promise.reject(new Fault("invalid", "invalid request ID")) } },
  });
}
