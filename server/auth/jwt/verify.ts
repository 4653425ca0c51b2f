/**
 * The signature of a token in compact form, by `jose`, under an allow-list of algorithms and keys that we chose: nothing
 * in the token's header (jku, jwk, x5u, x5c) can bring in another. Source: RFC 7515; RFC 8725 section 3.
 */
import { compactVerify, decodeProtectedHeader } from "jose";
import { Fault } from "../../../lib/fault.ts";
import { type JsonMap, parseJsonMap } from "../../../lib/wire/json.ts";
import type { PublicKey } from "./keys.ts";

/** Characters of a token. */
const LONGEST = 65_536;
/** Keys that are tried on one token. */
const MOST_TRIED = 20;

export interface Header {
  readonly alg: string;
  /** "" without one. */
  readonly kid: string;
}

export class BadToken extends Fault {
  constructor(why: string, cause?: unknown) {
    super("invalid", `error validating token: ${why}`, { cause });
  }
}

/** Before anything is asked of anybody. @throws BadToken when its algorithm is not among `algorithms` */
export function readHeader(token: string, algorithms: readonly string[]): Header {
  if (token.length > LONGEST) throw new BadToken("it is longer than 64 KiB");
  const { alg, kid, crit } = protectedHeader(token);
  if (crit !== undefined) throw new BadToken("its header asks for extensions (crit) that are not known here");
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw new BadToken("invalid algorithm (alg) header parameter: token signed with unexpected algorithm");
  }
  return { alg, kid: typeof kid === "string" ? kid : "" };
}

function protectedHeader(token: string): { readonly alg?: unknown; readonly kid?: unknown; readonly crit?: unknown } {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new BadToken("it is no signed token in compact form");
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw new BadToken("its header cannot be read", cause);
  }
}

/** @returns its claims; undefined when none of `keys` has signed it. @throws BadToken when the claims are no JSON object */
export async function verifiedClaims(
  token: string,
  header: Header,
  keys: readonly PublicKey[],
): Promise<JsonMap | undefined> {
  for (const { key } of keys.filter((one) => suits(one, header)).slice(0, MOST_TRIED)) {
    const payload = await compactVerify(token, key, { algorithms: [header.alg] }).then(
      (result) => result.payload,
      () => undefined,
    );
    if (payload !== undefined) return claimsOf(payload);
  }
  return undefined;
}

function suits(key: PublicKey, { alg, kid }: Header): boolean {
  if (key.kid !== "" && kid !== "" && key.kid !== kid) return false;
  if (key.alg !== "" && key.alg !== alg) return false;
  return key.kty === (alg.startsWith("ES") ? "EC" : alg === "EdDSA" ? "OKP" : "RSA");
}

function claimsOf(payload: Uint8Array): JsonMap {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    return parseJsonMap(text, { depth: 32, members: 10_000, unique: true });
  } catch (cause) {
    throw new BadToken("its claims are no JSON object, or name one twice", cause);
  }
}
