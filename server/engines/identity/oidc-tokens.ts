/** `oidc/token` and `oidc/introspect`: signed tokens that tell others who the caller is. Source: Vault's API page "/identity/oidc"; RFC 7519. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { CompactSign, compactVerify, decodeProtectedHeader } from "jose";
import type { Clock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";
import { Lru } from "../../../lib/lru.ts";
import {
  type Encodable,
  isJsonList,
  type JsonMap,
  JsonNumber,
  parseJsonMap,
  stringifyJson,
} from "../../../lib/wire/json.ts";
import { type Context, type Reply, type Route, route } from "../../contract/engine.ts";
import type { Identity } from "../../contract/identity.ts";
import type { Storage } from "../../contract/storage.ts";
import { keysInUse } from "./oidc-keys.ts";
import { type RingKey, readKey, readRole } from "./oidc-record.ts";
import { published } from "./oidc-ring.ts";
import { compileClaims } from "./oidc-template.ts";

/** Keys kept ready. */
const MOST_READY = 128;
/** Characters of a token to be introspected. */
const LONGEST = 65_536;

export interface TokenTools {
  readonly clock: Clock;
  readonly identity: Pick<Identity, "subject">;
  readonly issuer: (storage: Storage) => Promise<string>;
}

/** Private keys as the signer takes them, by their id; dropped at seal. */
export class ReadyKeys {
  readonly #keys = new Lru<KeyObject>(MOST_READY);

  of({ kid, secret }: RingKey): KeyObject {
    const known = this.#keys.get(kid);
    if (known !== undefined) return known;
    const der = Buffer.from(secret, "base64");
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    this.#keys.set(kid, key);
    return key;
  }

  forget(): void {
    this.#keys.clear();
  }
}

export function tokenRoutes(tools: TokenTools, ready: ReadyKeys): readonly Route[] {
  return [
    route({
      path: "oidc/token/:name",
      about: "A token for the caller",
      fields: { name: { type: "string", about: "The role", required: true } },
      on: {
        read: { about: "Signs a token for the caller's entity", run: ({ name }, c) => sign(tools, ready, name, c) },
      },
    }),
    route({
      path: "oidc/introspect",
      about: "A token's check",
      fields: {
        token: { type: "string", about: "The token to check", sensitive: true },
        client_id: { type: "string", about: "Who it must be meant for" },
      },
      on: {
        update: {
          about: "Tells whether the token is valid and its entity is there and enabled",
          run: async ({ token = "", client_id: client }, { storage }) => {
            const error = await wrongWith(tools, storage, token, client ?? "");
            return { bare: error === undefined ? { active: true } : { active: false, error } };
          },
        },
      },
    }),
  ];
}

async function sign(tools: TokenTools, ready: ReadyKeys, name: string, context: Context): Promise<Reply> {
  const { storage, subject } = context;
  const role = await readRole(storage, name);
  if (role === undefined) throw new Fault("invalid", `role ${JSON.stringify(name)} not found`);
  const key = await readKey(storage, role.key);
  if (key === undefined) throw new Fault("invalid", `key ${JSON.stringify(role.key)} not found`);
  if (!key.allowedClients.includes("*") && !key.allowedClients.includes(role.clientId)) {
    throw new Fault(
      "invalid",
      `the key ${JSON.stringify(role.key)} does not list the client ID of the role ${JSON.stringify(name)} as an allowed client ID`,
    );
  }
  if (subject === undefined) throw new Fault("invalid", "no entity associated with the request's token");
  const now = tools.clock.now();
  const ttl = Math.min(role.ttl, key.verificationTtl);
  const seconds = Math.floor(now / 1000);
  const claims = new Map<string, Encodable>([
    ["iss", await tools.issuer(storage)],
    ["namespace", "root"],
    ["sub", subject.id],
    ["aud", role.clientId],
    ["exp", seconds + Math.floor(ttl / 1000)],
    ["iat", seconds],
    ...(role.template === "" ? [] : compileClaims(role.template)({ subject, now })),
  ]);
  const token = await new CompactSign(Buffer.from(stringifyJson(claims)))
    .setProtectedHeader({ alg: key.signing.algorithm, kid: key.signing.kid })
    .sign(ready.of(key.signing));
  return { data: { token, client_id: role.clientId, ttl: Math.floor(ttl / 1000) } };
}

/** @returns undefined when the token is good */
async function wrongWith(
  tools: TokenTools,
  storage: Storage,
  token: string,
  client: string,
): Promise<string | undefined> {
  const now = tools.clock.now();
  const kid = kidOf(token);
  if (kid === undefined) return "error parsing token: it is no signed token in compact form";
  const key = (await keysInUse(storage)).flatMap((one) => published(one, now)).find((one) => one.kid === kid);
  const claims = key === undefined ? undefined : await verified(token, key);
  if (claims === undefined) return "unable to validate the token signature";
  const wrong = wrongClaim(claims, await tools.issuer(storage), client, now);
  if (wrong !== undefined) return `error validating claims: ${wrong}`;
  const sub = claims.get("sub");
  const subject = typeof sub === "string" ? await tools.identity.subject(sub) : undefined;
  if (subject === undefined) return "entity was not found";
  return subject.disabled ? "entity is disabled" : undefined;
}

function kidOf(token: string): string | undefined {
  if (token.length > LONGEST || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined;
  }
}

async function verified(token: string, { jwk, algorithm }: RingKey): Promise<JsonMap | undefined> {
  const key = createPublicKey({ key: JSON.parse(jwk) as JsonWebKey, format: "jwk" });
  const payload = await compactVerify(token, key, { algorithms: [algorithm] }).then(
    (result) => result.payload,
    () => undefined,
  );
  return payload === undefined ? undefined : parseJsonMap(Buffer.from(payload).toString("utf8"));
}

function wrongClaim(claims: JsonMap, issuer: string, client: string, now: number): string | undefined {
  if (claims.get("iss") !== issuer) return "validation failed, invalid issuer claim (iss)";
  const aud = claims.get("aud");
  const audience = isJsonList(aud) ? aud : [aud];
  if (client !== "" && !audience.includes(client)) return "validation failed, invalid audience claim (aud)";
  const exp = claims.get("exp");
  const expired = !(exp instanceof JsonNumber) || Number(exp.text) * 1000 <= now;
  return expired ? "validation failed, token is expired (exp)" : undefined;
}
