/**
 * `oidc/config` and `oidc/.well-known/…`: who signs, and the keys to check it with, for everyone. Source: Vault's API page
 * "/identity/oidc"; OpenID Connect Discovery 1.0; RFC 7517.
 */
import type { Clock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import { RawJson } from "../../../lib/wire/json.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { keysInUse } from "./oidc-keys.ts";
import { ALGORITHMS, CONFIG, encodeIssuer, readIssuer } from "./oidc-record.ts";
import { published } from "./oidc-ring.ts";

const ISSUER_WARNING =
  'If "issuer" is set explicitly, all tokens must be validated against that address. Setting issuer to "" restores the server\'s own api_addr.';
const NO_ADDRESS_WARNING =
  'Both "issuer" and the server\'s "api_addr" are empty. The issuer claim in generated tokens will not be network reachable.';

export interface DiscoveryTools {
  readonly clock: Clock;
  readonly random: Random;
  /** "" when it is not known. */
  readonly apiAddr: string;
}

/** Of the tokens: what was set, else the server's own address. */
export async function effectiveIssuer(reader: Reader, apiAddr: string): Promise<string> {
  const issuer = await readIssuer(reader);
  return `${(issuer === "" ? apiAddr : issuer).replace(/\/$/, "")}/v1/identity/oidc`;
}

export function discoveryRoutes(tools: DiscoveryTools): readonly Route[] {
  return [configRoute(tools), documentRoute(tools), keysRoute(tools)];
}

function configRoute({ apiAddr }: DiscoveryTools): Route {
  return route({
    path: "oidc/config",
    about: "Who signs identity tokens",
    fields: {
      issuer: { type: "string", about: 'Scheme, host and port that verifiers reach this server by; "" for api_addr' },
    },
    on: {
      read: {
        about: "Reads the issuer",
        run: async (_, { storage }) => {
          const issuer = await readIssuer(storage);
          const warnings = issuer === "" && apiAddr === "" ? { warnings: [NO_ADDRESS_WARNING] } : {};
          return { data: { issuer }, ...warnings };
        },
      },
      update: {
        about: "Sets the issuer",
        run: async ({ issuer }, { storage }) => {
          if (issuer === undefined) return undefined;
          checkIssuer(issuer);
          await storage.transact((tx) => {
            tx.put(CONFIG, encodeIssuer(issuer));
            return Promise.resolve();
          });
          return issuer === "" ? undefined : { warnings: [ISSUER_WARNING] };
        },
      },
    },
  });
}

function checkIssuer(issuer: string): void {
  if (issuer === "") return;
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const scheme = url?.protocol === "https:" || url?.protocol === "http:";
  if (!scheme || !/^https?:\/\/[^/?#@\s]+$/i.test(issuer)) {
    throw new Fault(
      "invalid",
      "invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)",
    );
  }
}

function documentRoute({ apiAddr }: DiscoveryTools): Route {
  return route({
    path: "oidc/.well-known/openid-configuration",
    about: "The discovery document",
    fields: {},
    unauthenticated: true,
    on: {
      read: {
        about: "Tells where the keys are",
        run: async (_, { storage }) => {
          const issuer = await effectiveIssuer(storage, apiAddr);
          return {
            bare: {
              issuer,
              jwks_uri: `${issuer}/.well-known/keys`,
              response_types_supported: ["id_token"],
              subject_types_supported: ["public"],
              id_token_signing_alg_values_supported: ALGORITHMS,
            },
            headers: new Map([["cache-control", "max-age=3600"]]),
          };
        },
      },
    },
  });
}

function keysRoute(tools: DiscoveryTools): Route {
  return route({
    path: "oidc/.well-known/keys",
    about: "The public keys",
    fields: {},
    unauthenticated: true,
    on: {
      read: { about: "Shows the keys that tokens of a role are signed with", run: (_, c) => keySet(tools, c.storage) },
    },
  });
}

/**
 * A verifier may keep the set for less than any key of it is published ahead or after: then it always knows the key that
 * signs, and none for long that signs no more. Spread, so that not all ask again at once.
 */
async function keySet({ clock, random }: DiscoveryTools, reader: Reader): Promise<Reply> {
  const now = clock.now();
  const keys = await keysInUse(reader);
  const shown = keys.flatMap((key) => published(key, now).map(({ jwk }) => new RawJson(jwk)));
  if (keys.length === 0) return { bare: { keys: [] } };
  const shortest = Math.min(
    ...keys.map(({ rotationPeriod, verificationTtl }) => Math.min(rotationPeriod, verificationTtl)),
  );
  const age = Math.floor((random.fraction() * shortest) / 1000);
  return { bare: { keys: shown }, headers: new Map([["cache-control", `max-age=${String(age)}`]]) };
}
