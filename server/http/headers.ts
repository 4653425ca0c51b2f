/** Request headers as the API reads them: one pass over what came, names in lower case, the token taken out. */
import type { IncomingMessage } from "node:http";
import { parseDuration } from "../../lib/duration.ts";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";

export interface Headers {
  readonly token: Secret | undefined;
  /** Names in lower case, a repeated one joined by ", "; without the token and authorization headers. */
  readonly rest: ReadonlyMap<string, string>;
}

/** Names as clients write them are few: lowering each once is enough. Bounded, for names made up by an attacker. */
const lowered = new Map<string, string>();
const MOST_NAMES = 512;

function lower(name: string): string {
  const known = lowered.get(name);
  if (known !== undefined) return known;
  const text = name.toLowerCase();
  if (lowered.size < MOST_NAMES && name.length <= 64) lowered.set(name, text);
  return text;
}

/** @throws Fault "invalid" when a token header comes twice, or two headers bring different tokens */
export function readHeaders(req: IncomingMessage): Headers {
  const rest = new Map<string, string>();
  const raw = req.rawHeaders;
  let token: string | undefined;
  let authorization: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lower(raw[i] ?? "");
    const value = raw[i + 1] ?? "";
    if (name === "x-vault-token") token = once(token, value, "X-Vault-Token");
    else if (name === "authorization") authorization = once(authorization, value, "Authorization");
    else {
      const before = rest.get(name);
      rest.set(name, before === undefined ? value : `${before}, ${value}`);
    }
  }
  return { token: tokenOf(token ?? "", bearer(authorization)), rest };
}

function once(before: string | undefined, value: string, name: string): string {
  if (before !== undefined) throw new Fault("invalid", `the header ${name} was sent twice`);
  return value;
}

/** Other schemes than Bearer are not ours and are left alone, as in Vault. */
function bearer(authorization: string | undefined): string {
  if (authorization?.slice(0, 7).toLowerCase() !== "bearer ") return "";
  return authorization.slice(7).trim();
}

function tokenOf(token: string, authorization: string): Secret | undefined {
  if (token !== "" && authorization !== "" && token !== authorization) {
    throw new Fault("invalid", "the headers X-Vault-Token and Authorization bring different tokens");
  }
  const text = token === "" ? authorization : token;
  return text === "" ? undefined : new Secret(text);
}

/** Milliseconds of X-Vault-Wrap-TTL; undefined without it and for 0. @throws Fault "invalid" for what is no duration */
export function readWrapTtl(headers: ReadonlyMap<string, string>): number | undefined {
  const text = headers.get("x-vault-wrap-ttl");
  if (text === undefined || text === "") return undefined;
  try {
    const ms = parseDuration(text);
    return ms === 0 ? undefined : ms;
  } catch (cause) {
    throw new Fault("invalid", "the header X-Vault-Wrap-TTL is no duration: use seconds or a form such as 5m", {
      cause,
    });
  }
}

/** There is only the root namespace. @throws Fault "invalid" for any other */
export function checkNamespace(headers: ReadonlyMap<string, string>): void {
  const name = headers.get("x-vault-namespace");
  if (name === undefined || name === "" || /^\/?(?:root)?\/?$/.test(name)) return;
  throw new Fault("not-found", "no such namespace: this server has only the root namespace");
}
