/** One value under one printf verb. Source: Go `fmt/print.go` and `fmt/format.go` (go1.26). */
import { JsonNumber } from "../wire/json.ts";
import { bytesFromText } from "./bytes.ts";
import { formatFloat } from "./float.ts";
import { canBackquote, isPrint, quoteText } from "./quote.ts";
import { isList, isMap, Struct, sortedEntries, stringKind, typeName, type Value } from "./values.ts";

/** Flags, width and precision of a verb. */
export interface Spec {
  readonly sharp: boolean;
  readonly zero: boolean;
  readonly plus: boolean;
  readonly minus: boolean;
  readonly space: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

export const PLAIN: Spec = {
  sharp: false,
  zero: false,
  plus: false,
  minus: false,
  space: false,
  width: undefined,
  precision: undefined,
};

/** @param verb one character; one that does not fit the value gives Go's `%!verb(type=value)` */
export function formatValue(value: Value, verb: string, spec: Spec): string {
  if (verb === "T") return pad(typeName(value), spec);
  if (value === undefined || value === null) return verb === "v" ? pad("<nil>", spec) : `%!${verb}(<nil>)`;
  if (verb === "v" && (spec.sharp || spec.plus)) return formatDetailed(value, spec);
  return formatPlain(value, verb, spec);
}

function formatPlain(value: Exclude<Value, undefined | null>, verb: string, spec: Spec): string {
  if (isList(value)) return `[${value.map((item) => formatInner(item, verb, spec)).join(" ")}]`;
  if (isMap(value)) {
    const members = sortedEntries(value);
    return `map[${members.map(([k, v]) => `${formatInner(k, verb, spec)}:${formatInner(v, verb, spec)}`).join(" ")}]`;
  }
  if (value instanceof Struct) return formatStruct(value, verb, spec);
  return formatScalar(value, verb, spec) ?? badVerb(value, verb, spec);
}

/** @returns `undefined` when the verb does not fit */
function formatScalar(value: Value, verb: string, spec: Spec): string | undefined {
  if (typeof value === "bigint") return formatInteger(value, verb, spec);
  if (typeof value === "number") return formatNumber(value, verb, spec);
  if (typeof value === "boolean") return verb === "t" || verb === "v" ? pad(String(value), spec) : undefined;
  const text = stringKind(value);
  return text === undefined ? "" : formatText(text, verb, spec);
}

function formatInner(value: Value, verb: string, spec: Spec): string {
  return value === undefined || value === null ? "<nil>" : formatPlain(value, verb, spec);
}

function formatStruct(value: Struct, verb: string, spec: Spec): string {
  const fields = [...value.fields.values()].map((field) => formatInner(field, verb, spec));
  return `${value.type.startsWith("*") ? "&" : ""}{${fields.join(" ")}}`;
}

/** `%#v` and `%+v`. */
function formatDetailed(value: Exclude<Value, undefined | null>, spec: Spec): string {
  if (!spec.sharp) return formatPlain(value, "v", { ...spec, plus: typeof value === "string" ? false : spec.plus });
  const text = stringKind(value);
  if (text !== undefined) return pad(quoteText(truncated(text, spec), '"', spec.plus), spec);
  if (isList(value)) return `${typeName(value)}{${value.map((v) => detailedInner(v, spec)).join(", ")}}`;
  if (isMap(value)) {
    const members = sortedEntries(value).map(([k, v]) => `${quoteText(k)}:${detailedInner(v, spec)}`);
    return `${typeName(value)}{${members.join(", ")}}`;
  }
  return formatPlain(value, "v", { ...spec, sharp: false });
}

function detailedInner(value: Value, spec: Spec): string {
  return value === undefined || value === null ? "interface {}(nil)" : formatDetailed(value, { ...spec, sharp: true });
}

function badVerb(value: Value, verb: string, spec: Spec): string {
  return `%!${verb}(${typeName(value)}=${formatValue(value, "v", spec)})`;
}

function formatText(text: string, verb: string, spec: Spec): string | undefined {
  if (verb === "x" || verb === "X") return formatHex(text, verb, spec);
  const shown = truncated(text, spec);
  if (verb === "v" || verb === "s") return pad(shown, spec);
  if (verb !== "q") return undefined;
  return pad(spec.sharp && canBackquote(shown) ? `\`${shown}\`` : quoteText(shown, '"', spec.plus), spec);
}

function truncated(text: string, spec: Spec): string {
  return spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join("");
}

function formatHex(text: string, verb: "x" | "X", spec: Spec): string {
  const bytes = bytesFromText(text).subarray(0, spec.precision);
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const prefix = spec.sharp ? "0x" : "";
  const joined = spec.space ? pairs.map((pair) => prefix + pair).join(" ") : prefix + pairs.join("");
  const shown = pairs.length === 0 ? "" : joined;
  return pad(verb === "X" ? shown.toUpperCase() : shown, spec);
}

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function formatInteger(value: bigint, verb: string, spec: Spec): string | undefined {
  if (verb === "c") return pad(character(value), spec);
  if (verb === "q") return pad(quoteText(character(value), "'", spec.plus), spec);
  if (verb === "U") return pad(unicode(value, spec), { ...spec, zero: false });
  const base = Object.hasOwn(BASES, verb) ? BASES[verb] : undefined;
  return base === undefined ? undefined : pad(inBase(value, verb, base, spec), { ...spec, zero: false });
}

function inBase(value: bigint, verb: string, base: number, spec: Spec): string {
  if (spec.precision === 0 && value === 0n) return "";
  const magnitude = value < 0n ? -value : value;
  const sign = signOf(value < 0n, spec);
  const digits = magnitude.toString(base).padStart(integerDigits(spec, sign), "0");
  const shown = sign + integerPrefix(verb, base, digits, spec) + digits;
  return verb === "X" ? shown.toUpperCase() : shown;
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return "-";
  if (spec.plus) return "+";
  return spec.space ? " " : "";
}

function integerDigits(spec: Spec, sign: string): number {
  if (spec.precision !== undefined) return spec.precision;
  return spec.zero && !spec.minus && spec.width !== undefined ? spec.width - sign.length : 0;
}

function integerPrefix(verb: string, base: number, digits: string, spec: Spec): string {
  if (verb === "O") return spec.sharp && !digits.startsWith("0") ? "0o0" : "0o";
  if (!spec.sharp) return "";
  if (base === 2) return "0b";
  if (base === 16) return "0x";
  return base === 8 && !digits.startsWith("0") ? "0" : "";
}

function character(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && (value < 0xd800n || value > 0xdfffn);
  return valid ? String.fromCodePoint(Number(value)) : "\ufffd";
}

function unicode(value: bigint, spec: Spec): string {
  const code = BigInt.asUintN(64, value);
  const digits = code.toString(16).toUpperCase();
  const shown = `U+${digits.padStart(Math.max(4, spec.precision ?? 0), "0")}`;
  const glyph = character(value);
  return spec.sharp && code <= 0x10ffffn && isPrint(glyph) ? `${shown} '${glyph}'` : shown;
}

function formatNumber(value: number, verb: string, spec: Spec): string | undefined {
  const form = verb === "v" ? "g" : verb.toLowerCase();
  if (form !== "e" && form !== "f" && form !== "g") return undefined;
  const sign = signOf(value < 0 || Object.is(value, -0), spec);
  if (!Number.isFinite(value)) return pad(endless(value, sign), { ...spec, zero: false });
  const shown = digitsOf(Math.abs(value), form, spec);
  const cased = /[EG]/.test(verb) ? shown.toUpperCase() : shown;
  const zeros = sign !== "" && spec.zero && !spec.minus ? (spec.width ?? 0) - 1 : 0;
  return pad(sign + cased.padStart(zeros, "0"), spec);
}

function endless(value: number, sign: string): string {
  if (Number.isNaN(value)) return sign === "-" ? "NaN" : `${sign}NaN`;
  return `${sign === "" ? "+" : sign}Inf`;
}

function digitsOf(value: number, form: "e" | "f" | "g", spec: Spec): string {
  const digits = formatFloat(value, form, spec.precision ?? (form === "g" ? -1 : 6));
  return spec.sharp ? withPoint(digits, form, spec) : digits;
}

/** `%#g` keeps a decimal point and trailing zeros. */
function withPoint(shown: string, form: "e" | "f" | "g", spec: Spec): string {
  const [mantissa = "", exponent] = shown.split("e");
  const pointed = mantissa.includes(".") ? mantissa : `${mantissa}.`;
  const significant = pointed.replace(".", "").replace(/^0+(?=.)/, "").length;
  const wanted = form === "g" ? (spec.precision ?? 6) : 0;
  const zeros = "0".repeat(Math.max(0, wanted - significant));
  return `${pointed}${zeros}${exponent === undefined ? "" : `e${exponent}`}`;
}

function pad(text: string, spec: Spec): string {
  if (spec.width === undefined) return text;
  const missing = spec.width - Array.from(text).length;
  if (missing <= 0) return text;
  if (spec.minus) return text + " ".repeat(missing);
  return (spec.zero ? "0" : " ").repeat(missing) + text;
}

/** `fmt.Sprint`: a space between two operands when neither is a string. */
export function sprint(values: readonly Value[]): string {
  let out = "";
  let afterText = true;
  for (const value of values) {
    const isText = typeof value === "string" || value instanceof JsonNumber;
    if (!isText && !afterText) out += " ";
    out += formatValue(value, "v", PLAIN);
    afterText = isText;
  }
  return out;
}

/** `fmt.Sprintln`. */
export function sprintln(values: readonly Value[]): string {
  return `${values.map((value) => formatValue(value, "v", PLAIN)).join(" ")}\n`;
}
