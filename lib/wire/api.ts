/** One call to the Vault HTTP API as its callers see it: whoever logs in, renews or reads takes an `Api`; sockets and TLS are behind it. */
import { Fault, type FaultKind } from "../fault.ts";
import type { Secret } from "../secret.ts";
import type { Encodable, JsonMap } from "./json.ts";

export interface ApiRequest {
  readonly method: "GET" | "LIST" | "POST" | "PUT" | "DELETE";
  /** Below `/v1/`, without a leading slash, not yet percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Encodable;
  readonly token?: Secret;
  /** Ends the call early, for which the rejection is the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ApiReply {
  readonly status: number;
  /** undefined when there was none (204). */
  readonly body: JsonMap | undefined;
  /** The body's `errors`; [] on success. */
  readonly errors: readonly string[];
  /** Milliseconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** Wall time of the server, milliseconds since the epoch, from `Date`. */
  readonly date: number | undefined;
}

/** Resolves for every status. @throws Fault "unavailable" naming address and cause when there is no answer at all */
export type Api = (request: ApiRequest) => Promise<ApiReply>;

const KINDS: Readonly<Record<number, FaultKind>> = {
  400: "invalid",
  403: "denied",
  404: "not-found",
  405: "unsupported",
  412: "precondition",
  413: "too-large",
  429: "throttled",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};
const LONGEST_MESSAGE = 400;

/**
 * What a reply of status 400 or more means, in one line.
 * @param what was tried: "login as role web", "read of secret/data/app"
 */
export function apiFault(what: string, reply: ApiReply): Fault {
  const said = reply.errors.length === 0 ? "no reason given" : reply.errors.join("; ");
  const line = said
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, LONGEST_MESSAGE);
  const options = reply.retryAfter === undefined ? {} : { retryAfter: reply.retryAfter };
  return new Fault(KINDS[reply.status] ?? "upstream", `${what}: ${String(reply.status)}: ${line}`, options);
}
