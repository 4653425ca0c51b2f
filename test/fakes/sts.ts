/**
 * STS's GetCallerIdentity over real HTTP: recomputes each signature with the key's secret, checks date, scope, body and
 * session token, and answers like AWS. Written from the documents alone, without the signer under test.
 * Source: AWS IAM user guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4"; STS API reference,
 * GetCallerIdentity and "Common Errors".
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StsKey {
  readonly secret: string;
  /** Of temporary keys. */
  readonly sessionToken?: string;
  /** Wall-clock milliseconds. */
  readonly expires?: number;
  readonly arn: string;
  readonly userId: string;
}

export interface FakeSts {
  readonly url: string;
  /** By access key id. */
  readonly keys: Map<string, StsKey>;
  readonly knobs: {
    /** Of the next answers: a status with the error's code. */
    fail: { status: number; code: string; times: number } | undefined;
    /** Instead of the right answer. */
    reply: { status?: number; type?: string; body?: string; location?: string } | undefined;
    /** Wall-clock milliseconds; default the machine's. */
    now: () => number;
  };
  /** What arrived, right or wrong. */
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    /** By `knobs.now`. */
    readonly at: number;
  }[];
  close(): Promise<void>;
}

const SKEW = 15 * 60_000;

export async function startSts(): Promise<FakeSts> {
  const keys: FakeSts["keys"] = new Map();
  const knobs: FakeSts["knobs"] = { fail: undefined, reply: undefined, now: () => Date.now() };
  const requests: FakeSts["requests"] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, at: knobs.now() });
    void answer(request, response, { keys, knobs });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    keys,
    knobs,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

type Inside = Pick<FakeSts, "keys" | "knobs">;

class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, { keys, knobs }: Inside): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { fail } = knobs;
  if (fail !== undefined && fail.times > 0) {
    fail.times -= 1;
    sendError(response, fail.status, fail.code);
    return;
  }
  try {
    const key = authenticate(request, Buffer.concat(chunks), keys, knobs.now());
    // As AWS: whoever asks for JSON gets it. That was half of CVE-2020-16250.
    const json = String(request.headers.accept).includes("json");
    const right = json
      ? { status: 200, type: "application/json", body: identityJson(key) }
      : { status: 200, type: "text/xml", body: identityXml(key) };
    const { status, type, body, location } = { location: undefined, ...right, ...knobs.reply };
    response.writeHead(status, { "content-type": type, ...(location === undefined ? {} : { location }) });
    response.end(body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sendError(response, 403, error.code);
  }
}

const account = ({ arn }: StsKey): string => arn.split(":")[4] ?? "";

export function identityXml(key: StsKey): string {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${key.arn}</Arn>
    <UserId>${key.userId}</UserId>
    <Account>${account(key)}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

function identityJson(key: StsKey): string {
  const result = { Arn: key.arn, UserId: key.userId, Account: account(key) };
  return JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult: result } });
}

function sendError(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "text/xml" });
  response.end(`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>refused</Message>
  </Error>
  <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
</ErrorResponse>
`);
}

interface Claims {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly token: string | undefined;
  /** Seconds that a signed URL lasts. */
  readonly lasts: number;
}

function authenticate(request: IncomingMessage, body: Buffer, keys: FakeSts["keys"], now: number): StsKey {
  const url = new URL(request.url ?? "/", "http://sts");
  const claims = request.headers.authorization === undefined ? queryClaims(url) : headerClaims(request);
  const key = keys.get(claims.credential.split("/", 1)[0] ?? "");
  if (key === undefined || key.sessionToken !== claims.token) throw new Refused("InvalidClientTokenId");
  if (key.expires !== undefined && now >= key.expires) throw new Refused("ExpiredToken");
  checkDate(claims, now);
  const right = signatureOf(request, url, body, claims, key.secret);
  const given = Buffer.from(claims.signature, "hex");
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new Refused("SignatureDoesNotMatch");
  const form = request.method === "POST" ? new URLSearchParams(body.toString("utf8")) : url.searchParams;
  if (form.get("Action") !== "GetCallerIdentity") throw new Refused("AccessDenied");
  return key;
}

function checkDate({ date, credential, lasts }: Claims, now: number): void {
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const latest = at + (lasts > 0 ? lasts * 1000 : SKEW);
  const [, day = "", , service, end] = credential.split("/");
  const scoped = service === "sts" && end === "aws4_request" && date.startsWith(day);
  if (!(now <= latest && at <= now + SKEW && scoped)) throw new Refused("SignatureDoesNotMatch");
}

function signatureOf(request: IncomingMessage, url: URL, body: Buffer, claims: Claims, secret: string): Buffer {
  const [, ...scope] = claims.credential.split("/");
  const lines = claims.signedHeaders.split(";").map(
    (name) =>
      `${name}:${String(request.headers[name] ?? "")
        .trim()
        .replace(/ +/g, " ")}\n`,
  );
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const parts = [request.method, url.pathname, query, lines.join(""), claims.signedHeaders, sha256(body)];
  const text = ["AWS4-HMAC-SHA256", claims.date, scope.join("/"), sha256(parts.join("\n"))].join("\n");
  return hmac(scope.reduce(hmac, Buffer.from(`AWS4${secret}`)), text);
}

function headerClaims(request: IncomingMessage): Claims {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    request.headers.authorization ?? "",
  );
  if (match === null) throw new Refused("IncompleteSignature");
  const [, credential = "", signedHeaders = "", signature = ""] = match;
  const token = request.headers["x-amz-security-token"];
  return {
    credential,
    signedHeaders,
    signature,
    date: String(request.headers["x-amz-date"]),
    token: token === undefined ? undefined : String(token),
    lasts: 0,
  };
}

function queryClaims({ searchParams: query }: URL): Claims {
  if (!query.has("X-Amz-Signature")) throw new Refused("MissingAuthenticationToken");
  return {
    credential: query.get("X-Amz-Credential") ?? "",
    signedHeaders: query.get("X-Amz-SignedHeaders") ?? "",
    signature: query.get("X-Amz-Signature") ?? "",
    date: query.get("X-Amz-Date") ?? "",
    token: query.get("X-Amz-Security-Token") ?? undefined,
    lasts: Number(query.get("X-Amz-Expires") ?? "0"),
  };
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
