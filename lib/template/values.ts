/** What a template computes with, and how each kind is called in Go. Maps are Map, so no key is special. */
import { JsonNumber } from "../wire/json.ts";
import { byteLength, compareText } from "./bytes.ts";

/**
 * A value that is not known yet. Whatever is computed from it is unknown as well: it prints as nothing, a branch or loop
 * over it is skipped, and a function never sees it.
 */
export const PENDING = Symbol("pending");

/**
 * A Go struct (or pointer to one): a closed set of fields. To ask for another one is an error whatever `missingKey` says.
 */
export class Struct {
  /** As error messages and `%T` name it. */
  readonly type: string;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: string, fields: ReadonlyMap<string, Value>) {
    this.type = type;
    this.fields = fields;
  }
}

/**
 * - `undefined`: Go's zero `reflect.Value`, what a missing key gives, prints `<no value>`
 * - `null`: nil
 * - `bigint`: int, always within 64 bits
 * - `number`: float64
 * - `JsonNumber`: json.Number, a kind of string that holds the number as it was written
 */
export type Value =
  | undefined
  | null
  | boolean
  | string
  | bigint
  | number
  | JsonNumber
  | readonly Value[]
  | ValueMap
  | Struct
  | typeof PENDING;

export type ValueMap = ReadonlyMap<string, Value>;

export function isMap(value: Value): value is ValueMap {
  return value instanceof Map;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Go's `reflect.Type.String()` of the value. */
export function typeName(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (value instanceof JsonNumber) return "json.Number";
  if (value instanceof Struct) return value.type;
  if (isList(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  return PLAIN_TYPES[typeof value] ?? "interface {}";
}

const PLAIN_TYPES: Readonly<Record<string, string>> = {
  boolean: "bool",
  string: "string",
  bigint: "int",
  number: "float64",
};

/** The text of a string kind (string or json.Number), `undefined` for anything else. */
export function stringKind(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof JsonNumber ? value.text : undefined;
}

/** Go's notion of "not the zero of its type". */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return value !== 0n;
  if (typeof value === "number") return value !== 0;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  const text = stringKind(value);
  return text === undefined || text !== "";
}

/** Length of a string kind (bytes), list or map; `undefined` for what has none. */
export function lengthOf(value: Value): number | undefined {
  const text = stringKind(value);
  if (text !== undefined) return byteLength(text);
  if (isList(value)) return value.length;
  return isMap(value) ? value.size : undefined;
}

/** The members in Go's order for printing and `range`: sorted by key. */
export function sortedEntries(map: ValueMap): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => compareText(a, b));
}
