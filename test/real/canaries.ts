/**
 * Looks for values that must be nowhere: each as it is and JSON-, URL-, base64- and hex-escaped, whole and in pieces (a
 * line may be cut or wrapped). Haystacks are bytes; everything is compared as latin1 text, one character a byte.
 */

export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A form in which a value may lie around, and what to look for. */
export interface Needle {
  readonly canary: string;
  readonly form: string;
  readonly text: string;
}

export interface Leak {
  readonly place: string;
  readonly canary: string;
  readonly form: string;
}

/** Bytes of a piece: long enough that none is found by chance. */
const PIECE = 14;

export function canary(name: string, value: string | Buffer): Canary {
  return { name, bytes: Buffer.from(value) };
}

/** Every form of the whole value, and of its last bytes: the first ones of a token or share are often the same. */
export function needlesOf({ name, bytes }: Canary): readonly Needle[] {
  const parts = bytes.length > PIECE ? [bytes, bytes.subarray(-PIECE)] : [bytes];
  const found = parts.flatMap((part) => formsOf(part).map(([form, text]) => ({ canary: name, form, text })));
  return found.filter(({ text }, i) => found.findIndex((other) => other.text === text) === i);
}

/** What one who leaks `bytes` may write: a name of the form, and the text. */
export function formsOf(bytes: Buffer): readonly (readonly [string, string])[] {
  const raw = bytes.toString("latin1");
  const hex = bytes.toString("hex");
  const each = (before: string, text = hex): string => text.replace(/../g, (two) => `${before}${two}`);
  const text = bytes.toString();
  return [
    ["raw", raw],
    ...(Buffer.from(text).equals(bytes) ? textForms(text) : []),
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift)),
    ["hex", hex],
    ["HEX", hex.toUpperCase()],
    ["\\x hex", each("\\x")],
    ["\\X HEX", each("\\x", hex.toUpperCase())],
    ["hex with blanks", each(" ").slice(1)],
    ["URL, every byte", each("%")],
    ["URL, EVERY byte", each("%", hex.toUpperCase())],
  ];
}

function textForms(text: string): readonly (readonly [string, string])[] {
  const latin1 = (from: string): string => Buffer.from(from).toString("latin1");
  const json = JSON.stringify(text).slice(1, -1);
  const unicode = (from: string): string => `\\u${from.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const url = encodeURIComponent(text);
  return [
    ["JSON", latin1(json)],
    ["JSON, slashes escaped", latin1(json.replaceAll("/", "\\/"))],
    ["JSON as Go writes it", latin1(json.replace(/[<>&]/g, unicode))],
    ["JSON in ASCII", json.replace(/[^ -~]/g, unicode)],
    ["JSON in JSON", latin1(JSON.stringify(json).slice(1, -1))],
    ["URL", url],
    ["url", url.replace(/%../g, (escape) => escape.toLowerCase())],
    ["form", url.replaceAll("%20", "+")],
  ];
}

/** Base64 of the bytes behind `shift` others: without the characters that neighbours share. */
function base64At(bytes: Buffer, shift: number): readonly (readonly [string, string])[] {
  const all = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
  const from = shift === 0 ? 0 : shift + 1;
  const whole = Math.floor(((shift + bytes.length) * 8) / 6);
  const text = all.slice(from, whole);
  return [
    [`base64 +${shift}`, text],
    [`base64url +${shift}`, text.replaceAll("+", "-").replaceAll("/", "_")],
  ];
}

/** @param places by name: what lies there */
export function leaksIn(places: ReadonlyMap<string, Buffer>, needles: readonly Needle[]): readonly Leak[] {
  return [...places].flatMap(([place, bytes]) => {
    const text = bytes.toString("latin1");
    return needles
      .filter((needle) => text.includes(needle.text))
      .map(({ canary: name, form }) => ({ place, canary: name, form }));
  });
}
