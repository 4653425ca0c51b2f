/**
 * Go's strings are bytes, JavaScript's are UTF-16. Here a Go string is a JavaScript string in which a byte that is no valid
 * UTF-8 stands as the lone surrogate U+DC00 + byte (the "surrogateescape" of Python's PEP 383), so that binary values pass
 * through templates unharmed and text stays plain text.
 */
import { isUtf8 } from "node:buffer";

const ESCAPED = /[\udc80-\udcff]/u;
const ESCAPED_PARTS = /([\udc80-\udcff])/u;
const LONE = /[\ud800-\udfff]/gu;
const SURROGATE = /[\ud800-\udfff]/;

/** @returns the bytes a Go program would have; what `textFromBytes` escaped comes back as it was. */
export function bytesFromText(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text, "utf8");
  const parts = text.split(ESCAPED_PARTS);
  return Buffer.concat(
    parts.map((part) => (ESCAPED.test(part) ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8"))),
  );
}

/** @returns a text from which `bytesFromText` makes the same bytes again. */
export function textFromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  const parts: string[] = [];
  let clean = 0;
  for (let at = 0; at < buffer.length; ) {
    const size = sequenceAt(buffer, at);
    if (size === 0) {
      parts.push(buffer.toString("utf8", clean, at), String.fromCharCode(0xdc00 + (buffer[at] ?? 0)));
      clean = at + 1;
    }
    at += Math.max(1, size);
  }
  parts.push(buffer.toString("utf8", clean));
  return parts.join("");
}

/** @returns the length of the valid UTF-8 sequence at `at`, 0 when there is none. */
function sequenceAt(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return at + size <= buffer.length && isUtf8(buffer.subarray(at, at + size)) ? size : 0;
}

/** Joins escaped bytes that together are valid UTF-8: "\xc3" and "\xa9" become "é". */
export function normalizeText(text: string): string {
  return ESCAPED.test(text) ? textFromBytes(bytesFromText(text)) : text;
}

/** Go's JSON reader turns an unpaired surrogate into U+FFFD; so must every text that enters a template from outside. */
export function wellFormed(text: string): string {
  return text.replace(LONE, "\ufffd");
}

/** Length in bytes: Go's `len`. */
export function byteLength(text: string): number {
  return ESCAPED.test(text) ? bytesFromText(text).length : Buffer.byteLength(text, "utf8");
}

/** Go's string order: by bytes. @returns negative, 0 or positive */
export function compareText(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(bytesFromText(a), bytesFromText(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
