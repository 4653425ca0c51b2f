/**
 * The JSON twin of a configuration text, read with line and column of every key and value (`lib/wire/json.ts` reads
 * what comes over the wire, where places have no meaning). Source: RFC 8259; a key named twice in one object is refused.
 */
import { Cursor } from "./cursor.ts";
import type { HclLimits, ListValue, Member, ObjectValue, Value } from "./tree.ts";

const BLANK = /[ \t\r\n]+/y;
const PLAIN = /[ !#-[\]-\uffff]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.])/y;
const WORD = /(?:true|false|null)(?![0-9A-Za-z_])/y;

/** @throws Fault "invalid" with file, line and column of what is no JSON object, or of the limit that was passed */
export function readHclJson(text: string, file: string, limits: HclLimits): ObjectValue {
  const cursor = new Cursor(text, file, limits);
  cursor.take(BLANK);
  if (cursor.peek() !== "{") throw cursor.fault(`{ expected, found ${cursor.found()}`);
  const value = object(cursor, 1);
  cursor.take(BLANK);
  if (!cursor.ended) throw cursor.fault("text after the closing }");
  return value;
}

function object(cursor: Cursor, depth: number): ObjectValue {
  const at = cursor.place();
  const seen = new Set<string>();
  const members: Member[] = [];
  enclosed(cursor, depth, "}", () => {
    const keyAt = cursor.place();
    const key = string(cursor);
    if (key === undefined) throw cursor.fault(`key in quotes expected, found ${cursor.found()}`);
    if (seen.has(key)) throw cursor.fault(`key ${JSON.stringify(key)} is there twice`, cursor.at);
    seen.add(key);
    cursor.take(BLANK);
    if (cursor.peek() !== ":") throw cursor.fault(`: expected, found ${cursor.found()}`);
    cursor.at += 1;
    cursor.take(BLANK);
    members.push({ key, at: keyAt, labels: [], value: value(cursor, depth) });
  });
  return { kind: "object", members, at };
}

function list(cursor: Cursor, depth: number): ListValue {
  const at = cursor.place();
  const items: Value[] = [];
  enclosed(cursor, depth, "]", () => items.push(value(cursor, depth)));
  return { kind: "list", items, at };
}

/** What stands between brackets, parted by commas; a comma at the end is refused. */
function enclosed(cursor: Cursor, depth: number, close: "}" | "]", item: () => void): void {
  cursor.deep(depth);
  cursor.at += 1;
  cursor.take(BLANK);
  if (cursor.peek() === close) {
    cursor.at += 1;
    return;
  }
  for (;;) {
    cursor.take(BLANK);
    item();
    cursor.count();
    cursor.take(BLANK);
    const c = cursor.peek();
    if (c !== close && c !== ",") throw cursor.fault(`comma or ${close} expected, found ${cursor.found()}`);
    cursor.at += 1;
    if (c === close) return;
  }
}

function value(cursor: Cursor, depth: number): Value {
  const c = cursor.peek();
  if (c === "{") return object(cursor, depth + 1);
  if (c === "[") return list(cursor, depth + 1);
  const at = cursor.place();
  const text = string(cursor);
  if (text !== undefined) return { kind: "string", text, at };
  const number = cursor.take(NUMBER);
  if (number !== undefined) return { kind: "number", text: number, at };
  const word = cursor.take(WORD);
  if (word === undefined) throw cursor.fault(`value expected, found ${cursor.found()}`);
  return word === "null" ? { kind: "null", at } : { kind: "bool", value: word === "true", at };
}

function string(cursor: Cursor): string | undefined {
  if (cursor.peek() !== '"') return undefined;
  const start = cursor.at;
  cursor.at += 1;
  while (cursor.peek() !== '"') {
    if (cursor.take(PLAIN) === undefined && cursor.take(ESCAPE) === undefined) {
      const what = cursor.ended ? "string is not closed" : "bad escape or control character in a string";
      throw cursor.fault(what, cursor.ended ? start : cursor.at);
    }
  }
  cursor.at += 1;
  return JSON.parse(cursor.text.slice(start, cursor.at)) as string;
}
