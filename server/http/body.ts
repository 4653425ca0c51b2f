/** The body of a write: read up to a limit, then JSON, or a form as `curl -d k=v` sends it. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { Fault } from "../../lib/fault.ts";
import { isJsonMap, type Json, type JsonLimits, type JsonMap, parseJson } from "../../lib/wire/json.ts";
import { parseQuery } from "../../lib/wire/path.ts";
import { Collected, type MemoryShare } from "./collect.ts";

/** The client went away before its request was complete: nobody is there to answer. */
export class Gone extends Error {}

/** Milliseconds. */
const TRY_AGAIN = 1000;

/**
 * @param limit bytes
 * @throws Fault "too-large" as soon as the limit is known to be passed, "unavailable" when `share` has no room;
 *   `Gone` when the client breaks off
 */
export function readBody(req: IncomingMessage, limit: number, share: MemoryShare): Promise<Buffer> {
  const declared = Number(req.headers["content-length"] ?? "0");
  if (declared > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const collected = new Collected(share, declared);
    let refusal: Fault | undefined;
    req.on("data", (chunk: Buffer) => {
      if (refusal !== undefined) return;
      if (collected.size + chunk.length > limit) refusal = tooLarge(limit);
      else if (!collected.add(chunk)) refusal = noRoom();
      if (refusal !== undefined) reject(refusal);
    });
    req.on("end", () => {
      resolve(collected.take());
    });
    req.on("error", (cause) => {
      reject(new Gone("the client broke off", { cause }));
    });
    req.on("close", () => {
      if (!req.complete) reject(new Gone("the client broke off"));
    });
  });
}

function tooLarge(limit: number): Fault {
  return new Fault("too-large", `the request body is larger than ${String(limit)} bytes`);
}

function noRoom(): Fault {
  return new Fault("unavailable", "too many large requests at the same time: try again", { retryAfter: TRY_AGAIN });
}

const NOTHING: JsonMap = new Map();

/**
 * As Vault takes it: nothing or `null` is an empty object; a form only where the content type says so and the body
 * does not look like JSON (curl calls every `-d` a form).
 * @throws Fault "invalid" for anything else that is no object, past a limit, or not UTF-8
 */
export function parseBody(bytes: Buffer, contentType: string | undefined, limits: JsonLimits): JsonMap {
  if (bytes.length === 0) return NOTHING;
  if (!isUtf8(bytes)) throw new Fault("invalid", "the request body is not UTF-8");
  const text = bytes.toString("utf8");
  if (contentType !== undefined && mediaType(contentType) === "application/x-www-form-urlencoded") {
    if (!/^[ \t\r\n]*(?:[[{]|$)/.test(text)) return singles(parseQuery(text));
  }
  if (text.trim() === "") return NOTHING;
  const value = parseJson(text, limits);
  if (value === null) return NOTHING;
  if (!isJsonMap(value)) throw new Fault("invalid", "the request body must be a JSON object");
  return value;
}

/** A parameter given once is a string, given several times a list, as in Vault. */
export function singles(values: ReadonlyMap<string, readonly string[]>): JsonMap {
  const out = new Map<string, Json>();
  for (const [name, list] of values) out.set(name, list.length === 1 ? (list[0] ?? "") : list);
  return out;
}

/** "application/json; charset=utf-8" -> "application/json" */
export function mediaType(contentType: string): string {
  const mark = contentType.indexOf(";");
  return (mark < 0 ? contentType : contentType.slice(0, mark)).trim().toLowerCase();
}
