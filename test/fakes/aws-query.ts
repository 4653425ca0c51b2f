/**
 * An HTTP stand-in for AWS's Query APIs (EC2, STS, IAM): one loopback server that checks the SigV4 signature of each
 * request against the keys it knows and hands the action to its handlers. Slow, throttled or down at will.
 * Source: "Signature Version 4 signing process" and "Create a signed AWS API request" in the AWS IAM user guide;
 * EC2 API reference, "Making API requests" and "Error codes".
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Access key id -> secret key. */
type KnownKeys = Map<string, string>;

export interface QueryCall {
  readonly action: string;
  /** Every parameter, as the form carries it. */
  readonly params: URLSearchParams;
  readonly accessKey: string;
  /** From the credential scope. */
  readonly region: string;
  readonly service: string;
}

export interface QueryError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The XML of the reply, or what went wrong. */
type QueryHandler = (call: QueryCall) => string | QueryError;

interface QueryKnobs {
  /** Milliseconds before each answer; a function is asked anew each time. */
  delay: number | (() => number);
  /** Answers left that are "RequestLimitExceeded". */
  throttle: number;
  /** Everything answers with this status (500, 503) while it is not 0. */
  outage: number;
}

export interface QueryServer {
  readonly url: string;
  readonly keys: KnownKeys;
  readonly knobs: QueryKnobs;
  /** Calls that passed their signature check, in order. */
  readonly calls: readonly QueryCall[];
  count(action: string): number;
  close(): Promise<void>;
}

export interface QueryOptions {
  readonly port?: number;
  readonly keys?: KnownKeys;
  readonly handlers: Readonly<Record<string, QueryHandler>>;
}

export async function startQueryServer(options: QueryOptions): Promise<QueryServer> {
  const keys: KnownKeys = options.keys ?? new Map([["AKIATESTTESTTESTTEST", "test-secret-key"]]);
  const knobs: QueryKnobs = { delay: 0, throttle: 0, outage: 0 };
  const calls: QueryCall[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { keys, knobs, calls, handlers: options.handlers });
  });
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    keys,
    knobs,
    calls,
    count: (action) => calls.filter((call) => call.action === action).length,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

interface Inside {
  readonly keys: KnownKeys;
  readonly knobs: QueryKnobs;
  readonly calls: QueryCall[];
  readonly handlers: QueryOptions["handlers"];
}

async function answer(request: IncomingMessage, response: ServerResponse, inside: Inside): Promise<void> {
  const { knobs, calls, handlers } = inside;
  const body = await readBody(request);
  const call = authenticate(request, body, inside.keys);
  const wait = typeof knobs.delay === "function" ? knobs.delay() : knobs.delay;
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  if ("status" in call) {
    sendError(response, call);
    return;
  }
  calls.push(call);
  if (knobs.outage !== 0) {
    sendError(
      response,
      { status: knobs.outage, code: "InternalError", message: "An internal error has occurred" },
      call,
    );
  } else if (knobs.throttle > 0) {
    knobs.throttle -= 1;
    sendError(response, { status: 503, code: "RequestLimitExceeded", message: "Request limit exceeded." }, call);
  } else {
    const result = handlers[call.action]?.(call) ?? unknownAction(call.action);
    if (typeof result === "string") send(response, 200, result);
    else sendError(response, result, call);
  }
}

function unknownAction(action: string): QueryError {
  return { status: 400, code: "InvalidAction", message: `The action ${action} is not valid for this web service.` };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { "content-type": "text/xml;charset=UTF-8" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

/** EC2 wraps its errors in `Errors`, STS and IAM do not. */
function sendError(response: ServerResponse, error: QueryError, call?: QueryCall): void {
  const inner = `<Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>`;
  const ec2 = `<Response><Errors><Error>${inner}</Error></Errors><RequestID>fake</RequestID></Response>`;
  const other = `<ErrorResponse><Error><Type>Sender</Type>${inner}</Error><RequestId>fake</RequestId></ErrorResponse>`;
  send(response, error.status, call === undefined || call.service === "ec2" ? ec2 : other);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${String(c.charCodeAt(0))};`);
}

const REFUSED: QueryError = {
  status: 401,
  code: "AuthFailure",
  message: "AWS was not able to validate the provided access credentials",
};

/** The call, if its signature is that of a known key; see "Create a signed AWS API request", steps 1 to 4. */
function authenticate(request: IncomingMessage, body: Buffer, keys: KnownKeys): QueryCall | QueryError {
  const header =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const match = header.exec(request.headers.authorization ?? "");
  if (match === null) return REFUSED;
  const [, accessKey = "", date = "", region = "", service = "", signedHeaders = "", signature = ""] = match;
  const secret = keys.get(accessKey);
  if (secret === undefined) return REFUSED;
  const stamp = String(request.headers["x-amz-date"]);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonicalRequest(request, body, signedHeaders))].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  if (!timingSafeEqual(hmac(key, text), Buffer.from(signature, "hex"))) return REFUSED;
  const params = new URLSearchParams(body.toString("utf8"));
  return { action: params.get("Action") ?? "", params, accessKey, region, service };
}

function canonicalRequest(request: IncomingMessage, body: Buffer, signedHeaders: string): string {
  const [path = "/", query = ""] = (request.url ?? "/").split("?");
  const headers = signedHeaders.split(";").map((name) => {
    const value = String(request.headers[name] ?? "");
    return `${name}:${value.trim().replace(/ +/g, " ")}\n`;
  });
  return [request.method, path, query, headers.join(""), signedHeaders, sha256(body)].join("\n");
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
