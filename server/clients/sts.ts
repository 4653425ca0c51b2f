/**
 * Sends a caller's signed GetCallerIdentity on to STS. Not through the SDK, which would sign it anew: what is sent is
 * what the caller signed, to the endpoint that the server's configuration names.
 * Source: Vault API, AWS auth method, "Login"; STS API reference, GetCallerIdentity, "Common Errors".
 */
import { type IncomingMessage, request as plain, type RequestOptions } from "node:http";
import { request as secure } from "node:https";
import { isIP } from "node:net";
import { backoff } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import type { CallerRequest, Sts, StsAnswer } from "../contract/sts.ts";

/** Milliseconds for one attempt. */
const ATTEMPT = 5000;
/** Milliseconds between attempts. */
const WAITS = { first: 500, most: 30_000 };
const RETRIES = 4;
/** However many `max_retries` asks for: a login that waits holds a connection. */
const MOST_RETRIES = 8;
/** An answer has some 500 bytes. */
const MOST_BYTES = 64 * 1024;
/** Milliseconds that a client is told to wait. */
const RETRY_AFTER = 10_000;

export interface StsClock {
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
}

export function httpSts({ clock, random }: StsClock): Sts {
  return {
    forward: async (request) => {
      const retries = Math.min(MOST_RETRIES, request.maxRetries < 0 ? RETRIES : request.maxRetries);
      for (let attempt = 0; ; attempt += 1) {
        const answer = await once(request).catch((error: unknown) => {
          if (error instanceof Fault || attempt >= retries) throw unavailable(error);
          return undefined;
        });
        if (answer !== undefined && !isPassing(answer.status)) return answer;
        if (attempt >= retries) throw unavailable(new Error(`status ${String(answer?.status)}`));
        await clock.sleep(backoff(attempt, WAITS, random.fraction()), new AbortController().signal);
      }
    },
  };
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429;
}

function unavailable(cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  return new Fault("unavailable", "AWS does not answer sts:GetCallerIdentity: try again", {
    cause,
    retryAfter: RETRY_AFTER,
  });
}

function once({ endpoint, host, method, query, headers, body }: CallerRequest): Promise<StsAnswer> {
  const url = new URL(endpoint);
  const options: RequestOptions = {
    method,
    path: `${url.pathname}${query}`,
    headers: {
      ...Object.fromEntries(headers),
      host,
      accept: headers.get("accept") ?? "text/xml",
      ...(method === "POST" ? { "content-length": Buffer.byteLength(body) } : {}),
    },
    setHost: false,
    // The certificate is that of the endpoint, whatever Host the caller has signed.
    ...(url.protocol === "https:" ? { servername: serverName(url) } : {}),
    signal: AbortSignal.timeout(ATTEMPT),
  };
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === "https:" ? secure : plain)(url, options, (reply) => {
      read(reply).then((text) => {
        resolve({ status: reply.statusCode ?? 0, contentType: reply.headers["content-type"] ?? "", body: text });
      }, reject);
    });
    sent.on("error", reject);
    sent.end(method === "POST" ? body : undefined);
  });
}

/** RFC 6066 section 3: an address is no server name. */
function serverName({ hostname }: URL): string {
  return isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : "";
}

async function read(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) {
      reply.destroy();
      throw new Fault("upstream", "the answer to sts:GetCallerIdentity is too long");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
