/** One call to the server, its failure in the words people know from `vault`. */
import type { Secret } from "../../lib/secret.ts";
import type { Encodable, JsonMap } from "../../lib/wire/json.ts";

export interface ApiCall {
  readonly method: "GET" | "LIST" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below /v1/, without a leading slash, not yet percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Encodable;
  /** Instead of the caller's own; "none" = without. */
  readonly token?: Secret | "none";
  /** Asked on the way to the call that the command is about: sent even where that one is only shown. */
  readonly ahead?: boolean;
  /** Its reply is never wrapped, whatever -wrap-ttl says: it has another meaning there. */
  readonly bare?: boolean;
  /** The command itself sees to a wrapped reply; else the wrapping token is shown in place of what the command would. */
  readonly takesWrapped?: boolean;
  /** Statuses of 400 and above that are an answer here. */
  readonly alsoStatus?: readonly number[];
}

export interface ApiReply {
  readonly status: number;
  /** undefined on 204 */
  readonly body: JsonMap | undefined;
}

/** Thrown in place of a reply that -wrap-ttl has had wrapped: the program shows it, whatever the command. */
export class Wrapped extends Error {
  readonly body: JsonMap;

  constructor(body: JsonMap) {
    super("a wrapped reply");
    this.body = body;
  }
}

/** The server answered with an error, or not at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 when there was no answer. */
  readonly status: number;
  readonly body: JsonMap | undefined;

  constructor(status: number, message: string, body: JsonMap | undefined) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** @throws ApiError on every status of 400 and above, and when there is no answer */
export type Api = (call: ApiCall) => Promise<ApiReply>;

export function apiErrorText(call: ApiCall, url: string, status: number, errors: readonly string[]): string {
  const bullets = errors.map((error) => `* ${error}`).join("\n");
  const list = errors.length === 0 ? "" : `\n\n${bullets}`;
  return `Error making API request.\n\nURL: ${call.method} ${url}\nCode: ${String(status)}. Errors:${list}`;
}
