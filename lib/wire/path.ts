/**
 * Request targets <-> API paths. Never `new URL()`, which rewrites dots, backslashes and blanks: a target is split
 * at "?", decoded once, then checked, so that router, policy, audit and storage see one and the same string.
 * Source: RFC 9112 section 3.2 (targets), RFC 3986 section 2.1 (escapes); as in Go, "%2F" separates. The refusals
 * answer CVE-2026-3605 (dot segments in policy paths).
 */
import { isUtf8 } from "node:buffer";
import { Fault } from "../fault.ts";

/** Bytes of a path as UTF-8: what every storage engine takes as a key. */
export const LONGEST_PATH = 1000;

export interface Target {
  /** Decoded, with its leading slash: "/v1/secret/data/app". In a redirect: where to go, encoded, with the query. */
  readonly path: string;
  /** What follows "?", still encoded; "" without. */
  readonly query: string;
  /** The path had empty segments: answer 307 to `path`, never dispatch it. */
  readonly redirect: boolean;
}

/** A path in which nothing needs a closer look: no escape, no empty segment, none that begins with a dot. */
const UNUSUAL = /[^A-Za-z0-9_\-/.]|\/[/.]/;
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
/** Dot segments, also where they were escaped twice: an eager proxy behind us must not find one either. */
const DOTS = /^(?:\.|%2e){1,2}$/i;
const FORBIDDEN = /[\p{Cc}\\]/u;

/**
 * @param target as Node gives it in `req.url`: each character is one byte
 * @throws Fault "invalid" for a bad escape or bad UTF-8, "." or ".." in any encoding, "\", control characters, a path of more than 1,000 bytes
 */
export function parseTarget(target: string): Target {
  const local = target.startsWith("/") ? target : target.replace(ABSOLUTE, "");
  const mark = local.indexOf("?");
  const raw = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? "" : local.slice(mark + 1);
  if (!raw.startsWith("/")) throw new Fault("invalid", "the request target must be a path");
  if (!UNUSUAL.test(raw)) return { path: checkLength(raw), query, redirect: false };
  if (raw.includes("#")) throw new Fault("invalid", "the request target must not have a fragment");
  const path = decodeEscapes(raw, "path");
  checkSegments(path);
  checkLength(path);
  if (!path.includes("//")) return { path, query, redirect: false };
  const clean = encodePath(path.replace(/\/{2,}/g, "/"));
  return { path: query === "" ? clean : `${clean}?${printable(query)}`, query, redirect: true };
}

function checkSegments(path: string): void {
  if (FORBIDDEN.test(path)) throw new Fault("invalid", "the path must not hold control characters or a backslash");
  if (path.split("/").some((segment) => DOTS.test(segment))) {
    throw new Fault("invalid", 'the path must not hold "." or ".." as a segment');
  }
}

/** The first "/v1/" does not count: it is in no key. */
function checkLength(path: string): string {
  const below = path.startsWith("/v1/") ? 4 : 1;
  if ((path.length - below) * 3 > LONGEST_PATH && Buffer.byteLength(path) - below > LONGEST_PATH) {
    throw new Fault("invalid", `the path must not be longer than ${String(LONGEST_PATH)} bytes`);
  }
  return path;
}

/**
 * @returns the query's parameters in the order of their first appearance; one given several times has all its values
 * @throws Fault "invalid" for a bad escape or bad UTF-8, and for ";" as a separator (as Go does since 1.17)
 */
export function parseQuery(query: string): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  if (query === "") return out;
  if (query.includes(";")) throw new Fault("invalid", "the query must not hold a bare semicolon: write %3B");
  for (const part of query.split("&")) {
    if (part === "") continue;
    const mark = part.indexOf("=");
    const name = decodeForm(mark < 0 ? part : part.slice(0, mark));
    const value = mark < 0 ? "" : decodeForm(part.slice(mark + 1));
    const known = out.get(name);
    if (known === undefined) out.set(name, [value]);
    else known.push(value);
  }
  return out;
}

function decodeForm(text: string): string {
  return decodeEscapes(text.includes("+") ? text.replaceAll("+", " ") : text, "query");
}

const NEEDS_DECODING = /[%\u0080-\uffff]/;

function decodeEscapes(text: string, what: string): string {
  if (!NEEDS_DECODING.test(text)) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (byte === 0x25) {
      byte = hexDigit(text.charCodeAt(i + 1)) * 16 + hexDigit(text.charCodeAt(i + 2));
      if (Number.isNaN(byte)) throw new Fault("invalid", `the ${what} has a bad escape: "%" needs two hex digits`);
      i += 2;
    }
    if (byte > 0xff) throw new Fault("invalid", `the ${what} must be percent-encoded`);
    bytes[size++] = byte;
  }
  const used = bytes.subarray(0, size);
  if (!isUtf8(used)) throw new Fault("invalid", `the ${what} is not UTF-8`);
  return used.toString("utf8");
}

/** NaN for what is none, also beyond the end of the text. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN;
}

/** @returns the path with everything escaped that is not plain in a segment; slashes stay. */
export function encodePath(path: string): string {
  return PLAIN.test(path) ? path : path.split("/").map(encodeText).join("/");
}

const PLAIN = /^[A-Za-z0-9_\-./~]*$/;

function encodeText(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** @returns "" or "?a=b&c=d", a list giving its name several times. */
export function encodeQuery(query: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) {
      parts.push(`${encodeText(name)}=${encodeText(one)}`);
    }
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function printable(query: string): string {
  return query.replace(/[^!-~]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
