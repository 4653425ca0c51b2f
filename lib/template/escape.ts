/** html, js and urlquery. Source: Go `text/template/funcs.go` (HTMLEscape, JSEscape), `net/url` (QueryEscape). */
import { bytesFromText } from "./bytes.ts";
import { isPrint } from "./quote.ts";

const HTML: ReadonlyMap<string, string> = new Map([
  ["\0", "\ufffd"],
  ['"', "&#34;"],
  ["'", "&#39;"],
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
]);

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (c) => HTML.get(c) ?? c);
}

const JS: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["'", "\\'"],
  ['"', '\\"'],
  ["<", "\\u003C"],
  [">", "\\u003E"],
  ["&", "\\u0026"],
  ["=", "\\u003D"],
]);

export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|[^ -~]/gu, (c) => {
    const known = JS.get(c);
    if (known !== undefined) return known;
    const code = c.codePointAt(0) ?? 0;
    if (code === 0x7f) return c;
    if (code >= 0xdc80 && code <= 0xdcff) return "\ufffd";
    return code >= 0x80 && isPrint(c) ? c : `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

export function escapeQuery(text: string): string {
  let out = "";
  for (const byte of bytesFromText(text)) {
    const c = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(c)) out += c;
    else out += c === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}
