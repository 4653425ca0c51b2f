/**
 * The data of a request or reply as it goes into an entry: every string leaf as its HMAC, numbers and booleans too where
 * the field is sensitive, keys in clear, whatever the mount exempts as it is. Writes JSON text at once: no tree in between.
 * Source: Vault, "Audit devices" page, section "Sensitive information"; `audit_non_hmac_*_keys` of the mount's tune name
 * keys of the top level only, as there.
 */
import {
  type Encodable,
  type EncodableRecord,
  JsonNumber,
  parseJson,
  RawJson,
  stringifyJson,
} from "../../lib/wire/json.ts";
import type { Route } from "../contract/engine.ts";
import type { Hasher } from "./hasher.ts";

export type Data = EncodableRecord | ReadonlyMap<string, Encodable> | RawJson;

/** What was accepted once, within the listener's limits, is read here again without any of its own but a sane depth. */
const LIMITS = { depth: 2000, members: 50_000_000 };

/** @param exempt keys of the top level that stay clear */
export function maskData(hasher: Hasher, data: Data, route: Route | undefined, exempt: readonly string[]): string {
  const members = membersOf(data instanceof RawJson ? parseJson(data.text, LIMITS) : data);
  if (members === undefined) return maskValue(hasher, data, true);
  return joined(members, (name, value) => {
    if (exempt.includes(name)) return stringifyJson(value);
    return maskValue(hasher, value, isSensitive(route, name));
  });
}

/** Where a route takes members that no field names, the body is the secret; without a route nothing is known to be harmless. */
function isSensitive(route: Route | undefined, name: string): boolean {
  if (route === undefined) return true;
  const field = Object.hasOwn(route.fields, name) ? route.fields[name] : undefined;
  return field === undefined ? route.openBody === true : field.sensitive === true;
}

/** @param all numbers and booleans too */
function maskValue(hasher: Hasher, value: Encodable, all: boolean): string {
  if (typeof value === "string") return `"${hasher.hash(value)}"`;
  if (value === null) return "null";
  if (value instanceof RawJson) return maskValue(hasher, parseJson(value.text, LIMITS), all);
  if (typeof value !== "object" || value instanceof JsonNumber) {
    const text = stringifyJson(value);
    return all ? `"${hasher.hash(text)}"` : text;
  }
  if (Array.isArray(value)) {
    return `[${(value as readonly Encodable[]).map((item) => maskValue(hasher, item, all)).join(",")}]`;
  }
  return joined(membersOf(value) ?? [], (_, member) => maskValue(hasher, member, all));
}

function membersOf(value: Encodable): Iterable<readonly [string, Encodable | undefined]> | undefined {
  if (value instanceof Map) return value as ReadonlyMap<string, Encodable>;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (value instanceof JsonNumber || value instanceof RawJson) return undefined;
  return Object.entries(value);
}

function joined(
  members: Iterable<readonly [string, Encodable | undefined]>,
  show: (name: string, value: Encodable) => string,
): string {
  let out = "";
  for (const [name, value] of members) {
    if (value !== undefined) out += `${out === "" ? "" : ","}${JSON.stringify(name)}:${show(name, value)}`;
  }
  return `{${out}}`;
}
