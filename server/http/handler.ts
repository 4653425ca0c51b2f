/**
 * HTTP <-> Call and Answer: the only room that sends statuses. Every path through it ends in exactly one reply, or
 * in none when the client has gone; what is not a `Fault` becomes "internal error" for the client and a log line for us.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import type { Clock } from "../../lib/clock.ts";
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import { errorText } from "../../lib/wire/envelope.ts";
import { DEFAULT_JSON_LIMITS, type EncodableRecord, stringifyJson } from "../../lib/wire/json.ts";
import { parseTarget } from "../../lib/wire/path.ts";
import type { Answer, Core } from "../contract/answer.ts";
import type { Call, ListenerRights } from "../contract/call.ts";
import { Throttled } from "../contract/guards.ts";
import type { HttpPolicy } from "../contract/http-policy.ts";
import type { ListenerLimits } from "../contract/listener.ts";
import { answerText } from "../core/envelope.ts";
import { Gone } from "./body.ts";
import { type BodyLimits, HttpFault, readCall } from "./call.ts";
import { BodyMemory, type MemoryShare } from "./collect.ts";
import { corsFor } from "./cors.ts";
import type { Flights } from "./in-flight.ts";

export interface HttpOptions {
  readonly log: Log;
  readonly random: Random;
  readonly clock: Clock;
  /** Of the listener this handler serves. */
  readonly limits?: ListenerLimits;
  /** Shared by the handlers of all listeners; without it this one has its own. */
  readonly memory?: BodyMemory;
  /** Where requests are listed while they are served. */
  readonly flights?: Flights;
  /** CORS and the UI's headers; without it there are none. */
  readonly policy?: HttpPolicy;
  /** Answers `?help=1` with `{ help, see_also, openapi }`; without it that is 405. @throws Fault as `Core.handle` */
  readonly help?: (call: Call) => Promise<EncodableRecord>;
}

export interface HttpHandler {
  (req: IncomingMessage, res: ServerResponse): void;
  /** Requests that have come in and are not answered yet. */
  readonly inFlight: () => number;
}

const MIB = 2 ** 20;
/** What bodies may take together: eight of the largest. */
const BODIES = 256 * MIB;
/** How long a client that is still sending may take to read the refusal before the connection breaks under it. */
const LINGER_MS = 500;

export function httpHandler(core: Core, options: HttpOptions): HttpHandler {
  const exchange = new Exchange(core, options);
  const handler = (req: IncomingMessage, res: ServerResponse): void => {
    void exchange.serve(req, res);
  };
  return Object.assign(handler, { inFlight: () => exchange.inFlight });
}

export function bodyMemory(): BodyMemory {
  return new BodyMemory(BODIES);
}

class Exchange {
  inFlight = 0;
  readonly #core: Core;
  readonly #options: HttpOptions;
  readonly #limits: BodyLimits;
  readonly #listener: ListenerRights;
  readonly #memory: BodyMemory;

