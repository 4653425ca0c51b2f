/**
 * The login: a token of the configured issuer that fits the role. In order: algorithm, signature, issuer, subject,
 * audience, times, then the user, the groups and the bound claims. It has no `aliasOf`: who a token is for is known only
 * once it has been verified, and a signature is nothing that a lockout could keep from being guessed.
 * Source: Vault API, JWT auth method, "JWT login"; RFC 8725.
 */
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, type JsonMap } from "../../../lib/wire/json.ts";
import {
  type Context,
  type EngineEnv,
  type Fields,
  type Reply,
  type Route,
  route,
  type Values,
} from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { mustMatch } from "./bound-claims.ts";
import { asList, claimAt } from "./claims.ts";
import { type Config, readConfig } from "./config.ts";
import type { KeySets } from "./key-sets.ts";
import { ALGORITHMS } from "./keys.ts";
import { type Role, readRole } from "./role.ts";
import { mustBeCurrent, mustBeFresh } from "./times.ts";
import { BadToken, readHeader, verifiedClaims } from "./verify.ts";

const FIELDS = {
  role: { type: "string", about: "The role to log in with; without it the configured default_role" },
  jwt: { type: "string", about: "The signed token", sensitive: true },
} as const satisfies Fields;

type LoginValues = Partial<Values<typeof FIELDS>>;

/** Groups of one user. */
const MOST_GROUPS = 1000;

export function loginRoute(env: EngineEnv, keySets: KeySets): Route {
  return route({
    path: "login",
    about: "Trades a signed token of the issuer for one of ours",
    login: true,
    fields: FIELDS,
    roleOf: async (values, { storage }) => {
      const config = await readConfig(storage);
      return config === undefined ? undefined : (await roleOf(config, values, storage))?.name;
    },
    on: { update: { about: "Logs in", run: (values, context) => logIn(env, keySets, values, context) } },
  });
}

function roleOf(config: Config, values: LoginValues, storage: Reader): Promise<Role | undefined> {
  const name = wanted(config, values);
  return name === "" ? Promise.resolve(undefined) : readRole(storage, name);
}

function wanted({ defaultRole }: Config, { role }: LoginValues): string {
  return role === undefined || role === "" ? defaultRole : role;
}

async function logIn(env: EngineEnv, keySets: KeySets, values: LoginValues, context: Context): Promise<Reply> {
  const { storage, call } = context;
  const config = await readConfig(storage);
  if (config === undefined) throw new Fault("invalid", "could not load configuration");
  const name = wanted(config, values);
  if (name === "") throw new Fault("invalid", "missing role");
  const role = await readRole(storage, name);
  if (role === undefined) throw new Fault("invalid", `role ${JSON.stringify(name)} could not be found`);
  const token = values.jwt?.trim() ?? "";
  if (token === "") throw new Fault("invalid", "missing token");
  checkBoundCidrs(role.token, call.remote.address);
  const claims = await verify(keySets, config, token);
  const now = env.clock.now();
  checkNames(config, role, claims);
  mustBeCurrent(claims, role, now);
  mustBeFresh(claims, role.maxAge, role, now);
  const alias = userOf(role, claims);
  const metadata = metadataOf(role, claims);
  const groupAliases = groupsOf(role, claims);
  mustMatch(role.boundClaimsType, role.boundClaims, claims);
  return {
    login: {
      ...grantOf(role.token),
      displayName: alias,
      alias,
      metadata,
      aliasMetadata: metadata,
      groupAliases,
      role: role.name,
      internal: new Map([["role", role.name]]),
    },
  };
}

async function verify(keySets: KeySets, { source, algorithms }: Config, token: string): Promise<JsonMap> {
  const header = readHeader(token, algorithms.length === 0 ? ALGORITHMS : algorithms);
  const known = await verifiedClaims(token, header, await keySets.keys(source));
  if (known !== undefined) return known;
  const newer = await keySets.newer(source);
  const claims = newer === undefined ? undefined : await verifiedClaims(token, header, newer);
  if (claims === undefined) throw new BadToken("error verifying token signature: no known key has signed it");
  return claims;
}

function checkNames({ boundIssuer }: Config, role: Role, claims: JsonMap): void {
  if (boundIssuer !== "" && claims.get("iss") !== boundIssuer) throw new BadToken("invalid issuer (iss) claim");
  if (role.boundSubject !== "" && claims.get("sub") !== role.boundSubject) {
    throw new BadToken("invalid subject (sub) claim");
  }
  const audiences = claimAt(claims, "aud");
  const named = isJsonList(audiences) && role.boundAudiences.some((audience) => audiences.includes(audience));
  if (!named) {
    throw new BadToken("invalid audience (aud) claim: audience claim does not match any expected audience");
  }
}

function userOf({ userClaim, userClaimJsonPointer }: Role, claims: JsonMap): string {
  const value = userClaimJsonPointer ? claimAt(claims, userClaim) : claims.get(userClaim);
  const shown = JSON.stringify(userClaim);
  if (value === undefined || value === null) throw new Fault("invalid", `claim ${shown} not found in token`);
  if (typeof value !== "string") throw new Fault("invalid", `claim ${shown} could not be converted to string`);
  if (value.trim() === "") throw new Fault("invalid", `claim ${shown} is empty`);
  return value;
}

function metadataOf(role: Role, claims: JsonMap): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [claim, name] of role.claimMappings) {
    const value = claimAt(claims, claim);
    if (value === undefined) continue;
    if (typeof value !== "string") throw new Fault("invalid", `error converting claim '${claim}' to string`);
    out.set(name, value);
  }
  return out.set("role", role.name);
}

/** @returns none for a role without a groups claim: a login through it leaves the groups that another role gave */
function groupsOf({ groupsClaim }: Role, claims: JsonMap): readonly string[] {
  if (groupsClaim === "") return [];
  const shown = JSON.stringify(groupsClaim);
  const value = claimAt(claims, groupsClaim);
  if (value === undefined) throw new Fault("invalid", `failed to fetch groups: ${shown} claim not found in token`);
  const list = asList(value);
  if (list === undefined) throw new Fault("invalid", `${shown} claim could not be converted to string list`);
  if (list.length > MOST_GROUPS)
    throw new Fault("invalid", `${shown} claim has more than ${String(MOST_GROUPS)} groups`);
  const groups: string[] = [];
  for (const group of list) {
    if (typeof group !== "string") throw new Fault("invalid", `a value in the ${shown} claim is no string`);
    if (group !== "") groups.push(group);
  }
  return [...new Set(groups)];
}
