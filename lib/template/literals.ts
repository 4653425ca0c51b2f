/** String, character and number constants of a template. Source: Go `strconv.Unquote`, `ParseInt(s, 0, 64)`, `ParseFloat`. */
import { normalizeText } from "./bytes.ts";

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|[^])/gu;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** @returns the text of a quoted or raw string token; `undefined` when an escape is invalid */
export function unquote(token: string): string | undefined {
  const body = token.slice(1, -1);
  if (token.startsWith("`")) return body.replaceAll("\r", "");
  return unescape(body, '"');
}

/** @returns the code point of a character token such as `'a'` or `'\n'`, or the message of what is wrong with it */
export function unquoteCharacter(token: string): bigint | string {
  const body = token.slice(1, -1);
  const numeric = /^\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2}))$/.exec(body);
  if (numeric !== null) {
    const [, hex, octal = ""] = numeric;
    return BigInt(hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16));
  }
  const text = unescape(body, "'");
  if (text === undefined || text === "") return "invalid syntax";
  const code = text.codePointAt(0) ?? 0;
  const isOne = text.length === String.fromCodePoint(code).length;
  return isOne ? BigInt(code) : `malformed character constant: ${token}`;
}

function unescape(body: string, quote: string): string | undefined {
  const invalid: string[] = [];
  const text = body.replace(ESCAPE, (all: string, ...groups: readonly (string | undefined)[]) => {
    const value = escaped(groups, quote);
    if (value === undefined) invalid.push(all);
    return value ?? all;
  });
  return invalid.length === 0 ? normalizeText(text) : undefined;
}

function escaped(groups: readonly (string | undefined)[], quote: string): string | undefined {
  const [simple, byte, short, long, octal] = groups;
  if (simple !== undefined) {
    const foreign = simple === (quote === '"' ? "'" : '"');
    return foreign ? undefined : SIMPLE.get(simple);
  }
  if (byte !== undefined) return byteText(Number.parseInt(byte, 16));
  if (octal !== undefined) return byteText(Number.parseInt(octal, 8));
  const code = Number.parseInt(short ?? long ?? "", 16);
  const valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return valid ? String.fromCodePoint(code) : undefined;
}

function byteText(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
}

/**
 * @returns what the constant is where its context tells no type: a bigint for an int (it may exceed 64 signed bits, an
 *   error when it is used), a number for a float; or the message of what is wrong with it
 */
export function parseNumber(text: string): bigint | number | string {
  const integer = parseInteger(text);
  if (integer !== undefined && integer >= INT64_MIN && integer <= UINT64_MAX) return integer;
  const float = parseFloat64(text);
  if (float === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
  return /[.eEpP]/.test(text) ? float : `integer overflow: ${JSON.stringify(text)}`;
}

export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

const INTEGER =
  /^([+-]?)(?:0[xX](?:_?([0-9a-fA-F]))+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

function parseInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return negative ? -value : value;
}

const FLOAT =
  /^[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?[0-9]+)$/;

/** @returns `undefined` for what is no number or lies beyond float64 */
function parseFloat64(text: string): number | undefined {
  const value = FLOAT.test(text) ? Number(text.replaceAll("_", "")) : parseHexFloat(text);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function parseHexFloat(text: string): number | undefined {
  const found = HEX_FLOAT.exec(text.replaceAll("_", ""));
  if (found === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = ""] = found;
  if (whole + fraction === "" || whole.length + fraction.length > 100) return undefined;
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}
