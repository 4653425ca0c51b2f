/**
 * What browsers ask before a page of another origin may use the API. Source: Vault's API page "/sys/config/cors"; the
 * Fetch standard, section "CORS protocol".
 */
import type { IncomingMessage } from "node:http";
import type { CorsRules } from "../contract/http-policy.ts";

const METHODS: readonly string[] = ["DELETE", "GET", "OPTIONS", "POST", "PUT", "LIST"];
/** Seconds that a browser may keep the answer to a preflight. */
const MAX_AGE = "300";

export type Cors =
  /** The request is served, with these headers beside its reply. */
  | { readonly what: "serve"; readonly headers: Readonly<Record<string, string>> }
  /** It was only asked what may be: these headers are the answer. */
  | { readonly what: "preflight"; readonly headers: Readonly<Record<string, string>> }
  | { readonly what: "refuse"; readonly status: 403 | 405; readonly message: string };

/** @returns undefined for a request that has nothing to do with it: without an Origin, as all but browsers' are */
export function corsFor({ method, headers }: IncomingMessage, rules: CorsRules): Cors | undefined {
  const { origin } = headers;
  if (origin === undefined) return undefined;
  if (!rules.allowedOrigins.some((allowed) => allowed === "*" || allowed === origin)) {
    return { what: "refuse", status: 403, message: "origin not allowed" };
  }
  const allowed = { "access-control-allow-origin": origin, vary: "Origin" };
  if (method !== "OPTIONS") return { what: "serve", headers: allowed };
  if (!METHODS.includes(headers["access-control-request-method"] ?? "")) {
    return { what: "refuse", status: 405, message: "method not allowed" };
  }
  return {
    what: "preflight",
    headers: {
      ...allowed,
      "access-control-allow-methods": METHODS.join(","),
      "access-control-allow-headers": rules.allowedHeaders.join(","),
      "access-control-max-age": MAX_AGE,
    },
  };
}
