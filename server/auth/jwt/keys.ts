/**
 * Public keys in the two forms in which they come: PEM in the configuration, and JSON Web Keys of an issuer. What could
 * not verify a signature (private parts, symmetric keys, keys for encryption) is never taken up.
 * Source: RFC 7517, RFC 7518 section 6; RFC 8037.
 */
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { JWK } from "jose";
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, parseJsonMap } from "../../../lib/wire/json.ts";

/** All that a role may allow: signatures with a private key. Never "none", never an HMAC. */
export const ALGORITHMS: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
];

export interface PublicKey {
  /** "" without one. */
  readonly kid: string;
  /** The one algorithm it is for; "" = any of its type. */
  readonly alg: string;
  readonly kty: "RSA" | "EC" | "OKP";
  readonly key: KeyObject | JWK;
}

/** Keys of one issuer: more than any publishes. */
const MOST = 100;
const LIMITS = { depth: 16, members: 10_000 };
const SMALLEST_RSA = 2048;

const KTY: Readonly<Record<string, PublicKey["kty"]>> = { rsa: "RSA", ec: "EC", ed25519: "OKP" };

/** @param pem a public key or a certificate. @throws Fault "invalid" when it is neither, or too weak to be taken */
export function readPem(pem: string): PublicKey {
  const key = parsePem(pem);
  const kty = KTY[key.asymmetricKeyType ?? ""];
  if (kty === undefined) throw unfit("must be an RSA, EC or Ed25519 key");
  if (kty === "RSA" && (key.asymmetricKeyDetails?.modulusLength ?? 0) < SMALLEST_RSA) {
    throw unfit("an RSA key must have at least 2048 bits");
  }
  return { kid: "", alg: "", kty, key };
}

function parsePem(pem: string): KeyObject {
  // Node would take the public half of a private key: nobody should put one here.
  if (!/^-----BEGIN (?:(?:RSA )?PUBLIC KEY|CERTIFICATE)-----/.test(pem.trim())) {
    throw unfit("each must be a PEM public key or certificate");
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw unfit("each must be a PEM public key or certificate", cause);
  }
}

function unfit(why: string, cause?: unknown): Fault {
  return new Fault("invalid", `error parsing public key: jwt_validation_pubkeys: ${why}`, { cause });
}

/** @throws Fault "invalid" naming the field, when it holds no certificate */
export function checkCaPem(field: string, pem: string): void {
  if (pem === "") return;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length === 0) throw new Error("no certificate in it");
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    throw new Fault("invalid", `could not parse CA PEM value successfully: field "${field}" must hold certificates`, {
      cause,
    });
  }
}

/** @throws Fault "unavailable" when the document is no key set, or holds no key that verifies signatures */
export function readKeySet(text: string): readonly PublicKey[] {
  const keys = document(text).get("keys");
  if (!isJsonList(keys)) throw new Fault("unavailable", "the answer is no JSON Web Key Set");
  if (keys.length > MOST) throw new Fault("unavailable", `the key set has more than ${String(MOST)} keys`);
  const usable = keys.map(readJwk).filter((key) => key !== undefined);
  if (usable.length === 0) throw new Fault("unavailable", "the key set holds no key that verifies signatures");
  return usable;
}

/** @throws Fault "unavailable" when the text is no JSON object within bounds */
export function document(text: string): JsonMap {
  try {
    return parseJsonMap(text, LIMITS);
  } catch (cause) {
    throw new Fault("unavailable", "the answer is no JSON object", { cause });
  }
}

const MEMBERS: Readonly<Record<PublicKey["kty"], readonly string[]>> = {
  RSA: ["n", "e"],
  EC: ["crv", "x", "y"],
  OKP: ["crv", "x"],
};

/** Only the members that make the public key are copied; `x5u` and its like have no say. */
function readJwk(raw: Json): PublicKey | undefined {
  if (!isJsonMap(raw)) return undefined;
  const [kty, use, operations] = [text(raw, "kty"), text(raw, "use"), raw.get("key_ops")];
  if (kty !== "RSA" && kty !== "EC" && kty !== "OKP") return undefined;
  if (use === "enc" || (isJsonList(operations) && !operations.includes("verify"))) return undefined;
  const members = MEMBERS[kty].map((name) => [name, text(raw, name)] as const);
  if (members.some(([, value]) => value === "")) return undefined;
  return { kid: text(raw, "kid"), alg: text(raw, "alg"), kty, key: { kty, ...Object.fromEntries(members) } };
}

function text(map: JsonMap, name: string): string {
  const value = map.get(name);
  return typeof value === "string" ? value : "";
}