  constructor(core: Core, options: HttpOptions) {
    this.#core = core;
    this.#options = options;
    this.#memory = options.memory ?? bodyMemory();
    const { maxRequestSize = 32 * MIB, maxJsonDepth, maxJsonMembers } = options.limits ?? {};
    const { unauthedRekey = false, unauthedGenerateRoot = false } = options.limits ?? {};
    this.#listener = { unauthedRekey, unauthedGenerateRoot };
    this.#limits = {
      size: maxRequestSize,
      json: {
        depth: maxJsonDepth ?? DEFAULT_JSON_LIMITS.depth,
        members: maxJsonMembers ?? DEFAULT_JSON_LIMITS.members,
      },
    };
  }

  /** Never rejects. */
  async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.inFlight += 1;
    const share = this.#memory.share();
    res.on("error", ignore);
    req.on("error", ignore);
    try {
      await this.#answer(req, res, share);
    } catch (error) {
      if (!(error instanceof Gone)) this.#refuse(req, res, error);
    } finally {
      this.inFlight -= 1;
      share.release();
    }
  }

  async #answer(req: IncomingMessage, res: ServerResponse, share: MemoryShare): Promise<void> {
    if (this.#isPreflight(req, res)) return;
    const target = parseTarget(req.url ?? "");
    if (target.redirect) {
      send(res, 307, "", ["location", target.path]);
      return;
    }
    const id = this.#options.random.uuid();
    const { call, help } = await readCall(req, target, id, { ...this.#limits, share, listener: this.#listener });
    if (help) {
      if (this.#options.help === undefined) throw new Fault("unsupported", "help is not supported");
      send(res, 200, `${stringifyJson(await this.#options.help(call))}\n`);
      return;
    }
    const { flights, clock } = this.#options;
    flights?.begin(id, {
      startTime: clock.now(),
      remote: `${call.remote.address}:${String(call.remote.port)}`,
      path: target.path,
      method: methodOf(req),
      clientId: "",
    });
    try {
      sendAnswer(res, id, await this.#core.handle(call));
    } finally {
      flights?.end(id);
    }
  }

  /** Sets what goes beside every reply to this request. @returns true when there is nothing more to answer */
  #isPreflight(req: IncomingMessage, res: ServerResponse): boolean {
    const { policy } = this.#options;
    if (policy === undefined) return false;
    if (req.url?.startsWith("/ui/") === true) {
      for (const [name, values] of policy.uiHeaders()) res.setHeader(name, [...values]);
    }
    const rules = req.headers.origin === undefined ? undefined : policy.cors();
    const cors = rules === undefined ? undefined : corsFor(req, rules);
    if (cors === undefined) return false;
    if (cors.what === "refuse") throw new HttpFault(cors.status, cors.message);
    for (const [name, value] of Object.entries(cors.headers)) res.setHeader(name, value);
    if (cors.what === "preflight") send(res, 200, "");
    return cors.what === "preflight";
  }

  #refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const fault = toFault(error);
    this.#note(req, fault);
    const extra = fault instanceof HttpFault ? [...fault.headers] : [];
    if (fault instanceof Throttled) extra.push(...[...fault.headers].flat());
    if (fault.retryAfter !== undefined) extra.push("retry-after", String(Math.ceil(fault.retryAfter / 1000)));
    const text = errorText(fault.errors, fault.warnings);
    if (req.complete || !hasBody(req)) send(res, fault.status, text, extra);
    else this.#refuseEarly(req, res, fault.status, text, extra);
  }

  /**
   * The client is still sending. It gets the whole reply at once, then a moment to read it, since closing with
   * unread bytes resets the connection and may take the reply with it.
   */
  #refuseEarly(
    req: IncomingMessage,
    res: ServerResponse,
    status: number,
    text: string,
    extra: readonly string[],
  ): void {
    if (res.headersSent || res.destroyed) return;
    res.shouldKeepAlive = false;
    res.writeHead(status, headersFor(res, status, text, extra));
    res.write(text);
    const stop = new AbortController();
    const end = (): void => {
      stop.abort();
      res.end();
    };
    req.once("end", end);
    res.once("close", () => {
      stop.abort();
    });
    req.resume();
    this.#options.clock.sleep(LINGER_MS, stop.signal).then(end, ignore);
  }

  #note(req: IncomingMessage, fault: Fault): void {
    if (fault.status < 500 || fault.cause === undefined) return;
    const { cause } = fault;
    this.#options.log(fault.kind === "internal" ? "error" : "warn", "request failed", {
      method: methodOf(req),
      status: fault.status,
      answer: fault.message,
      error: cause instanceof Error ? cause : new Error(typeof cause === "string" ? cause : "not an error object"),
    });
  }
}

/** LIST comes as LINK: see `server/listen/list-door.ts`. */
function methodOf({ method = "" }: IncomingMessage): string {
  return method === "LINK" ? "LIST" : method;
}

function sendAnswer(res: ServerResponse, id: string, answer: Answer): void {
  const text = answerText(id, answer);
  const { reply, headers, wrap } = answer;
  const type = wrap === undefined ? reply?.text?.contentType : undefined;
  const extra = headers === undefined ? NO_HEADERS : [...headers].flat();
  const own = wrap === undefined ? reply?.status : undefined;
  // sys/health may be asked to say 204.
  send(res, own ?? (text === "" ? 204 : 200), own === 204 ? "" : text, extra, type);
}

function ignore(): void {
  // The client is gone: what could not be sent has no reader.
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers["transfer-encoding"] !== undefined || (req.headers["content-length"] ?? "0") !== "0";
}

/** @param text "" is sent without a content type */
function send(
  res: ServerResponse,
  status: number,
  text: string,
  extra: readonly string[] = NO_HEADERS,
  type?: string,
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, headersFor(res, status, text, extra, type));
  res.end(text);
}

const NO_HEADERS: readonly string[] = [];

function headersFor(
  res: ServerResponse,
  status: number,
  text: string,
  extra: readonly string[],
  type = "application/json",
): string[] {
  const cached = extra.some((one, i) => i % 2 === 0 && one === "cache-control");
  const headers = [...(cached ? [] : ["cache-control", "no-store"]), "x-content-type-options", "nosniff"];
  if (res.socket instanceof TLSSocket) headers.push("strict-transport-security", "max-age=31536000; includeSubDomains");
  if (text !== "") headers.push("content-type", type, "content-length", String(Buffer.byteLength(text)));
  else if (status !== 204) headers.push("content-length", "0");
  for (const one of extra) headers.push(one);
  return headers;
}
