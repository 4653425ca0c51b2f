/** An HTTP request read as a `Call`: method and query to an operation, target to a path, headers and body to values. */
import type { IncomingMessage } from "node:http";
import { Fault, type FaultOptions } from "../../lib/fault.ts";
import type { JsonLimits, JsonMap } from "../../lib/wire/json.ts";
import { parseQuery, type Target } from "../../lib/wire/path.ts";
import type { Call, ListenerRights, Operation } from "../contract/call.ts";
import { mediaType, parseBody, readBody, singles } from "./body.ts";
import type { MemoryShare } from "./collect.ts";
import { checkNamespace, type Headers, readHeaders, readWrapTtl } from "./headers.ts";

/** A refusal that only HTTP knows: a status no room has a kind for, or headers beside it. */
export class HttpFault extends Fault {
  readonly #status: number;
  readonly headers: readonly string[];

  constructor(status: number, message: string, options: FaultOptions & { readonly headers?: readonly string[] } = {}) {
    super("invalid", message, options);
    this.#status = status;
    this.headers = options.headers ?? [];
  }

  override get status(): number {
    return this.#status;
  }
}

export interface BodyLimits {
  /** Bytes. */
  readonly size: number;
  readonly json: JsonLimits;
}

export interface BodyTerms extends BodyLimits {
  /** Released by the caller once the request is answered. */
  readonly share: MemoryShare;
  /** Of the listener it came in by. */
  readonly listener: ListenerRights;
}

export interface Asked {
  readonly call: Call;
  /** `?help=1`: what is here, instead of doing it. */
  readonly help: boolean;
}

/** LIST arrives as LINK (see `server/listen/list-door.ts`); PUT is POST. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["GET", "read"],
  ["HEAD", "read"],
  ["LINK", "list"],
  ["LIST", "list"],
  ["POST", "update"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);
const ALLOW = ["allow", "GET, LIST, POST, PUT, PATCH, DELETE"];
const NOTHING: JsonMap = new Map();

/**
 * @throws Fault for whatever can be told wrong before token and policy are asked; what depends on the route is the core's
 * @throws Gone when the client breaks off in the middle
 */
export async function readCall(req: IncomingMessage, target: Target, id: string, terms: BodyTerms): Promise<Asked> {
  if (!target.path.startsWith("/v1/") || target.path === "/v1/") {
    throw new HttpFault(404, "nothing is here: the API lies below /v1/");
  }
  const asked = operationOf(req.method ?? "", target.path);
  const headers = readHeaders(req);
  checkNamespace(headers.rest);
  const query = parseQuery(target.query);
  const help = flag(query, "help");
  const operation = asked === "read" && flag(query, "list") ? "list" : asked;
  const writes = operation === "update" || operation === "patch";
  if (operation === "patch") checkPatchType(headers.rest.get("content-type"));
  const data = writes && !help ? await readData(req, headers, terms) : queryData(query, operation);
  const parts = { id, operation, path: pathOf(target.path, operation), data, headers, listener: terms.listener };
  return { help, call: callOf(req, parts) };
}

function operationOf(method: string, path: string): Operation {
  const operation = OPERATIONS.get(method);
  if (operation !== undefined && (method !== "HEAD" || path === "/v1/sys/health")) return operation;
  throw new HttpFault(405, `method ${method} is not supported here`, { headers: ALLOW });
}

interface Parts extends Pick<Call, "id" | "operation" | "path" | "data"> {
  readonly headers: Headers;
  readonly listener: ListenerRights;
}

function callOf(req: IncomingMessage, parts: Parts): Call {
  const { id, operation, path, data, headers, listener } = parts;
  return {
    id,
    operation,
    path,
    data,
    token: headers.token,
    wrapTtl: readWrapTtl(headers.rest),
    remote: { address: plainAddress(req.socket.remoteAddress ?? ""), port: req.socket.remotePort ?? 0 },
    headers: headers.rest,
    listener,
  };
}

function pathOf(target: string, operation: Operation): string {
  const path = target.slice("/v1/".length);
  return operation === "list" && !path.endsWith("/") ? `${path}/` : path;
}

async function readData(req: IncomingMessage, headers: Headers, { size, json, share }: BodyTerms): Promise<JsonMap> {
  const bytes = await readBody(req, size, share);
  return parseBody(bytes, headers.rest.get("content-type"), json);
}

function queryData(query: ReadonlyMap<string, readonly string[]>, operation: Operation): JsonMap {
  if (query.size === 0) return NOTHING;
  const own = new Map(query);
  own.delete("help");
  if (operation === "list") own.delete("list");
  return singles(own);
}

/** Vault takes merge-patch only; plain JSON says the same and is what many clients send. */
function checkPatchType(contentType: string | undefined): void {
  const type = mediaType(contentType ?? "");
  if (type === "application/merge-patch+json" || type === "application/json") return;
  throw new HttpFault(415, "PATCH requires Content-Type of application/merge-patch+json");
}

const TRUE: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False", ""]);

/** As Go's strconv.ParseBool; an empty value is as none. */
function flag(query: ReadonlyMap<string, readonly string[]>, name: "list" | "help"): boolean {
  const values = query.get(name);
  if (values === undefined) return false;
  const [value = ""] = values;
  if (values.length > 1 || !(TRUE.has(value) || FALSE.has(value))) {
    throw new Fault("invalid", `the query's "${name}" must be given once and be true or false`);
  }
  return TRUE.has(value);
}

/** IPv4 over a dual-stack socket is shown as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
