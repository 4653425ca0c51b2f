/**
 * The instance metadata service, version 2 only: a token by PUT, then GETs that carry it. There is no fall-back to
 * version 1, redirects are refused, and node:http knows no proxy, so a proxy variable changes nothing.
 * Source: AWS, "Use the Instance Metadata Service to access instance metadata" (EC2 User Guide).
 */
import http from "node:http";
import { backoff } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";

export const METADATA_ENDPOINT = "http://169.254.169.254";

export interface MetadataOptions {
  /** `http://HOST[:PORT]`; the link-local address unless a test or a lab says otherwise. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds one request may take, connecting included. */
  readonly timeout?: number;
  readonly attempts?: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ttl: number | undefined;
}

const TOKEN_PATH = "/latest/api/token";
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
/** Six hours: the longest AWS grants. */
const TTL_SECONDS = 21_600;
/** A token is dropped this long before its end. */
const MARGIN = 30_000;
const LARGEST = 65_536;
const RETRY = { first: 100, most: 2_000 };

/** What went wrong in one attempt, before it is put into words. */
type Failure = { readonly status: number } | { readonly connected: boolean; readonly cause: Error };

export class Metadata {
  readonly #options: Required<MetadataOptions>;
  #token: { readonly value: string; readonly until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: MetadataOptions) {
    this.#options = { timeout: 1_000, attempts: 4, ...options };
  }

  /**
   * @param path below `/latest/`
   * @throws Fault "unavailable" that says exactly what is wrong: no service, version 2 refused, hop limit
   */
  async get(path: string, signal: AbortSignal): Promise<string> {
    const body = await this.maybe(path, signal);
    if (body === undefined) throw new Fault("not-found", `the metadata service has no ${path}`);
    return body;
  }

  /** As `get`, but undefined where the service answers 404: a tag that is not set, tags that are switched off. */
  async maybe(path: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#retry("GET", `/latest/${path}`, signal);
    return answer.status === 404 ? undefined : answer.body;
  }

  async #retry(method: "GET" | "PUT", path: string, signal: AbortSignal): Promise<Answer> {
    let last: Failure = { status: 0 };
    for (let attempt = 0; attempt < this.#options.attempts; attempt += 1) {
      if (attempt > 0) {
        const wait = backoff(attempt - 1, RETRY, this.#options.random.fraction());
        await this.#options.clock.sleep(wait, signal);
      }
      const headers = await this.#headers(method, signal);
      const outcome = await this.#attempt(method, path, headers, signal);
      if ("body" in outcome) {
        if (outcome.status === 200 || (outcome.status === 404 && method === "GET")) return outcome;
        if (outcome.status === 401 && method === "GET") this.#token = undefined;
        else if (outcome.status < 500 && outcome.status !== 429) throw this.#explain(method, path, outcome);
      }
      last = outcome;
    }
    throw this.#explain(method, path, last);
  }

  async #headers(method: "GET" | "PUT", signal: AbortSignal): Promise<Record<string, string>> {
    if (method === "PUT") return { [TTL_HEADER]: String(TTL_SECONDS), "content-length": "0" };
    return { "x-aws-ec2-metadata-token": await this.#sessionToken(signal) };
  }

  #sessionToken(signal: AbortSignal): Promise<string> {
    const held = this.#token;
    if (held !== undefined && this.#options.clock.monotonic() < held.until) return Promise.resolve(held.value);
    this.#asking ??= this.#retry("PUT", TOKEN_PATH, signal)
      .then(({ body, ttl }) => {
        const life = (ttl ?? TTL_SECONDS) * 1000;
        this.#token = { value: body, until: this.#options.clock.monotonic() + Math.max(1_000, life - MARGIN) };
        return body;
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async #attempt(
    method: string,
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Answer | Failure> {
    const progress = { connected: false };
    try {
      return await this.#send(method, path, headers, signal, progress);
    } catch (error) {
      signal.throwIfAborted();
      return { connected: progress.connected, cause: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
    progress: { connected: boolean },
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.#options.endpoint}${path}`, {
        method,
        headers,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeout)]),
      });
      request.on("socket", (socket) => {
        socket.on("connect", () => {
          progress.connected = true;
        });
      });
      request.on("error", reject);
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size > LARGEST) request.destroy(new Error("answer is longer than 64 KiB"));
        });
        response.on("error", reject);
        response.on("end", () => {
          const ttl = Number(response.headers[TTL_HEADER] ?? Number.NaN);
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, body, ttl: Number.isInteger(ttl) && ttl > 0 ? ttl : undefined });
        });
      });
      request.end();
    });
  }

  #explain(method: string, path: string, failure: Failure): Fault {
    const at = this.#options.endpoint;
    if ("status" in failure) return new Fault("unavailable", refusal(method, path, failure.status, at));
    const { connected, cause } = failure;
    if (!connected) {
      const message = `no metadata service at ${at}: this is no EC2 instance, or a firewall keeps this user from it`;
      return new Fault("unavailable", message, { cause });
    }
    if (method === "PUT") {
      const message =
        `the metadata service at ${at} takes the connection but does not answer the version 2 token request: the hop ` +
        "limit is too low for a container (run the agent on the host, or set http-put-response-hop-limit to 2)";
      return new Fault("unavailable", message, { cause });
    }
    return new Fault("unavailable", `the metadata service at ${at} does not answer ${path} in time`, { cause });
  }
}

function refusal(method: string, path: string, status: number, at: string): string {
  const code = String(status);
  if (status >= 300 && status < 400)
    return `the metadata service at ${at} redirects (${code}), which it never does: refused`;
  if (method === "PUT" && status === 403) {
    return `the metadata service at ${at} is switched off for this instance (403): set http-endpoint to enabled`;
  }
  if (method === "PUT" && (status === 404 || status === 405)) {
    return `the metadata service at ${at} refuses version 2 (${code} on the token request); version 1 is never used`;
  }
  if (status === 429 || status >= 500)
    return `the metadata service at ${at} is overloaded or failing (${code} on ${path})`;
  return `the metadata service at ${at} refuses ${path} (${code})`;
}
