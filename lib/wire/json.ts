/**
 * The one JSON reader and writer. Numbers keep their text (12345678901234567890, 1.0, 1e400), objects are
 * Maps, so "__proto__" and "10" are ordinary keys in the order they were sent, and depth and member count
 * are checked while reading. Source: RFC 8259; the limits answer CVE-2025-6203 (JSON complexity).
 */
import { Fault } from "../fault.ts";

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): number {
    return Number(this.text);
  }
}

/** Text that is JSON already, put into the output as it is. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonMap;
export type JsonMap = ReadonlyMap<string, Json>;

/** What the writer takes: what was read, and what we build ourselves. `undefined` members are left out. */
export type Encodable =
  | null
  | boolean
  | string
  | number
  | JsonNumber
  | RawJson
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | EncodableRecord;

export interface EncodableRecord {
  readonly [name: string]: Encodable | undefined;
}

export interface JsonLimits {
  /** Nested arrays and objects. */
  readonly depth: number;
  /** Members of all objects and elements of all arrays together. */
  readonly members: number;
  /** Refuse an object that names a key twice (identity documents); otherwise the last one counts, as in Go. */
  readonly unique?: boolean;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = { depth: 64, members: 100_000 };

/**
 * @throws Fault "invalid" naming the position (never the text) of what is no JSON, or the limit that was passed
 */
export function parseJson(text: string, limits: JsonLimits = DEFAULT_JSON_LIMITS): Json {
  const reader = new Reader(text, limits);
  const value = reader.value(0);
  reader.end();
  return value;
}

/** As `parseJson`, for a text that must be an object. */
export function parseJsonMap(text: string, limits?: JsonLimits): JsonMap {
  const value = parseJson(text, limits);
  if (!isJsonMap(value)) throw new Fault("invalid", "JSON object expected");
  return value;
}

export function isJsonMap(value: unknown): value is JsonMap {
  return value instanceof Map;
}

export function isJsonList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[ !#-[\]-\uffff]*/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const WORDS: readonly (readonly [string, null | boolean])[] = [
  ["null", null],
  ["true", true],
  ["false", false],
];

class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;
  #members = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  value(depth: number): Json {
    this.#blank();
    const c = this.#text[this.#at];
    if (c === "{") return this.#object(depth + 1);
    if (c === "[") return this.#array(depth + 1);
    if (c === '"') return this.#string();
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text);
    if (number !== null) {
      this.#at = NUMBER.lastIndex;
      return new JsonNumber(number[0]);
    }
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    throw this.#bad("value expected");
  }

  end(): void {
    this.#blank();
    if (this.#at !== this.#text.length) throw this.#bad("text after the value");
  }

  #object(depth: number): JsonMap {
    this.#deep(depth);
    const map = new Map<string, Json>();
    this.#at += 1;
    if (this.#next("}")) return map;
    do {
      this.#blank();
      if (this.#text[this.#at] !== '"') throw this.#bad("member name expected");
      const name = this.#string();
      if (this.#limits.unique === true && map.has(name)) throw this.#bad("duplicate key");
      if (!this.#next(":")) throw this.#bad("colon expected");
      map.set(name, this.value(depth));
      this.#count();
    } while (this.#next(","));
    if (!this.#next("}")) throw this.#bad("comma or } expected");
    return map;
  }

  #array(depth: number): readonly Json[] {
    this.#deep(depth);
    const list: Json[] = [];
    this.#at += 1;
    if (this.#next("]")) return list;
    do {
      list.push(this.value(depth));
      this.#count();
    } while (this.#next(","));
    if (!this.#next("]")) throw this.#bad("comma or ] expected");
    return list;
  }

  #string(): string {
    const start = this.#at;
    PLAIN.lastIndex = start + 1;
    PLAIN.exec(this.#text);
    const end = PLAIN.lastIndex;
    if (this.#text.charCodeAt(end) !== QUOTE) return this.#escaped(start, end);
    this.#at = end + 1;
    return this.#text.slice(start + 1, end);
  }

  /**
   * A string with escapes, left to the platform's reader: one escape after the other in JavaScript takes seconds for a
   * body of 32 MiB, in which nobody else is served. @param from the first character that is not plain
   */
  #escaped(start: number, from: number): string {
    let at = from;
    for (let c = this.#text.charCodeAt(at); c !== QUOTE; c = this.#text.charCodeAt(at)) {
      // NaN past the end.
      if (!(c >= 0x20)) {
        this.#at = at;
        throw this.#bad("unterminated string or control character in it");
      }
      at += c === BACKSLASH ? 2 : 1;
    }
    try {
      const value = JSON.parse(this.#text.slice(start, at + 1)) as string;
      this.#at = at + 1;
      return value;
    } catch {
      this.#at = start;
      throw this.#bad("string with a bad escape");
    }
  }

  #next(c: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== c) return false;
    this.#at += 1;
    return true;
  }

  #blank(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at += 1;
    }
  }

  #deep(depth: number): void {
    if (depth > this.#limits.depth)
      throw new Fault("invalid", `JSON is nested deeper than ${String(this.#limits.depth)}`);
  }

  #count(): void {
    this.#members += 1;
    if (this.#members > this.#limits.members) {
      throw new Fault("invalid", `JSON has more than ${String(this.#limits.members)} members`);
    }
  }

  #bad(what: string): Fault {
    return new Fault("invalid", `invalid JSON at character ${String(this.#at + 1)}: ${what}`);
  }
}

/** @returns compact JSON; Maps keep their order, lone surrogates are escaped so that the result is always UTF-8. */
export function stringifyJson(value: Encodable): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return typeof value === "number" ? numberText(value) : String(value);
  if (value === null) return "null";
  if (value instanceof JsonNumber || value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${(value as readonly Encodable[]).map(stringifyJson).join(",")}]`;
  return objectText(value instanceof Map ? (value as ReadonlyMap<string, Encodable>) : Object.entries(value));
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}

function objectText(members: Iterable<readonly [string, Encodable | undefined]>): string {
  let out = "";
  for (const [name, member] of members) {
    if (member === undefined) continue;
    out += `${out === "" ? "" : ","}${JSON.stringify(name)}:${stringifyJson(member)}`;
  }
  return `{${out}}`;
}
