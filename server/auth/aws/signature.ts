/**
 * What a request's signature says it covers, from its Authorization header or its query. Whether the signature is right
 * only STS can tell. Source: AWS IAM user guide, "Create a signed AWS API request", "Authentication methods".
 */
import { Fault } from "../../../lib/fault.ts";

export interface Signed {
  /** Of the credential's scope. */
  readonly region: string;
  /** In lower case; "host" is always among them. */
  readonly headers: ReadonlySet<string>;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(\w{4,128}\/\d{8}\/[a-z0-9-]+\/[a-z0-9-]+\/aws4_request), ?SignedHeaders=([a-z0-9;_-]+), ?Signature=[0-9a-f]{64}$/;
const CREDENTIAL = /^\w{4,128}\/\d{8}\/([a-z0-9-]{1,64})\/sts\/aws4_request$/;

/** @throws Fault "invalid" unless it is a signature version 4 for STS that covers the host */
export function signedBy(authorization: string): Signed {
  const [, credential = "", headers = ""] = AUTHORIZATION.exec(authorization) ?? [];
  if (credential === "") throw new Fault("invalid", "the header Authorization must hold an AWS signature version 4");
  return signed(credential, headers);
}

const PARAMETERS: Readonly<Record<string, RegExp>> = {
  Action: /^GetCallerIdentity$/,
  Version: /^2011-06-15$/,
  "X-Amz-Algorithm": /^AWS4-HMAC-SHA256$/,
  "X-Amz-Credential": CREDENTIAL,
  "X-Amz-Date": /^\d{8}T\d{6}Z$/,
  "X-Amz-SignedHeaders": /^[a-z0-9;_-]+$/,
  "X-Amz-Signature": /^[0-9a-f]{64}$/,
  "X-Amz-Expires": /^\d{1,6}$/,
  "X-Amz-Security-Token": /^[\x21-\x7e]+$/,
  "X-Amz-Content-Sha256": /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD)$/,
  "X-Amz-User-Agent": /^[\x20-\x7e]*$/,
  "x-id": /^GetCallerIdentity$/,
};
const OPTIONAL = new Set(["X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Amz-User-Agent", "x-id"]);

/** A GetCallerIdentity that is signed in its query. @throws as `signedBy`, also for any further parameter */
export function readQuery(query: URLSearchParams): Signed {
  for (const [name, value] of query) {
    const form = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (form?.test(value) !== true || query.getAll(name).length !== 1) {
      throw new Fault("invalid", "the query of iam_request_url must be a signed GetCallerIdentity alone");
    }
  }
  const missing = Object.keys(PARAMETERS).find((name) => !OPTIONAL.has(name) && !query.has(name));
  if (missing !== undefined) throw new Fault("invalid", `the query of iam_request_url lacks ${missing}`);
  return signed(query.get("X-Amz-Credential") ?? "", query.get("X-Amz-SignedHeaders") ?? "");
}

function signed(credential: string, headers: string): Signed {
  const region = CREDENTIAL.exec(credential)?.[1];
  if (region === undefined) throw new Fault("invalid", "the request must be signed for the service sts");
  const names = new Set(headers.split(";"));
  if (!names.has("host")) throw new Fault("invalid", "the header Host must be among the signed headers");
  return { region, headers: names };
}
