/**
 * AWS Signature Version 4 by hand, and with it the request that logs in with an IAM identity: a signed GetCallerIdentity
 * that the server sends on to STS, which names whoever signed it.
 * Source: AWS IAM user guide, "Create a signed AWS API request"; STS API reference, GetCallerIdentity; Vault docs,
 * "AWS auth method", "IAM auth method". Vectors: awslabs/aws-c-auth, tests/aws-signing-test-suite/v4.
 */
import { createHash, createHmac } from "node:crypto";
import type { Secret } from "../secret.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
const BODY = "Action=GetCallerIdentity&Version=2011-06-15";
const SERVER_ID = "X-Vault-AWS-IAM-Server-ID";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary keys: those of an instance profile, a container, an assumed role. */
  readonly sessionToken?: Secret;
}

export interface SigningScope {
  readonly region: string;
  /** "sts", "ec2". */
  readonly service: string;
  /** Wall-clock milliseconds; AWS takes 15 minutes to either side. */
  readonly time: number;
}

/** What is signed. A header may come more than once; without a "Host" the URL's is signed. */
export interface SignableRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * Signs every header of `request`, its host and the time.
 * @returns the headers to send: those of `request`, then X-Amz-Date, X-Amz-Security-Token (for temporary keys), Authorization
 */
export function signRequest(
  request: SignableRequest,
  keys: AwsKeys,
  { region, service, time }: SigningScope,
): readonly (readonly [string, string])[] {
  const stamp = new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const session: readonly (readonly [string, string])[] =
    keys.sessionToken === undefined ? [] : [["X-Amz-Security-Token", keys.sessionToken.reveal()]];
  const headers = [...request.headers, ["X-Amz-Date", stamp] as const, ...session];
  const { canonical, signed } = canonicalRequest({ ...request, headers });
  const toSign = [ALGORITHM, stamp, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce(hmac, Buffer.from(`AWS4${keys.secretAccessKey.reveal()}`));
  const signature = hmac(key, toSign).toString("hex");
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  return [...headers, ["Authorization", `${ALGORITHM} ${credential}, SignedHeaders=${signed}, Signature=${signature}`]];
}

function canonicalRequest({ method, url, headers, body }: SignableRequest): { canonical: string; signed: string } {
  const { host, pathname, searchParams } = new URL(url);
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value.trim().replace(/ +/g, " ")]);
  }
  if (!values.has("host")) values.set("host", [host]);
  const names = [...values.keys()].sort();
  const lines = names.map((name) => `${name}:${(values.get(name) ?? []).join(",")}\n`);
  const signed = names.join(";");
  const query = [...searchParams].map((pair) => pair.map(uriEncode).join("=")).sort();
  const canonical = [method, pathname, query.join("&"), lines.join(""), signed, sha256(body)].join("\n");
  return { canonical, signed };
}

/** RFC 3986: everything but the unreserved characters. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A region's STS; "" = the global one, which is signed for us-east-1. */
export function stsUrl(region: string): string {
  if (region === "") return "https://sts.amazonaws.com/";
  if (region.startsWith("eusc-")) return `https://sts.${region}.amazonaws.eu/`;
  return `https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/`;
}

export interface IdentityProof {
  readonly keys: AwsKeys;
  /** "" = the global endpoint. */
  readonly region: string;
  /** `iam_server_id_header_value` of the server's config/client; "" = the server asks for none. */
  readonly serverId: string;
  /** Wall-clock milliseconds. */
  readonly time: number;
}

/** The fields of a login of type iam, as auth/aws/login takes them. They are as good as a password for 15 minutes. */
export interface IamLoginFields {
  readonly iam_http_request_method: "POST";
  readonly iam_request_url: string;
  readonly iam_request_body: string;
  readonly iam_request_headers: string;
}

/** Signs a GetCallerIdentity for the server to send on. */
export function iamLoginFields({ keys, region, serverId, time }: IdentityProof): IamLoginFields {
  const url = stsUrl(region);
  const headers: (readonly [string, string])[] = [
    ["Content-Length", String(BODY.length)],
    ["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"],
    ["Host", new URL(url).host],
    ...(serverId === "" ? [] : [[SERVER_ID, serverId] as const]),
  ];
  const scope = { region: region === "" ? "us-east-1" : region, service: "sts", time };
  const signed = signRequest({ method: "POST", url, headers, body: BODY }, keys, scope);
  const grouped = Object.fromEntries(signed.map(([name, value]) => [name, [value]]));
  return {
    iam_http_request_method: "POST",
    iam_request_url: base64(url),
    iam_request_body: base64(BODY),
    iam_request_headers: base64(JSON.stringify(grouped)),
  };
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
