/** The ways to get a token, behind one interface. A login is tried again by whoever called it, never in here. */
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";
import { type ApiReply, apiFault } from "../../lib/wire/api.ts";
import { isJsonList, isJsonMap, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";

/** What a login gave. */
export interface Grant {
  readonly token: Secret;
  /** Names the token in the server's audit log; "" when unknown. */
  readonly accessor: string;
  /** Milliseconds the token lives from now on; 0 = it has no end. */
  readonly ttl: number;
  readonly renewable: boolean;
  readonly policies: readonly string[];
}

export interface LoginMethod {
  /** "aws" or "token_file": for the log and the status. */
  readonly name: string;
  /** @throws Fault whose message is one line for people: what happened, and what to do about it */
  login(signal: AbortSignal): Promise<Grant>;
}

/** @param what as in `apiFault` @throws Fault for an error status and for a body that has no token */
export function grantFromLogin(what: string, reply: ApiReply): Grant {
  if (reply.status >= 400) throw apiFault(what, reply);
  const auth = reply.body?.get("auth");
  if (!isJsonMap(auth)) throw new Fault("upstream", `${what}: the reply has no auth part`);
  const token = auth.get("client_token");
  if (typeof token !== "string" || token === "") throw new Fault("upstream", `${what}: the reply has no token`);
  return grant(new Secret(token), auth, "lease_duration");
}

/** @param token the one that was looked up */
export function grantFromLookup(what: string, token: Secret, reply: ApiReply): Grant {
  if (reply.status >= 400) throw apiFault(what, reply);
  const data = reply.body?.get("data");
  if (!isJsonMap(data)) throw new Fault("upstream", `${what}: the reply has no data`);
  return grant(token, data, "ttl");
}

function grant(token: Secret, fields: JsonMap, ttlField: string): Grant {
  const accessor = fields.get("accessor");
  const policies = fields.get("policies");
  return {
    token,
    accessor: typeof accessor === "string" ? accessor : "",
    ttl: seconds(fields, ttlField) * 1000,
    renewable: fields.get("renewable") === true,
    policies: isJsonList(policies) ? policies.filter((name) => typeof name === "string") : [],
  };
}

function seconds(fields: JsonMap, name: string): number {
  const value = fields.get(name);
  const number = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  return Number.isFinite(number) && number > 0 ? Math.floor(number) : 0;
}
