/** -format=json and -format=yaml: the reply's own members, keys of maps sorted as Go sorts them, numbers as sent. */
import { Document, type ScalarTag } from "yaml";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber, stringifyJson } from "../../lib/wire/json.ts";
import { sorted } from "./text.ts";

export type Format = "table" | "json" | "yaml";

export function isFormat(text: string): text is Format {
  return text === "table" || text === "json" || text === "yaml";
}

/** @returns text that ends in a newline */
export function encode(value: Json, format: "json" | "yaml"): string {
  return format === "json" ? `${prettyJson(value, "")}\n` : yamlText(value);
}

function prettyJson(value: Json, indent: string): string {
  const inner = `${indent}  `;
  if (isJsonList(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => inner + prettyJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (isJsonMap(value)) {
    if (value.size === 0) return "{}";
    const members = [...value].map(([name, member]) => `${inner}${JSON.stringify(name)}: ${prettyJson(member, inner)}`);
    return `{\n${members.join(",\n")}\n${indent}}`;
  }
  return stringifyJson(value);
}

/** Numbers keep their text: 12345678901234567890 and 1.0 read back as they were sent. */
const numberTag: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof JsonNumber,
  resolve: (text) => text,
  stringify: (item) => (item.value instanceof JsonNumber ? item.value.text : String(item.value)),
};

function yamlText(value: Json): string {
  return new Document(value, { customTags: (tags) => [numberTag, ...tags] }).toString({ lineWidth: 0 });
}

/** Sorts the keys of every map below `value`; the order of lists is theirs. */
export function sortKeys(value: Json): Json {
  if (isJsonList(value)) return value.map(sortKeys);
  if (!isJsonMap(value)) return value;
  return new Map(sorted(value).map(([name, member]) => [name, sortKeys(member)]));
}

const ENVELOPE = ["request_id", "lease_id", "lease_duration", "renewable", "data", "warnings", "auth", "wrap_info"];

/** A reply as `vault read -format=json` shows it: its members in a fixed order, `auth` and `wrap_info` only when there. */
export function envelopeForOutput(body: JsonMap): JsonMap {
  const out = new Map<string, Json>();
  for (const name of ENVELOPE) {
    const value = body.get(name);
    if (value === undefined) continue;
    if (value === null && (name === "auth" || name === "wrap_info")) continue;
    out.set(name, sortKeys(value));
  }
  return out;
}
