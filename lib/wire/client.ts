/**
 * The HTTP client of the agent and the CLI for any server that speaks Vault's API: node:http and node:https with
 * connections kept alive, TCP or a unix socket. It never goes through a proxy, never carries a token to another
 * host, and bounds what a reply may cost. Source: Vault's API page (headers, LIST as `?list=true`, status codes).
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Clock } from "../clock.ts";
import { errorCode } from "../error-code.ts";
import { Fault } from "../fault.ts";
import type { Secret } from "../secret.ts";
import { WireError, type WireErrorParts, type WireReason } from "./error.ts";
import { type Encodable, stringifyJson } from "./json.ts";
import { encodePath, encodeQuery } from "./path.ts";
import { asWireError, checkStatus, readReply, type WireReply } from "./reply.ts";

export interface WireTls {
  /** PEM certificates that are trusted instead of Node's own list. */
  readonly ca?: string | readonly string[];
  /** PEM, for a server that wants to know its clients. */
  readonly cert?: string;
  readonly key?: Secret;
  /** The name the certificate must carry, where it is not the address's. */
  readonly serverName?: string;
  /** Default "TLSv1.2". */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Takes any certificate: the caller has made sure that the operator wants this. */
  readonly skipVerify?: boolean;
}

export interface WireOptions {
  /** "https://host:8200", "http://127.0.0.1:8200", "unix:///run/oksae/server.sock"; a path in it goes before "/v1/". */
  readonly address: string;
  readonly tls?: WireTls;
  readonly clock: Clock;
  /** Milliseconds for the connection with its TLS handshake. Default 10 s. */
  readonly connectTimeout?: number;
  /** Milliseconds for the whole call, to the last byte of the reply. Default 60 s. */
  readonly timeout?: number;
  /** Bytes of a reply's body. Default 64 MiB. */
  readonly maxReply?: number;
  /** Connections at the same time. Default 16. */
  readonly maxSockets?: number;
  readonly userAgent?: string;
}

export type WireMethod = "GET" | "HEAD" | "LIST" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface WireRequest {
  readonly method: WireMethod;
  /** Below "/v1/", as people write it: nothing escaped. A leading slash is ignored. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: Encodable;
  readonly token?: Secret;
  /** Names in any case; these go over the client's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds: asks for a wrapped reply. */
  readonly wrapTtl?: number;
  /** Instead of the client's own. */
  readonly timeout?: number;
  /** Statuses beside 2xx that resolve instead of being thrown, as sys/health and `operator` calls want. */
  readonly alsoStatus?: readonly number[];
}

export interface WireClient {
  /** As it was given. */
  readonly address: string;
  /**
   * Sends once; only a read whose kept-alive connection had died unnoticed is sent again.
   * @throws WireError for everything that goes wrong on the way, and for every status from 400 on that is not in `alsoStatus`
   * @throws whatever `signal` was aborted with
   */
  request(request: WireRequest, signal: AbortSignal): Promise<WireReply>;
  /** Ends idle connections and breaks those in use. */
  close(): void;
}

interface Place {
  readonly tls: boolean;
  /** Where to connect: host and port, or a socket's path. */
  readonly connect: RequestOptions;
  /** "https://host:8200": for messages and for telling whether a redirect stays here. */
  readonly origin: string;
  /** Before "/v1/", without a trailing slash. */
  readonly base: string;
}

/** @throws Fault "invalid" naming what is wrong with the address */
export function parseAddress(address: string): Place {
  if (address.startsWith("unix://")) {
    const socketPath = address.slice("unix://".length);
    if (!socketPath.startsWith("/")) {
      throw new Fault("invalid", `address ${JSON.stringify(address)}: write unix:// and an absolute path`);
    }
    return { tls: false, connect: { socketPath, host: "localhost" }, origin: address, base: "" };
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new Fault("invalid", "the server's address must look like https://host:8200 or unix:///path");
  }
  if (`${url.username}${url.password}${url.search}${url.hash}` !== "") {
    throw new Fault("invalid", "the server's address must not hold a user, a query or a fragment");
  }
  const tls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  return { tls, connect: { host, port }, origin: url.origin, base: url.pathname.replace(/\/+$/, "") };
}

/** @throws Fault "invalid" for a bad address */
export function wireClient(options: WireOptions): WireClient {
  return new Client(options);
}

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly timeout: number;
  readonly alsoStatus: readonly number[];
}

