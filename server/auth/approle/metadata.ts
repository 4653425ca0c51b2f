/**
 * The metadata of a secret id: a JSON object of strings as text, or "k=v,k2=v2". Source: Vault API, AppRole auth method,
 * "Generate new secret ID".
 */
import { Fault } from "../../../lib/fault.ts";
import { isJsonMap, type Json, type JsonMap, JsonNumber, parseJson } from "../../../lib/wire/json.ts";

/** Bytes of names and values together: it goes into every token of this secret id. */
const LARGEST = 16 * 1024;

/** @throws Fault "invalid" when it has another form, or is larger than 16 KiB */
export function parseMetadata(raw: Json | undefined): ReadonlyMap<string, string> {
  const pairs = read(raw);
  let size = 0;
  for (const [name, value] of pairs) size += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (size > LARGEST) throw new Fault("invalid", "failed to parse metadata: it may hold at most 16 KiB");
  return pairs;
}

function read(raw: Json | undefined): ReadonlyMap<string, string> {
  if (raw === undefined || raw === null) return new Map();
  if (isJsonMap(raw)) return strings(raw);
  if (typeof raw !== "string") throw wrong();
  const text = raw.trim();
  if (text === "") return new Map();
  return text.startsWith("{") ? strings(parsed(text)) : pairsOf(text);
}

function parsed(text: string): JsonMap {
  const value = readJson(text);
  if (!isJsonMap(value)) throw wrong();
  return value;
}

function readJson(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    throw wrong(cause);
  }
}

function strings(map: JsonMap): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of map) out.set(name, textOf(value));
  return out;
}

function textOf(value: Json): string {
  if (typeof value === "string") return value;
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === "boolean") return String(value);
  throw wrong();
}

function pairsOf(text: string): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const pair of text.split(",")) {
    const at = pair.indexOf("=");
    if (at < 1) throw wrong();
    out.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return out;
}

function wrong(cause?: unknown): Fault {
  return new Fault("invalid", 'failed to parse metadata: give a JSON object of strings, or "key=value,…"', { cause });
}
