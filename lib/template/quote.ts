/** Go's `strconv.Quote` and what counts as printable. */

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const NAMED: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(character: string): boolean {
  return character === " " || PRINTABLE.test(character);
}

/**
 * @param quote `"` for a string, `'` for a character
 * @param ascii escape everything beyond ASCII, as `%+q` does
 */
export function quoteText(text: string, quote: '"' | "'" = '"', ascii = false): string {
  let out: string = quote;
  for (const character of text) out += quoteCharacter(character, quote, ascii);
  return out + quote;
}

function quoteCharacter(character: string, quote: string, ascii: boolean): string {
  if (character === quote || character === "\\") return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  if (isPrint(character) && (!ascii || code < 0x80)) return character;
  return NAMED.get(character) ?? numericEscape(code);
}

function numericEscape(code: number): string {
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}

/** Go's `strconv.CanBackquote`: one line without control characters other than tab, nor backquotes. */
export function canBackquote(text: string): boolean {
  // Built from escapes so that no control character stands in this file.
  return !/[\p{Cc}`\ufeff\udc80-\udcff]/u.test(text.replaceAll("\t", ""));
}
