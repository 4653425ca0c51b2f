/**
 * Shamir's secret sharing over GF(2^8) with the polynomial of AES (x^8 + x^4 + x^3 + x + 1), one polynomial a
 * byte of the secret. A share is its y bytes followed by its x coordinate: Vault's own format.
 * No tables and no branches on secret bytes. A secret of one share is that share, as in Vault.
 * Source: Shamir, "How to share a secret" (1979); FIPS 197 section 4.2; Vault documentation, "Seal/Unseal".
 */
import { Fault } from "../fault.ts";
import type { Random } from "../random.ts";

/** x is one byte and never 0, where the secret lies. */
const MOST_SHARES = 255;

/** @throws Fault "invalid", in Vault's words, unless 1 <= threshold <= shares <= 255, and 1 of n only for 1 of 1 */
export function checkSharing(shares: number, threshold: number): void {
  const refuse = (message: string): never => {
    throw new Fault("invalid", message);
  };
  if (!Number.isInteger(shares) || shares < 1) refuse("shares must be at least one");
  if (!Number.isInteger(threshold) || threshold < 1) refuse("threshold must be at least one");
  if (shares > MOST_SHARES) refuse("shares must be less than 256");
  if (threshold > shares) refuse("threshold cannot be larger than shares");
  if (shares > 1 && threshold === 1) refuse("threshold must be greater than one for multiple shares");
}

/**
 * @returns `shares` Buffers of `secret.length + 1` bytes (1 of 1: a copy of the secret); the caller zero-fills them
 * @throws Fault "invalid" for bad numbers or an empty secret
 */
export function splitSecret(secret: Uint8Array, shares: number, threshold: number, random: Random): Buffer[] {
  checkSharing(shares, threshold);
  if (secret.length === 0) throw new Fault("invalid", "secret to be split is empty");
  if (shares === 1) return [Buffer.from(secret)];
  const out = coordinates(shares, random).map((x) => {
    const share = Buffer.alloc(secret.length + 1);
    share[secret.length] = x;
    return share;
  });
  const coefficients = Buffer.alloc(threshold);
  for (const [i, byte] of secret.entries()) {
    const fresh = random.bytes(threshold - 1);
    coefficients[0] = byte;
    fresh.copy(coefficients, 1);
    fresh.fill(0);
    for (const share of out) share[i] = evaluate(coefficients, share[secret.length] ?? 0);
  }
  coefficients.fill(0);
  return out;
}

/**
 * The secret of two or more shares: the right one only when they are enough and belong together, which this
 * cannot tell. The one share of a 1-of-1 secret is the secret; do not call this with it.
 * @throws Fault "invalid" when shares are fewer than two, of unequal or too small a length, or of one coordinate
 */
export function combineShares(shares: readonly Uint8Array[]): Buffer {
  const length = shares[0]?.length ?? 0;
  if (shares.length < 2) throw new Fault("invalid", "less than two parts cannot be used to reconstruct the secret");
  if (length < 2) throw new Fault("invalid", "parts must be at least two bytes");
  if (shares.some((share) => share.length !== length)) throw new Fault("invalid", "all parts must be the same length");
  const xs = shares.map((share) => share[length - 1] ?? 0);
  if (xs.includes(0)) throw new Fault("invalid", "part has a coordinate of zero");
  if (new Set(xs).size !== xs.length) throw new Fault("invalid", "duplicate part detected");
  const weights = xs.map((x, i) => weightAtZero(x, [...xs.slice(0, i), ...xs.slice(i + 1)]));
  const secret = Buffer.alloc(length - 1);
  for (let byte = 0; byte < secret.length; byte += 1) {
    let sum = 0;
    for (const [i, share] of shares.entries()) sum ^= multiply(share[byte] ?? 0, weights[i] ?? 0);
    secret[byte] = sum;
  }
  return secret;
}

/** Distinct, in random order: which share is the first to be handed out says nothing. */
function coordinates(count: number, random: Random): number[] {
  const all = Array.from({ length: MOST_SHARES }, (_, i) => i + 1);
  for (let i = 0; i < count; i += 1) {
    const j = i + below(MOST_SHARES - i, random);
    [all[i], all[j]] = [all[j] ?? 0, all[i] ?? 0];
  }
  return all.slice(0, count);
}

/** An even number below `bound` (1 to 255): bytes that would favour the low ones are drawn again. */
function below(bound: number, random: Random): number {
  const limit = 256 - (256 % bound);
  for (;;) {
    const byte = random.bytes(1).readUInt8();
    if (byte < limit) return byte % bound;
  }
}

/** Horner's rule, the constant term first. */
function evaluate(coefficients: Uint8Array, x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i -= 1) sum = multiply(sum, x) ^ (coefficients[i] ?? 0);
  return sum;
}

/** Lagrange's basis polynomial of `x` at 0: the product of other / (other - x). */
function weightAtZero(x: number, others: readonly number[]): number {
  return others.reduce((product, other) => multiply(product, multiply(other, invert(other ^ x))), 1);
}

/** Eight rounds whatever the operands; masks instead of branches. */
function multiply(a: number, b: number): number {
  let product = 0;
  let left = a;
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= -((b >>> bit) & 1) & left;
    left = (left << 1) ^ (-(left >>> 7) & 0x11b);
  }
  return product;
}

/** a^254: the inverse (0 for 0) by Fermat. 254 = 11111110 in binary, so seven squares are multiplied together. */
function invert(a: number): number {
  let square = a;
  let product = 1;
  for (let i = 0; i < 7; i += 1) {
    square = multiply(square, square);
    product = multiply(product, square);
  }
  return product;
}
