/**
 * One GET of GitHub's API: bounded in time and bytes, no redirect, no proxy; what it says about pages, ETags and rate limits.
 * Source: https://docs.github.com/rest, "Best practices for using the REST API", "Rate limits", "Using pagination".
 */
import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { type Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { toSeconds } from "../../lib/duration.ts";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { VERSION } from "../../lib/version.ts";
import { type Json, parseJson } from "../../lib/wire/json.ts";

/** Bytes of one answer. */
const LARGEST = 4 * 2 ** 20;
/** Milliseconds: when GitHub does not say, and what is told at most. */
const RETRY = 60_000;
const LONGEST_RETRY = 3_600_000;

export interface GithubRequest {
  readonly url: URL;
  readonly token: Secret | undefined;
  /** Of the answer that is remembered. */
  readonly etag: string | undefined;
  readonly agent: HttpAgent | HttpsAgent;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** undefined = what is remembered still holds. */
export type GithubAnswer =
  | { readonly body: Json; readonly bytes: number; readonly etag: string | undefined; readonly more: boolean }
  | undefined;

/** @throws Fault as `Github` says */
export async function getGithub(asked: GithubRequest): Promise<GithubAnswer> {
  const response = await respond(asked);
  const text = await read(response).catch((cause: unknown) => {
    response.destroy();
    throw cause instanceof Fault ? cause : away(cause);
  });
  const { statusCode: status = 0, headers } = response;
  if (status === 304 && asked.etag !== undefined) return undefined;
  if (status !== 200) throw refusal(status, headers, asked.now);
  const more = /;\s*rel="?next"?/i.test(String(headers["link"] ?? ""));
  return { body: parsed(text), bytes: text.length, etag: headers.etag, more };
}

function respond({ url, token, etag, agent, timeout }: GithubRequest): Promise<IncomingMessage> {
  const headers = {
    accept: "application/vnd.github+json",
    "accept-encoding": "identity",
    "user-agent": `oksae/${VERSION}`,
    "x-github-api-version": "2022-11-28",
    ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
    ...(etag === undefined ? {} : { "if-none-match": etag }),
  };
  return new Promise((resolve, reject) => {
    const options = { headers, agent, signal: AbortSignal.timeout(timeout) };
    const request: ClientRequest = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    request.on("error", (cause) => {
      reject(away(cause));
    });
    request.on("response", resolve);
    request.end();
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST) throw new Fault("upstream", "GitHub's answer is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new Fault("upstream", "GitHub's answer is no JSON", { cause });
  }
}

function away(cause: unknown): Fault {
  const code = errorCode(cause);
  return new Fault("unavailable", `GitHub cannot be reached${code === "" ? "" : `: ${code}`}`, {
    cause,
    retryAfter: 5000,
  });
}

function refusal(status: number, headers: IncomingMessage["headers"], now: number): Fault {
  const limited = headers["retry-after"] !== undefined || headers["x-ratelimit-remaining"] === "0";
  if (status === 429 || (status === 403 && limited)) {
    const retryAfter = waitOf(headers, now);
    const seconds = String(Math.ceil(toSeconds(retryAfter)));
    return new Fault("unavailable", `GitHub's rate limit is reached: try again in ${seconds} s`, { retryAfter });
  }
  if (status === 401) return new Fault("denied", "GitHub does not take this token");
  if (status === 403)
    return new Fault("denied", "GitHub does not let this token read that: it needs the scope read:org");
  if (status === 404) return new Fault("not-found", "GitHub knows no such thing, or does not show it");
  if (status >= 500) return new Fault("unavailable", `GitHub answers ${String(status)}`, { retryAfter: RETRY });
  return new Fault("upstream", `GitHub answers ${String(status)}: check base_url`);
}

/** "Retry-After" in seconds, else the time in "X-RateLimit-Reset". @returns milliseconds */
function waitOf(headers: IncomingMessage["headers"], now: number): number {
  const after = Number(headers["retry-after"] ?? Number.NaN) * 1000;
  const reset = Number(headers["x-ratelimit-reset"] ?? Number.NaN) * 1000 - now;
  const wait = [after, reset].find((value) => Number.isFinite(value) && value > 0) ?? RETRY;
  return Math.min(wait, LONGEST_RETRY);
}
