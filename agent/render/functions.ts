/** The functions on texts: names, argument order and edge cases as in consul-template (`template/funcs.go`, v0.42). */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Budget } from "../../lib/template/budget.ts";
import { bytesFromText, textFromBytes, wellFormed } from "../../lib/template/bytes.ts";
import type { FunctionMap, ParameterType, TemplateFunction } from "../../lib/template/functions.ts";
import { isList, stringKind, typeName, type Value } from "../../lib/template/values.ts";
import { formatValue, PLAIN } from "../../lib/template/verbs.ts";
import { decodeJson, encodeJson, encodeJsonPretty } from "./json.ts";
import { formatGoTime } from "./time.ts";

export interface Surroundings {
  /** What `env` sees. */
  readonly env: ReadonlyMap<string, string>;
  /** What `timestamp` tells. */
  readonly clock: Clock;
}

export function textFunctions({ env, clock }: Surroundings): FunctionMap {
  return new Map([
    ["env", text1((name) => wellFormed(env.get(name) ?? ""))],
    ["base64Decode", text1(decodeBase64)],
    ["base64Encode", text1((text) => bytesFromText(text).toString("base64"))],
    ["toJSON", anyToText(encodeJson)],
    ["toJSONPretty", anyToText(encodeJsonPretty)],
    ["parseJSON", { parameters: ["string"], run: ([text], { budget }) => parse(asText(text), budget) }],
    [
      "split",
      { parameters: ["string", "string"], run: ([by, text], { budget }) => split(asText(by), asText(text), budget) },
    ],
    ["join", { parameters: ["string", "any"], run: ([by, list], { budget }) => join(asText(by), list, budget) }],
    ["trim", text2((cutset, text) => trim(text, cutset))],
    ["trimPrefix", text2((prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text))],
    ["trimSuffix", text2(trimSuffix)],
    ["trimSpace", text1((text) => text.trim())],
    ["replaceAll", text3(replaceAll)],
    ["toLower", text1((text) => mapCharacters(text, (c) => c.toLowerCase()))],
    ["toUpper", text1((text) => mapCharacters(text, (c) => c.toUpperCase()))],
    [
      "indent",
      { parameters: ["int", "string"], run: ([by, text], { budget }) => indent(by as bigint, asText(text), budget) },
    ],
    ["timestamp", { parameters: [], rest: "string", run: (args) => timestamp(clock, args) }],
  ]);
}

/** For a parameter that is declared as a string: the evaluator has checked it. */
function asText(value: Value): string {
  return stringKind(value) ?? "";
}

function text1(run: (text: string) => string): TemplateFunction {
  return { parameters: ["string"], run: ([text]) => run(asText(text)) };
}

function text2(run: (first: string, second: string) => string): TemplateFunction {
  return { parameters: ["string", "string"], run: ([first, second]) => run(asText(first), asText(second)) };
}

function text3(run: (a: string, b: string, c: string, budget: Budget) => string): TemplateFunction {
  const parameters: readonly ParameterType[] = ["string", "string", "string"];
  return { parameters, run: ([a, b, c], { budget }) => run(asText(a), asText(b), asText(c), budget) };
}

function anyToText(run: (value: Value) => string): TemplateFunction {
  return { parameters: ["any"], run: ([value]) => run(value) };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Go's StdEncoding: padded, line breaks are passed over. */
function decodeBase64(text: string): string {
  const joined = text.replace(/[\r\n]/g, "");
  if (joined.length % 4 !== 0 || !BASE64.test(joined))
    throw new Fault("invalid", "the value is not base64 with padding");
  return textFromBytes(Buffer.from(joined, "base64"));
}

function parse(text: string, budget: Budget): Value {
  budget.work(text.length);
  return decodeJson(text);
}

function split(separator: string, text: string, budget: Budget): Value {
  const trimmed = text.trim();
  budget.work(trimmed.length);
  if (trimmed === "") return [];
  return separator === "" ? Array.from(trimmed) : trimmed.split(separator);
}

function join(separator: string, list: Value, budget: Budget): string {
  if (!isList(list)) throw new Fault("invalid", `join needs a list, not a value of type ${typeName(list)}`);
  budget.work(separator.length * list.length);
  return list.map(plainText).join(separator);
}

function plainText(value: Value): string {
  if (value === null || value === undefined || typeof value === "object") {
    const text = stringKind(value);
    if (text === undefined) throw new Fault("invalid", `join needs plain values in its list, not ${typeName(value)}`);
    return text;
  }
  return formatValue(value, "v", PLAIN);
}

function trim(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = Array.from(text);
  const from = characters.findIndex((c) => !cut.has(c));
  const to = characters.findLastIndex((c) => !cut.has(c));
  return from < 0 ? "" : characters.slice(from, to + 1).join("");
}

function trimSuffix(suffix: string, text: string): string {
  return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

/** An empty `from` stands before each character and at the end, as in Go. */
function replaceAll(from: string, to: string, text: string, budget: Budget): string {
  const parts = from === "" ? ["", ...Array.from(text), ""] : text.split(from);
  budget.work(to.length * parts.length);
  return parts.join(to);
}

/** Go maps characters one to one: what has no single counterpart ("ß") stays. */
function mapCharacters(text: string, map: (character: string) => string): string {
  return text.replace(/\p{L}|\p{M}|\p{N}|\p{S}/gu, (c) => {
    const mapped = map(c);
    return Array.from(mapped).length === 1 ? mapped : c;
  });
}

function indent(by: bigint, text: string, budget: Budget): string {
  if (by < 0n) throw new Fault("invalid", "indent needs a number of blanks that is not negative");
  const lines = text.split("\n");
  budget.work(Number(by) * lines.length);
  const blanks = " ".repeat(Number(by));
  return lines.map((line) => (line === "" ? line : blanks + line)).join("\n");
}

/** RFC 3339 in UTC, or by a Go layout, or "unix" for the seconds since the epoch. */
function timestamp(clock: Clock, args: readonly Value[]): string {
  if (args.length > 1) throw new Fault("invalid", "timestamp takes one layout at most");
  const [layout] = args;
  const now = clock.now();
  if (layout === "unix") return String(Math.floor(now / 1000));
  return formatGoTime(now, layout === undefined ? "2006-01-02T15:04:05Z07:00" : asText(layout));
}
