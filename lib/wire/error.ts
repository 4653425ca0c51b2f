/**
 * What can go wrong between a client and a server that speaks Vault's API, as one error with a reason to switch over.
 * It is a `Fault`, so its kind tells a refusal (denied, not-found, …) from what may pass (unavailable, sealed, throttled).
 */
import { Fault, type FaultKind } from "../fault.ts";
import type { JsonMap } from "./json.ts";

/**
 * "refused": the server answered with an error status. "unreachable": no connection, or it broke. "timeout": too slow.
 * "tls": the certificate or the handshake was not good. "redirect": it pointed to another host, or in a circle.
 * "too-large": the reply passed the limit. "bad-reply": it was no HTTP or no JSON.
 */
export type WireReason = "refused" | "unreachable" | "timeout" | "tls" | "redirect" | "too-large" | "bad-reply";

export interface WireErrorParts {
  readonly reason: WireReason;
  /** As it was sent: a LIST is shown as GET. */
  readonly method: string;
  /** Address and path, with the query; never the body or the token. */
  readonly url: string;
  /** 0 when there was no reply. */
  readonly status?: number;
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[];
  /** Milliseconds, from Retry-After. */
  readonly retryAfter?: number;
  /** The reply's JSON object: some refusals carry data (a deleted version in KV v2 is 404 with its metadata). */
  readonly body?: JsonMap;
  readonly rawText?: string;
  readonly cause?: unknown;
}

const KINDS: ReadonlyMap<number, FaultKind> = new Map([
  [400, "invalid"],
  [403, "denied"],
  [404, "not-found"],
  [405, "unsupported"],
  [409, "conflict"],
  [412, "precondition"],
  [413, "too-large"],
  [429, "throttled"],
  [500, "internal"],
  [502, "upstream"],
]);

export class WireError extends Fault {
  readonly reason: WireReason;
  readonly method: string;
  readonly url: string;
  readonly body: JsonMap | undefined;
  readonly rawText: string;
  readonly #status: number;

  /** @param what goes wrong, lower case, without the address: it is put in front */
  constructor(what: string, parts: WireErrorParts) {
    const status = parts.status ?? 0;
    super(kindOf(status, parts.errors ?? []), `${parts.method} ${withoutQuery(parts.url)}: ${what}`, {
      cause: parts.cause,
      errors: parts.errors ?? [],
      warnings: parts.warnings ?? [],
      ...(parts.retryAfter === undefined ? {} : { retryAfter: parts.retryAfter }),
    });
    this.reason = parts.reason;
    this.method = parts.method;
    this.url = parts.url;
    this.body = parts.body;
    this.rawText = parts.rawText ?? "";
    this.#status = status;
  }

  /** The server's own, 0 when there was no reply. */
  override get status(): number {
    return this.#status;
  }
}

function kindOf(status: number, errors: readonly string[]): FaultKind {
  if (status === 503 && errors.some((text) => text.includes("Vault is sealed"))) return "sealed";
  const known = KINDS.get(status);
  if (known !== undefined) return known;
  return status >= 400 && status < 500 ? "invalid" : "unavailable";
}

function withoutQuery(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : url.slice(0, at);
}