class Client implements WireClient {
  readonly address: string;
  readonly #options: WireOptions;
  readonly #place: Place;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: WireOptions) {
    this.address = options.address;
    this.#options = options;
    this.#place = parseAddress(options.address);
    const pool = { keepAlive: true, maxSockets: options.maxSockets ?? 16, scheduling: "lifo" } as const;
    this.#agent = this.#place.tls ? new HttpsAgent({ ...pool, ...tlsOptions(options.tls ?? {}) }) : new HttpAgent(pool);
  }

  async request(request: WireRequest, signal: AbortSignal): Promise<WireReply> {
    const sent = this.#prepare(request);
    const reply = await this.#sendAgain(sent, signal);
    if (reply.status < 300 || reply.status >= 400) return checkStatus(reply, sent.alsoStatus, this.#parts(sent));
    const moved = { ...sent, target: this.#redirect(reply, sent) };
    const second = await this.#sendAgain(moved, signal);
    if (second.status >= 300 && second.status < 400) throw this.#error("redirected twice", "redirect", moved);
    return checkStatus(second, sent.alsoStatus, this.#parts(moved));
  }

  close(): void {
    this.#agent.destroy();
  }

  #prepare(request: WireRequest): Sent {
    const list = request.method === "LIST";
    const query = encodeQuery(list ? { ...request.query, list: "true" } : (request.query ?? {}));
    const body = request.body === undefined ? undefined : Buffer.from(stringifyJson(request.body), "utf8");
    return {
      method: list ? "GET" : request.method,
      target: `${this.#place.base}/v1/${encodePath(request.path.replace(/^\/+/, ""))}${query}`,
      headers: headersFor(request, body, this.#options.userAgent ?? "oksae"),
      body,
      timeout: request.timeout ?? this.#options.timeout ?? 60_000,
      alsoStatus: request.alsoStatus ?? [],
    };
  }

  /** @returns the target of a 307 or 308 that stays on this very server */
  #redirect(reply: WireReply, sent: Sent): string {
    if (reply.status !== 307 && reply.status !== 308) {
      throw this.#error(`unexpected redirect (${String(reply.status)})`, "redirect", sent);
    }
    const location = reply.headers.get("location") ?? "";
    if (location.startsWith("/") && !location.startsWith("//") && !location.startsWith("/\\")) return location;
    const url = URL.canParse(location) ? new URL(location) : undefined;
    if (url === undefined) throw this.#error("redirected without a usable location", "redirect", sent);
    if (url.origin !== this.#place.origin) {
      throw this.#error(`redirected to another host (${url.origin}): it is not followed`, "redirect", sent);
    }
    return `${url.pathname}${url.search}`;
  }

  async #sendAgain(sent: Sent, signal: AbortSignal): Promise<WireReply> {
    try {
      return await this.#send(sent, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection) || signal.aborted) throw error;
    }
    try {
      return await this.#send(sent, signal);
    } catch (error) {
      throw error instanceof StaleConnection ? this.#error("connection lost", "unreachable", sent, error) : error;
    }
  }

  async #send(sent: Sent, signal: AbortSignal): Promise<WireReply> {
    signal.throwIfAborted();
    const { headers, method, target: path } = sent;
    const open = this.#place.tls ? httpsRequest : httpRequest;
    const req = open({ ...this.#place.connect, agent: this.#agent, headers, method, path });
    const watch = this.#watch(req, sent);
    const onAbort = (): void => void req.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const response = new Promise<IncomingMessage>((resolve, reject) => {
        req.on("response", resolve);
        req.on("error", reject);
      });
      req.end(sent.body);
      return await readReply(await response, this.#options.maxReply ?? 64 * 2 ** 20, this.#parts(sent));
    } catch (error) {
      signal.throwIfAborted();
      if (watch.failure !== undefined) throw watch.failure;
      const died = req.reusedSocket && (errorCode(error) === "ECONNRESET" || errorCode(error) === "EPIPE");
      if (died && (method === "GET" || method === "HEAD"))
        throw new StaleConnection("connection lost", { cause: error });
      throw asWireError(error, this.#parts(sent));
    } finally {
      watch.stop();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Breaks the request when its connection or its reply takes too long; `failure` then says which. */
  #watch(req: ClientRequest, sent: Sent): { failure: WireError | undefined; readonly stop: () => void } {
    const connectMs = this.#options.connectTimeout ?? 10_000;
    const connecting = new AbortController();
    const replying = new AbortController();
    const watch: { failure: WireError | undefined; readonly stop: () => void } = {
      failure: undefined,
      stop: () => {
        connecting.abort();
        replying.abort();
      },
    };
    const fail = (what: string): void => {
      watch.failure = this.#error(what, "timeout", sent);
      req.destroy();
    };
    this.#after(connectMs, connecting.signal, () => {
      fail(`no connection within ${String(connectMs)} ms`);
    });
    this.#after(sent.timeout, replying.signal, () => {
      fail(`no complete reply within ${String(sent.timeout)} ms`);
    });
    const connected = (): void => {
      connecting.abort();
    };
    req.on("socket", (socket) => {
      if (req.reusedSocket) connected();
      else socket.once(this.#place.tls ? "secureConnect" : "connect", connected);
    });
    return watch;
  }

  #after(ms: number, signal: AbortSignal, run: () => void): void {
    this.#options.clock.sleep(ms, signal).then(run, () => undefined);
  }

  #parts(sent: Sent): Omit<WireErrorParts, "reason"> {
    const origin = this.#place.origin;
    return { method: sent.method, url: `${origin}${sent.target}` };
  }

  #error(what: string, reason: WireReason, sent: Sent, cause?: unknown): WireError {
    return new WireError(what, { ...this.#parts(sent), reason, cause });
  }
}

function headersFor(request: WireRequest, body: Buffer | undefined, userAgent: string): Record<string, string> {
  const headers: Record<string, string> = {
    "x-vault-request": "true",
    accept: "application/json",
    "user-agent": userAgent,
  };
  if (request.token !== undefined) headers["x-vault-token"] = clearToken(request.token);
  if (request.wrapTtl !== undefined) headers["x-vault-wrap-ttl"] = `${String(request.wrapTtl)}ms`;
  if (body !== undefined) {
    headers["content-type"] = request.method === "PATCH" ? "application/merge-patch+json" : "application/json";
  }
  if (body !== undefined || request.method === "POST" || request.method === "PUT") {
    headers["content-length"] = String(body?.length ?? 0);
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  return headers;
}

/** A kept-alive connection that the server had closed when the request was on its way. */
class StaleConnection extends Error {}

function tlsOptions(tls: WireTls): object {
  return {
    minVersion: tls.minVersion ?? "TLSv1.2",
    rejectUnauthorized: tls.skipVerify !== true,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

/** A token is one printable word; what is not must not reach a header, nor a message. */
function clearToken(token: Secret): string {
  const text = token.reveal();
  if (!/^[!-~]+$/.test(text))
    throw new Fault("invalid", "the token holds characters that no token has: check how it was read");
  return text;
}
