/**
 * An issuer of tokens as a real HTTP or HTTPS server: discovery, key set, keys that rotate, and tokens of any kind, good
 * ones and forged. Over HTTPS with the self-signed certificate of test/fixtures/tls.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export type Algorithm = "RS256" | "PS256" | "ES256" | "ES384" | "EdDSA";

export interface IssuerKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface OidcIssuer {
  /** What `iss` and the configuration say. */
  readonly url: string;
  /** PEM to trust; "" over HTTP. */
  readonly ca: string;
  /** Published, in this order. */
  keys: IssuerKey[];
  /** How often the key set was fetched. */
  fetches: number;
  /** Answers in place of the true one. */
  answer: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined;
  /** A token with these claims beside good ones; `undefined` takes one out. */
  token(claims?: Readonly<Record<string, unknown>>, options?: TokenOptions): string;
  /** The name that the discovery document gives; default the true one. */
  named: string | undefined;
  close(): Promise<void>;
}

export interface TokenOptions {
  /** Default: the first published. */
  readonly key?: IssuerKey;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Wall-clock milliseconds of issue. */
  readonly now?: number;
}

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");

/** Keys of one kind are made once: they cost. */
const pairs = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>();

export function issuerKey(kid: string, alg: Algorithm = "RS256"): IssuerKey {
  const name = `${alg} ${kid}`;
  const pair = pairs.get(name) ?? makePair(alg);
  pairs.set(name, pair);
  return { kid, alg, ...pair };
}

function makePair(alg: Algorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (alg === "ES384") return generateKeyPairSync("ec", { namedCurve: "P-384" });
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A compact token over these texts; the header says what it likes. */
export function signToken(header: object, payload: string | object, key: IssuerKey): string {
  const body = typeof payload === "string" ? Buffer.from(payload).toString("base64url") : part(payload);
  const input = `${part(header)}.${body}`;
  return `${input}.${signature(Buffer.from(input), key).toString("base64url")}`;
}

function signature(input: Buffer, { alg, privateKey }: IssuerKey): Buffer {
  if (alg === "EdDSA") return sign(null, input, privateKey);
  if (alg === "PS256") return sign("sha256", input, { key: privateKey, padding: 6, saltLength: 32 });
  if (alg === "RS256") return sign("sha256", input, privateKey);
  return sign(alg === "ES256" ? "sha256" : "sha384", input, { key: privateKey, dsaEncoding: "ieee-p1363" });
}

/** What CVE-2015-9235 and its like do: an HMAC under the text of the public key. */
export function hmacToken(header: object, payload: object, secret: string | Buffer): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

export function jwkOf({ kid, alg, publicKey }: IssuerKey): Record<string, unknown> {
  return { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

export async function oidcIssuer(
  options: { readonly tls?: boolean; readonly keys?: IssuerKey[] } = {},
): Promise<OidcIssuer> {
  const files = options.tls === true ? { key: fixture("one.key.pem"), cert: fixture("one.cert.pem") } : undefined;
  const handler = (req: IncomingMessage, res: ServerResponse): void => {
    if (req.url === "/keys") issuer.fetches += 1;
    if (issuer.answer?.(req, res) === true) return;
    reply(issuer, req.url ?? "", res);
  };
  const server = files === undefined ? createServer(handler) : createTlsServer(files, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${files === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  const issuer: OidcIssuer = {
    url,
    ca: files?.cert ?? "",
    keys: options.keys ?? [issuerKey("one")],
    fetches: 0,
    answer: undefined,
    named: undefined,
    token(claims = {}, { key = issuer.keys[0], header = {}, now = Date.now() } = {}) {
      if (key === undefined) throw new Error("the issuer has no key");
      const at = Math.floor(now / 1000);
      const good = { iss: url, sub: "ann", aud: "oksae", iat: at, nbf: at, exp: at + 300 };
      return signToken({ alg: key.alg, kid: key.kid, typ: "JWT", ...header }, { ...good, ...claims }, key);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}

function reply(issuer: OidcIssuer, path: string, res: ServerResponse): void {
  const documents: Readonly<Record<string, unknown>> = {
    "/.well-known/openid-configuration": { issuer: issuer.named ?? issuer.url, jwks_uri: `${issuer.url}/keys` },
    "/keys": { keys: issuer.keys.map(jwkOf) },
  };
  const found = documents[path];
  res.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
  res.end(found === undefined ? "not found" : JSON.stringify(found));
}
