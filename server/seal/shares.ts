/** Shares as people enter them, one at a time: hex or base64 to bytes, each counted once, zero-filled when done with. */
import { timingSafeEqual } from "node:crypto";
import { combineShares } from "../../lib/crypto/shamir.ts";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";

/** Bytes of what is shared. */
export const KEY = 32;

export class Shares {
  #entered: Buffer[] = [];

  get size(): number {
    return this.#entered.length;
  }

  /** @param share this one's from here on. @returns false for one that is there already: taken once */
  add(share: Buffer): boolean {
    if (this.#entered.some((known) => known.length === share.length && timingSafeEqual(known, share))) {
      share.fill(0);
      return false;
    }
    this.#entered.push(share);
    return true;
  }

  /** Puts the key together and forgets the shares. @returns the caller's to zero-fill. @throws Fault when they cannot be put together */
  combine(threshold: number): Buffer {
    const [only] = this.#entered;
    try {
      return threshold === 1 && only !== undefined ? Buffer.from(only) : combineShares(this.#entered);
    } finally {
      this.clear();
    }
  }

  clear(): void {
    for (const share of this.#entered) share.fill(0);
    this.#entered = [];
  }
}

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Hex first, then base64, as Vault does. @param threshold of the shares it is to be one of */
export function decodeShare(share: Secret, threshold: number): Buffer {
  const text = share.reveal().trim();
  let bytes: Buffer;
  if (HEX.test(text)) bytes = Buffer.from(text, "hex");
  else if (text !== "" && BASE64.test(text)) bytes = Buffer.from(text, "base64");
  else throw new Fault("invalid", "'key' must be a valid hex or base64 string");
  const length = threshold === 1 ? KEY : KEY + 1;
  if (bytes.length !== length) {
    const is = bytes.length;
    bytes.fill(0);
    throw new Fault("invalid", `key has ${String(is)} bytes, a share of this storage has ${String(length)}`);
  }
  return bytes;
}

/** @throws Fault "invalid": never tells the right one. @param of what it is the nonce of */
export function checkNonce(nonce: string, given: string, of: string): void {
  if (given !== "" && new Secret(given).equals(new Secret(nonce))) return;
  throw new Fault(
    "invalid",
    given === "" ? `missing "nonce": that of this ${of}` : `incorrect nonce supplied for this ${of}`,
  );
}

/** Of one who ends what others have begun. @param given undefined = the caller may without */
export function checkRight(nonce: string, given: string | undefined, of: string): void {
  if (given === undefined || (given !== "" && new Secret(given).equals(new Secret(nonce)))) return;
  throw new Fault("invalid", `this needs the "nonce" of the ${of}, or a token with sudo on this path`);
}
