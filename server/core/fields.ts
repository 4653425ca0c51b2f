/**
 * A request's members against its route's fields: every value the handler sees has been checked and has the type its
 * field names. As weak in what it takes as Vault ("5" is a number, 5 is a string), because clients rely on it; an error
 * names the field and the fix and never repeats a value. Source: Vault's API page, "Parameter types"; `FieldType` in
 * the framework's documentation.
 */

import { parseDuration } from "../../lib/duration.ts";
import { Fault } from "../../lib/fault.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import type { Operation } from "../contract/call.ts";
import type { Field, Route } from "../contract/engine.ts";

export interface Checked {
  /** By field name, without a prototype; what did not pass is absent. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The first thing wrong; told to the client only after its token and policy have passed. */
  readonly fault: Fault | undefined;
  /** Members that no field takes, in order. */
  readonly ignored: readonly string[];
}

const NONE: readonly string[] = [];
const WRITES: ReadonlySet<Operation> = new Set(["create", "update", "patch"]);

/**
 * A required field must be there when something is written; a read, list or delete has no body to hold it.
 * @param params from the path: they win over members of the body, as in Vault
 */
export function checkFields(
  route: Route,
  params: ReadonlyMap<string, string>,
  data: JsonMap,
  operation: Operation = "update",
): Checked {
  const writes = WRITES.has(operation);
  const values = Object.create(null) as Record<string, unknown>;
  let fault: Fault | undefined;
  for (const [name, field] of Object.entries(route.fields)) {
    try {
      const value = readMember(name, field, params.get(name) ?? data.get(name), writes);
      if (value !== undefined) values[name] = value;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fault ??= error;
    }
  }
  const ignored = route.openBody === true || data.size === 0 ? NONE : unknownMembers(route, data);
  return { values, fault, ignored };
}

function unknownMembers(route: Route, data: JsonMap): readonly string[] {
  let out: string[] | undefined;
  for (const name of data.keys()) if (!Object.hasOwn(route.fields, name)) (out ??= []).push(name);
  return out?.sort() ?? NONE;
}

type Read = (name: string, raw: Json) => unknown;

const READ: Readonly<Record<Field["type"], Read>> = {
  string: readString,
  int: readInt,
  bool: readBool,
  duration: readMs,
  strings: readStrings,
  texts: readTexts,
  map: readMap,
  json: (_name, raw) => raw,
};

/** null is as good as absent, as in Vault; a field of type "json" may really hold it. */
function readMember(name: string, field: Field, raw: Json | undefined, writes: boolean): unknown {
  if (raw !== undefined && (raw !== null || field.type === "json")) return readField(name, field, raw);
  if (field.required === true && writes)
    throw new Fault(
      "invalid",
      `missing field "${name}": ${field.about.charAt(0).toLowerCase()}${field.about.slice(1)}`,
    );
  return undefined;
}

function readField(name: string, field: Field, raw: Json): unknown {
  const value = READ[field.type](name, raw);
  if (field.oneOf !== undefined && !(typeof value === "string" && field.oneOf.includes(value))) {
    throw new Fault("invalid", `field "${name}" must be one of ${field.oneOf.map((x) => `"${x}"`).join(", ")}`);
  }
  return value;
}

function wrong(name: string, what: string): Fault {
  return new Fault("invalid", `field "${name}" must be ${what}`);
}

/** As Go's weak decoding: a number is its text, a boolean "true" or "false". */
function textOf(raw: Json): string | undefined {
  if (typeof raw === "string") return raw;
  if (raw instanceof JsonNumber) return raw.text;
  return typeof raw === "boolean" ? String(raw) : undefined;
}

function readString(name: string, raw: Json): string {
  const text = textOf(raw);
  if (text === undefined) throw wrong(name, "a string");
  return text;
}

function readInt(name: string, raw: Json): number {
  const text = raw instanceof JsonNumber ? raw.text : typeof raw === "string" ? raw.trim() : undefined;
  if (text === "") return 0;
  const value = text !== undefined && /^-?\d+(?:\.0+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw wrong(name, "a whole number");
  return value;
}

/** The words of Go's strconv.ParseBool. */
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False", ""]);

function readBool(name: string, raw: Json): boolean {
  if (typeof raw === "boolean") return raw;
  const text = textOf(raw);
  if (text !== undefined && TRUE.has(text)) return true;
  if (text !== undefined && FALSE.has(text)) return false;
  throw wrong(name, "true or false");
}

function readMs(name: string, raw: Json): number {
  const text = raw instanceof JsonNumber || typeof raw === "string" ? textOf(raw) : undefined;
  if (text === "") return 0;
  try {
    return parseDuration(text ?? "");
  } catch (error) {
    throw new Fault(
      "invalid",
      `field "${name}" must be a duration of at most 100 years: seconds (90) or a form such as 1h30m`,
      {
        cause: error,
      },
    );
  }
}

function readStrings(name: string, raw: Json): readonly string[] {
  if (isJsonList(raw)) {
    return raw.map((item) => {
      const text = textOf(item);
      if (text === undefined) throw wrong(name, "a list of strings");
      return text.trim();
    });
  }
  const text = textOf(raw);
  if (text === undefined) throw wrong(name, "a list of strings, or one string with commas");
  return text.trim() === "" ? [] : text.split(",").map((part) => part.trim());
}

function readTexts(name: string, raw: Json): ReadonlyMap<string, string> {
  if (isJsonMap(raw)) {
    const out = new Map<string, string>();
    for (const [key, item] of raw) {
      const text = textOf(item);
      if (text === undefined) throw wrong(name, "an object whose members are strings");
      out.set(key, text);
    }
    return out;
  }
  return new Map(readStrings(name, raw).map((pair) => splitPair(name, pair)));
}

function splitPair(name: string, pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw wrong(name, 'an object of strings, or a list of "key=value"');
  return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

function readMap(name: string, raw: Json): JsonMap {
  if (!isJsonMap(raw)) throw wrong(name, "an object");
  return raw;
}
