/**
 * HCL1's quoted strings and heredocs. Escapes are Go's (`\n`, `\x41`, `\101`, `\u00e9`, `\U0001f600`); inside
 * "${…}" nothing is an escape and quotes do not end the string. Source: hashicorp/hcl v1 `hcl/scanner` (scanString,
 * scanHeredoc), `hcl/strconv` (Unquote), `hcl/token` (unindentHeredoc).
 */
import type { Cursor } from "./cursor.ts";

const PLAIN = /[^"\\$\n]+/y;
const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
]);
const CODED = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})/y;
const HEREDOC = /<<-?[\p{L}\p{N}_.-]+\r?\n/uy;

/** Reads the string that begins at the quote under the cursor. */
export function quotedString(cursor: Cursor): string {
  const start = cursor.at;
  cursor.at += 1;
  let out = "";
  for (;;) {
    out += cursor.take(PLAIN) ?? "";
    const c = cursor.peek();
    if (c === '"') {
      cursor.at += 1;
      return out;
    }
    if (c === "\\") out += escape(cursor);
    else if (c === "$") out += dollar(cursor, start);
    else throw cursor.fault("string is not closed on its line", start);
  }
}

function escape(cursor: Cursor): string {
  const simple = SIMPLE.get(cursor.peek(1));
  if (simple !== undefined) {
    cursor.at += 2;
    return simple;
  }
  const start = cursor.at;
  const coded = cursor.take(CODED);
  if (coded === undefined) throw cursor.fault("unknown escape: write \\\\ for a backslash");
  const octal = !/[xuU]/.test(coded);
  const code = Number.parseInt(coded.slice(octal ? 1 : 2), octal ? 8 : 16);
  const byte = octal || coded[1] === "x";
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || (byte && code > 0x7f)) {
    throw cursor.fault("escape names no character: write \\u00e9 for one beyond ASCII", start);
  }
  return String.fromCodePoint(code);
}

function dollar(cursor: Cursor, start: number): string {
  if (cursor.peek(1) !== "{") {
    cursor.at += 1;
    return "$";
  }
  const from = cursor.at;
  let braces = 0;
  do {
    if (cursor.ended) throw cursor.fault("${ is not closed", start);
    const c = cursor.peek();
    if (c === "{") braces += 1;
    if (c === "}") braces -= 1;
    cursor.at += 1;
  } while (braces > 0 || cursor.at - from < 2);
  return cursor.text.slice(from, cursor.at);
}

/** Reads the heredoc that begins at the "<<" under the cursor; its text ends with a newline. */
export function heredoc(cursor: Cursor): string {
  const start = cursor.at;
  const opening = cursor.take(HEREDOC);
  if (opening === undefined) throw cursor.fault("heredoc must begin with <<NAME or <<-NAME and a new line");
  const indented = opening[2] === "-";
  const name = opening.slice(indented ? 3 : 2).trimEnd();
  const lines: string[] = [];
  for (;;) {
    const end = cursor.text.indexOf("\n", cursor.at);
    const line = cursor.text.slice(cursor.at, end === -1 ? undefined : end);
    if (line.trim() === name && /^\s*\S+\r*$/.test(line)) {
      // The newline after the closing name is no part of it.
      cursor.at += line.length;
      return join(lines, indented ? line.slice(0, line.indexOf(name)) : "");
    }
    if (end === -1) throw cursor.fault(`heredoc is not closed: no line says ${name}`, start);
    lines.push(line);
    cursor.at = end + 1;
  }
}

/** As HCL1: the closing name's indentation is taken away when every line that is not empty has it; else none is. */
function join(lines: readonly string[], indent: string): string {
  const all = lines.every((line) => line === "" || line.startsWith(indent));
  return lines.map((line) => `${all ? line.slice(indent.length) : line}\n`).join("");
}
