/** A reply as it comes off the connection: bounded, decoded, its errors told apart. Part of the client. */
import type { IncomingMessage } from "node:http";
import { errorCode } from "../error-code.ts";
import { WireError, type WireErrorParts, type WireReason } from "./error.ts";
import { isJsonMap, type Json, type JsonMap, parseJson } from "./json.ts";

export interface WireReply {
  readonly status: number;
  /** Names in lower case; a repeated one is joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** undefined when the body is empty or no JSON object. */
  readonly body: JsonMap | undefined;
  readonly rawText: string;
}

/** A reply is bounded by its bytes; a list of a million keys is a good one. */
const REPLY_LIMITS = { depth: 256, members: 20_000_000 };

type Where = Omit<WireErrorParts, "reason">;

/** @throws WireError "too-large" past `most` bytes, "bad-reply" when what says it is JSON is none; errors of the connection as they are */
export async function readReply(response: IncomingMessage, most: number, where: Where): Promise<WireReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) {
      response.destroy();
      throw new WireError(`the reply is larger than ${String(most)} bytes`, { ...where, reason: "too-large" });
    }
    chunks.push(chunk);
  }
  const status = response.statusCode ?? 0;
  const rawText = Buffer.concat(chunks).toString("utf8");
  return { status, headers: headersOf(response), body: bodyOf(response, rawText, status, where), rawText };
}

function headersOf(response: IncomingMessage): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) out.set(name, typeof value === "string" ? value : value.join(", "));
  }
  return out;
}

function bodyOf(response: IncomingMessage, text: string, status: number, where: Where): JsonMap | undefined {
  const type = response.headers["content-type"] ?? "";
  if (text.trim() === "" || !/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return undefined;
  try {
    const value = parseJson(text, REPLY_LIMITS);
    return isJsonMap(value) ? value : undefined;
  } catch (cause) {
    if (status >= 400) return undefined;
    throw new WireError("the reply is no JSON", { ...where, reason: "bad-reply", status, cause });
  }
}

/** @throws WireError "refused" for a status from 400 on (or below 200) that is not listed */
export function checkStatus(reply: WireReply, also: readonly number[], where: Where): WireReply {
  if ((reply.status >= 200 && reply.status < 300) || also.includes(reply.status)) return reply;
  const errors = texts(reply.body?.get("errors"));
  const what = errors.length === 0 ? `status ${String(reply.status)}` : errors.join("; ");
  const retryAfter = retryAfterOf(reply);
  throw new WireError(errors.length === 0 ? what : `status ${String(reply.status)}: ${what}`, {
    ...where,
    reason: "refused",
    status: reply.status,
    errors,
    warnings: texts(reply.body?.get("warnings")),
    rawText: reply.rawText,
    ...(reply.body === undefined ? {} : { body: reply.body }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** @returns milliseconds; undefined without the header, or when it is a date (our server and Vault send seconds) */
export function retryAfterOf(reply: WireReply): number | undefined {
  const text = reply.headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : undefined;
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

/** What node:http and node:tls throw, as a `WireError` with the reason and a word on what to check. */
export function asWireError(error: unknown, where: Where): WireError {
  if (error instanceof WireError) return error;
  const code = errorCode(error);
  return new WireError(describe(code), { ...where, reason: reasonOf(code), cause: error });
}

const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|CRL_|INVALID_CA)/;

function reasonOf(code: string): WireReason {
  if (TLS_CODE.test(code)) return "tls";
  if (code.startsWith("HPE_")) return "bad-reply";
  return code === "ETIMEDOUT" ? "timeout" : "unreachable";
}

const SAID: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused: nothing listens there"],
  ["ECONNRESET", "connection lost"],
  ["EPIPE", "connection lost"],
  ["ENOTFOUND", "no such host"],
  ["EAI_AGAIN", "the host's name could not be looked up"],
  ["ENOENT", "no such socket"],
  ["EACCES", "no permission to connect to the socket"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["ETIMEDOUT", "no connection in time"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the certificate is for another name"],
  ["CERT_HAS_EXPIRED", "the certificate has expired"],
  ["CERT_NOT_YET_VALID", "the certificate is not valid yet: check the clock"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the certificate is signed by a CA that is not trusted here"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the certificate is signed by itself and not trusted here"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the certificate is signed by a CA that is not trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "the certificate is signed by a CA that is not trusted here"],
  ["EPROTO", "the TLS handshake failed: does the server speak TLS there?"],
]);

function describe(code: string): string {
  const said =
    SAID.get(code) ?? (code.startsWith("HPE_") ? "the reply is no HTTP: does the server want https://?" : "");
  if (said === "") return code === "" ? "the connection failed" : `the connection failed (${code})`;
  return `${said}${code === "" ? "" : ` (${code})`}`;
}
