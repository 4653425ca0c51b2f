/** `toJSON`, `toJSONPretty`, `parseJSON` as Go's encoding/json and consul-template have them. */
import { Fault } from "../../lib/fault.ts";
import { wellFormed } from "../../lib/template/bytes.ts";
import { isList, isMap, Struct, sortedEntries, type Value } from "../../lib/template/values.ts";
import { isJsonList, isJsonMap, type Json, JsonNumber, parseJson } from "../../lib/wire/json.ts";

/** Go escapes these so that JSON may stand in HTML and JavaScript. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** "html" escapes <, >, &, U+2028 and U+2029, as Go does; "plain" leaves them. */
type Escapes = "html" | "plain";

interface Style {
  readonly escapes: Escapes;
  readonly indent: string;
}

/** @returns compact JSON, members sorted by key; json.Number keeps its text */
export function encodeJson(value: Value): string {
  return write(value, "", { escapes: "html", indent: "" });
}

/** @returns JSON indented by two blanks a level, as Go's `MarshalIndent(v, "", "  ")` */
export function encodeJsonPretty(value: Value, escapes: Escapes = "html"): string {
  return write(value, "\n", { escapes, indent: "  " });
}

function write(value: Value, newline: string, style: Style): string {
  if (value === undefined || value === null) return "null";
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === "string") return quote(value, style);
  if (typeof value === "number") return numberText(value);
  if (isList(value)) {
    const items = value.map((item) => write(item, newline + style.indent, style));
    return wrap("[", items, "]", newline, style);
  }
  if (isMap(value) || value instanceof Struct) return writeMembers(value, newline, style);
  return String(value);
}

function writeMembers(value: ReadonlyMap<string, Value> | Struct, newline: string, style: Style): string {
  const entries = value instanceof Struct ? [...value.fields] : sortedEntries(value);
  const colon = style.indent === "" ? ":" : ": ";
  const members = entries.map(
    ([key, member]) => quote(key, style) + colon + write(member, newline + style.indent, style),
  );
  return wrap("{", members, "}", newline, style);
}

function wrap(open: string, items: readonly string[], close: string, newline: string, { indent }: Style): string {
  if (items.length === 0) return open + close;
  return open + newline + indent + items.join(`,${newline}${indent}`) + newline + close;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new Fault("invalid", "JSON has no infinite numbers");
  return Object.is(value, -0) ? "-0" : String(value);
}

function quote(text: string, { escapes }: Style): string {
  const quoted = JSON.stringify(wellFormed(text));
  if (escapes === "plain") return quoted;
  return quoted.replace(ESCAPED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Numbers become float64, as in consul-template; only one that a float64 cannot hold (a long integer, 1e400) keeps its
 * text, where Go would round or refuse it.
 * @throws Fault "invalid" naming the position
 */
export function decodeJson(text: string): Value {
  return text === "" ? new Map() : decoded(parseJson(text));
}

function decoded(value: Json): Value {
  if (value instanceof JsonNumber) return isLossless(value.text) ? Number(value.text) : value;
  if (typeof value === "string") return wellFormed(value);
  if (isJsonList(value)) return value.map(decoded);
  if (isJsonMap(value)) return new Map([...value].map(([key, member]) => [wellFormed(key), decoded(member)]));
  return value;
}

function isLossless(text: string): boolean {
  const number = Number(text);
  if (!Number.isFinite(number)) return false;
  return Number.isSafeInteger(number) || !/^-?[0-9]+$/.test(text) || BigInt(number) === BigInt(text);
}
