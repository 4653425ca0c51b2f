/**
 * The request of an iam login: a GetCallerIdentity that its caller has signed. Nothing else gets through to STS: not another
 * action, another host, a header that changes the answer's form (CVE-2020-16250), nor a header that is not signed.
 * Source: Vault API, AWS auth method, "Login"; AWS IAM user guide, "Create a signed AWS API request".
 */
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber, parseJsonMap } from "../../../lib/wire/json.ts";
import type { CallerRequest } from "../../contract/sts.ts";
import type { ClientConfig } from "./config-client.ts";
import { readQuery, type Signed, signedBy } from "./signature.ts";
import { hostFits, stsEndpoint } from "./sts-endpoint.ts";

export interface IamFields {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Json;
}

const SERVER_ID = "x-vault-aws-iam-server-id";
const BODIES: readonly string[] = [
  "Action=GetCallerIdentity&Version=2011-06-15",
  "Version=2011-06-15&Action=GetCallerIdentity",
];
/** Header names in lower case. Those of X-Amz-… are the ones that Vault takes; the others those that AWS's SDKs sign. */
const ALLOWED: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-content-sha256",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-signature",
  "x-amz-signedheaders",
  "x-amz-user-agent",
  "accept",
  "accept-encoding",
  "amz-sdk-invocation-id",
  "amz-sdk-request",
  "amz-sdk-retry",
  "authorization",
  "content-length",
  "content-type",
  "host",
  "user-agent",
  SERVER_ID,
]);
/** Sent on although the signature may leave it out. */
const UNSIGNED: ReadonlySet<string> = new Set(["authorization", "x-amz-date", "x-amz-security-token"]);
const XML: ReadonlySet<string> = new Set(["*/*", "text/xml", "application/xml"]);

/** @throws Fault "invalid" for anything that is not a plain, signed GetCallerIdentity to STS */
export function callerRequest(fields: IamFields, config: ClientConfig): CallerRequest {
  const { method } = fields;
  if (method !== "POST" && method !== "GET") {
    throw new Fault("invalid", "invalid iam_http_request_method; only POST and GET are supported");
  }
  const url = readUrl(fields.url);
  const headers = readHeaders(fields.headers);
  const signed = method === "POST" ? signedPost(url, fields.body, headers) : signedGet(url, fields.body, headers);
  checkHeaders(headers, signed, config, url.host);
  const endpoint = stsEndpoint(config, signed.region);
  if (!hostFits(url.host, endpoint)) {
    throw new Fault("invalid", "iam_request_url must be that of an STS endpoint, such as https://sts.amazonaws.com/");
  }
  const sent = [...headers].filter(([name]) => signed.headers.has(name) || UNSIGNED.has(name));
  return {
    endpoint,
    host: url.host,
    method,
    query: url.search,
    headers: new Map(sent.filter(([name]) => name !== "host" && name !== "content-length")),
    body: method === "POST" ? fromBase64("iam_request_body", fields.body) : "",
    maxRetries: config.maxRetries,
  };
}

function signedPost(url: URL, body: string, headers: ReadonlyMap<string, string>): Signed {
  if (url.search !== "") throw new Fault("invalid", "a POST to STS may have no query string");
  const text = fromBase64("iam_request_body", body);
  if (!BODIES.includes(text)) {
    throw new Fault("invalid", "iam_request_body must be Action=GetCallerIdentity and Version=2011-06-15 alone");
  }
  const length = headers.get("content-length");
  if (length !== undefined && length !== String(text.length)) {
    throw new Fault("invalid", "Content-Length is not that of iam_request_body");
  }
  const type = headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/i.test(type)) {
    throw new Fault("invalid", "Content-Type must be application/x-www-form-urlencoded");
  }
  return signedBy(headers.get("authorization") ?? "");
}

function signedGet(url: URL, body: string, headers: ReadonlyMap<string, string>): Signed {
  if (body !== "") throw new Fault("invalid", "a GET to STS may have no body");
  if (headers.has("authorization")) throw new Fault("invalid", "a GET to STS must be signed in its query alone");
  return readQuery(url.searchParams);
}

