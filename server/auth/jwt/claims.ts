/**
 * Claims of a token by name, or by JSON pointer when the name begins with "/".
 * Source: RFC 6901; Vault API, JWT auth method, `bound_claims`, `user_claim_json_pointer`, `groups_claim`.
 */
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../lib/wire/json.ts";

/** @returns undefined when there is nothing, or null */
export function claimAt(claims: JsonMap, name: string): Json | undefined {
  const value = name.startsWith("/") ? pointed(claims, name) : claims.get(name);
  if (value === null || value === undefined) return undefined;
  // RFC 7519 section 4.1.3: one audience may stand without its list.
  return name === "aud" && typeof value === "string" ? [value] : value;
}

/**
 * @param pointer "" or a text that begins with "/"
 * @returns undefined where it leads nowhere, or is no pointer
 */
export function pointed(document: Json, pointer: string): Json | undefined {
  if (pointer === "") return document;
  let at: Json | undefined = document;
  for (const token of pointer.slice(1).split("/")) {
    if (/~(?![01])/.test(token)) return undefined;
    at = step(at, token.replaceAll("~1", "/").replaceAll("~0", "~"));
    if (at === undefined) return undefined;
  }
  return at;
}

function step(at: Json, name: string): Json | undefined {
  if (isJsonMap(at)) return at.get(name);
  if (isJsonList(at) && /^(?:0|[1-9]\d{0,8})$/.test(name)) return at[Number(name)];
  return undefined;
}

/** A list as it is, a scalar as a list of one, as issuers write a single value. @returns undefined for an object or null */
export function asList(value: Json): readonly Json[] | undefined {
  if (isJsonList(value)) return value;
  return value === null || isJsonMap(value) ? undefined : [value];
}
