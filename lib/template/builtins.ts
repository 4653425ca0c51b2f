/** The functions every Go template has, except `and`, `or` and `call`, which the evaluator knows. Source: `text/template/funcs.go`. */
import { Fault } from "../fault.ts";
import { JsonNumber } from "../wire/json.ts";
import { bytesFromText, textFromBytes } from "./bytes.ts";
import { COMPARISONS } from "./compare.ts";
import { escapeHtml, escapeJs, escapeQuery } from "./escape.ts";
import type { FunctionMap, TemplateFunction } from "./functions.ts";
import { sprintf } from "./printf.ts";
import { isList, isMap, isTrue, lengthOf, stringKind, typeName, type Value } from "./values.ts";
import { sprint, sprintln } from "./verbs.ts";

function length(value: Value): Value {
  const size = lengthOf(value);
  if (size !== undefined) return BigInt(size);
  throw new Fault("invalid", isNil(value) ? "len of nil pointer" : `len of type ${typeName(value)}`);
}

function index([item, ...keys]: readonly Value[]): Value {
  if (isNil(item)) throw new Fault("invalid", "index of untyped nil");
  return keys.reduce(member, item);
}

function member(item: Value, key: Value): Value {
  if (isNil(item)) throw new Fault("invalid", "index of nil pointer");
  if (isMap(item)) {
    if (typeof key === "string") return item.get(key) ?? null;
    const problem = isNil(key)
      ? "value is nil; should be of type string"
      : `value has type ${typeName(key)}; should be string`;
    throw new Fault("invalid", problem);
  }
  const text = stringKind(item);
  const elements = text === undefined ? item : bytesFromText(text);
  if (elements instanceof Uint8Array) return BigInt(elements[position(key, elements.length - 1)] ?? 0);
  if (isList(elements)) return elements[position(key, elements.length - 1)];
  throw new Fault("invalid", `can't index item of type ${typeName(item)}`);
}

/** @returns `key` as an index from 0 to `last`, both included */
function position(key: Value, last: number): number {
  if (isNil(key)) throw new Fault("invalid", "cannot index slice/array with nil");
  if (typeof key !== "bigint") throw new Fault("invalid", `cannot index slice/array with type ${typeName(key)}`);
  if (key < 0n || key > BigInt(last)) throw new Fault("invalid", `index out of range: ${String(key)}`);
  return Number(key);
}

function slice([item, ...bounds]: readonly Value[]): Value {
  if (isNil(item)) throw new Fault("invalid", "slice of untyped nil");
  if (bounds.length > 3) throw new Fault("invalid", `too many slice indexes: ${String(bounds.length)}`);
  if (isList(item)) return item.slice(...range(bounds, item.length));
  const text = stringKind(item);
  if (text === undefined) throw new Fault("invalid", `can't slice item of type ${typeName(item)}`);
  if (bounds.length === 3) throw new Fault("invalid", "cannot 3-index slice a string");
  const bytes = bytesFromText(text);
  const part = textFromBytes(bytes.subarray(...range(bounds, bytes.length)));
  return item instanceof JsonNumber ? new JsonNumber(part) : part;
}

function range(bounds: readonly Value[], length: number): readonly [number, number] {
  const [from = 0, to = length, most = length] = bounds.map((bound) => position(bound, length));
  if (from > to) throw new Fault("invalid", `invalid slice index: ${String(from)} > ${String(to)}`);
  if (to > most) throw new Fault("invalid", `invalid slice index: ${String(to)} > ${String(most)}`);
  return [from, to];
}

function isNil(value: Value): value is undefined | null {
  return value === undefined || value === null;
}

/** What the escapers work on: the one string as it is, else what `print` would give. */
function evalArgs(args: readonly Value[]): string {
  const [only] = args;
  if (args.length === 1 && typeof only === "string") return only;
  return sprint(args.map((arg) => (isNil(arg) ? "<no value>" : arg)));
}

function escaper(escape: (text: string) => string): TemplateFunction {
  return {
    parameters: [],
    rest: "any",
    run: (args, { budget }) => {
      const text = evalArgs(args);
      // The longest escape has six characters for one.
      budget.work(text.length * 6);
      return escape(text);
    },
  };
}

/** The texts are charged before they are joined: one variable may stand here many times. */
function printer(print: (args: readonly Value[]) => string): TemplateFunction {
  return {
    parameters: [],
    rest: "any",
    run: (args, { budget }) => {
      for (const arg of args) budget.work(stringKind(arg)?.length ?? 0);
      return print(args);
    },
  };
}

export const BUILTINS: FunctionMap = new Map([
  ...COMPARISONS,
  ["html", escaper(escapeHtml)],
  ["index", { parameters: ["any"], rest: "any", run: index }],
  ["js", escaper(escapeJs)],
  ["len", { parameters: ["any"], run: ([value]) => length(value) }],
  ["not", { parameters: ["any"], run: ([value]) => !isTrue(value) }],
  ["print", printer(sprint)],
  [
    "printf",
    {
      parameters: ["string"],
      rest: "any",
      run: ([format, ...args], { budget }) => sprintf(stringKind(format) ?? "", args, budget),
    },
  ],
  ["println", printer(sprintln)],
  ["slice", { parameters: ["any"], rest: "any", run: slice }],
  ["urlquery", escaper(escapeQuery)],
]);
