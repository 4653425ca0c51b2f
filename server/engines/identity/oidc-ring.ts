/**
 * The keys of one name over time: one signs, the next is published already, the old ones stay published until nothing
 * they have signed can still be valid. Source: Vault's page "Identity tokens", section "Keys"; RFC 7517.
 */
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import type { Algorithm, NamedKey, RingKey } from "./oidc-record.ts";

/** Rotated by hand again and again; by itself a ring never has more than 12. */
const MOST_OLD = 64;

const pair = promisify(generateKeyPair);

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;

/** Takes some 100 ms of a thread of the pool for RSA. */
export async function newRingKey(algorithm: Algorithm, random: Random): Promise<RingKey> {
  const { privateKey, publicKey } = await generate(algorithm);
  const kid = random.uuid();
  const jwk = { ...publicKey.export({ format: "jwk" }), use: "sig", kid, alg: algorithm };
  const secret = privateKey.export({ format: "der", type: "pkcs8" });
  const text = secret.toString("base64");
  secret.fill(0);
  return { kid, algorithm, secret: text, jwk: JSON.stringify(jwk), expireTime: 0 };
}

function generate(algorithm: Algorithm): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  if (algorithm === "EdDSA") return pair("ed25519");
  if (algorithm === "ES256" || algorithm === "ES384" || algorithm === "ES512") {
    return pair("ec", { namedCurve: CURVES[algorithm] });
  }
  return pair("rsa", { modulusLength: 2048 });
}

/** @param fresh signs after the next rotation; @param ttl how long the old one stays published */
export function rotated(key: NamedKey, fresh: RingKey, now: number, ttl = key.verificationTtl): NamedKey {
  const retired = retire(key, [key.signing], now, ttl);
  return {
    ...key,
    signing: key.next,
    next: fresh,
    old: retired,
    nextRotation: now + key.rotationPeriod,
  };
}

/** The old keys, with those that sign no more but stay published for `ttl`. @throws Fault "invalid" when they would be too many */
export function retire(key: NamedKey, gone: readonly RingKey[], now: number, ttl: number): readonly RingKey[] {
  const { old } = withoutExpired(key, now);
  if (old.length + gone.length > MOST_OLD) {
    throw new Fault("invalid", `${String(MOST_OLD)} rotated keys are still valid: wait for their verification_ttl`);
  }
  return [...old, ...gone.map((one) => ({ ...one, secret: "", expireTime: now + ttl }))];
}

/** The same object when none has expired. */
export function withoutExpired(key: NamedKey, now: number): NamedKey {
  const old = key.old.filter(({ expireTime }) => expireTime > now);
  return old.length === key.old.length ? key : { ...key, old };
}

/** What is published of it now. */
export function published(key: NamedKey, now: number): readonly RingKey[] {
  return [...withoutExpired(key, now).old, key.signing, key.next];
}