function readUrl(sent: string): URL {
  const text = fromBase64("iam_request_url", sent);
  const wrong = new Fault("invalid", "iam_request_url must be base64 of an URL such as https://sts.amazonaws.com/");
  // One spelling only: nothing that two readers of URLs could see differently.
  if (!/^https?:\/\/[\w.-]+(?::\d+)?\/?(?:\?[\x21\x22\x24-\x5b\x5d-\x7e]*)?$/.test(text) || !URL.canParse(text))
    throw wrong;
  const url = new URL(text);
  return url;
}

/** Names in lower case, each once, with one value each. */
function readHeaders(sent: Json): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of headerObject(sent)) {
    const lower = name.toLowerCase();
    if (!/^[\w-]{1,64}$/.test(name) || out.has(lower)) {
      throw new Fault("invalid", "iam_request_headers must have each header once, with a plain name");
    }
    out.set(lower, headerValue(lower, value));
  }
  return out;
}

function headerObject(sent: Json): JsonMap {
  if (isJsonMap(sent)) return sent;
  const wrong = new Fault("invalid", "iam_request_headers must be a JSON object of headers, or base64 of one");
  if (typeof sent !== "string") throw wrong;
  const text = sent.trimStart().startsWith("{") ? sent : fromBase64("iam_request_headers", sent);
  try {
    return parseJsonMap(text, { depth: 3, members: 200 });
  } catch {
    throw wrong;
  }
}

function headerValue(name: string, sent: Json): string {
  const value = isJsonList(sent) && sent.length === 1 ? sent[0] : sent;
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string" || !/^[\x20-\x7e]{0,8192}$/.test(text)) {
    throw new Fault("invalid", `header ${name} of iam_request_headers must have one value of printable characters`);
  }
  return text.trim();
}

function checkHeaders(headers: ReadonlyMap<string, string>, signed: Signed, config: ClientConfig, host: string): void {
  for (const name of headers.keys()) checkAllowed(name, signed, config);
  const absent = [...signed.headers].find((name) => name !== "host" && !headers.has(name));
  if (absent !== undefined) throw new Fault("invalid", "iam_request_headers lacks a header that is signed");
  const accept = signed.headers.has("accept") ? headers.get("accept") : undefined;
  if (accept !== undefined && !XML.has(accept)) throw new Fault("invalid", "the header Accept may ask for XML only");
  if ((headers.get("host") ?? host) !== host) {
    throw new Fault("invalid", "the header Host is not that of iam_request_url");
  }
  if (config.serverIdHeader !== "") checkServerId(headers.get(SERVER_ID), signed, config.serverIdHeader);
}

/** What is neither signed nor an X-Amz-… is not sent on, and so may be there. */
function checkAllowed(name: string, signed: Signed, config: ClientConfig): void {
  if (!signed.headers.has(name) && !name.startsWith("x-amz-")) return;
  if (ALLOWED.has(name) || config.allowedStsHeaders.some((allowed) => allowed.toLowerCase() === name)) return;
  throw new Fault("invalid", `invalid request header: ${name}: see allowed_sts_header_values in config/client`);
}

function checkServerId(sent: string | undefined, signed: Signed, expected: string): void {
  if (sent === undefined) throw new Fault("invalid", "missing header X-Vault-AWS-IAM-Server-ID");
  if (sent !== expected) {
    throw new Fault("invalid", "the header X-Vault-AWS-IAM-Server-ID is not what this server expects");
  }
  if (!signed.headers.has(SERVER_ID)) {
    throw new Fault("invalid", "the header X-Vault-AWS-IAM-Server-ID must be among the signed headers");
  }
}

function fromBase64(name: string, text: string): string {
  const bytes = Buffer.from(text, "base64");
  const plain = text.replace(/=+$/, "");
  if (text === "" || bytes.toString("base64").replace(/=+$/, "") !== plain) {
    throw new Fault("invalid", `failed to base64 decode ${name}`);
  }
  return bytes.toString("utf8");
}
