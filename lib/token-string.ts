/**
 * The form of a token's string: "hvs.", 32 random characters, 6 characters of checksum, all base62.
 *
 * A secret scanner can find a leaked one and tell it from look-alikes without asking a server (as GitHub's tokens do
 * since 2021): the checksum is the CRC-32 (IEEE) of everything before it, in base62, most significant digit first,
 * padded with "0". The prefix is Vault's for service tokens, which clients test for. Look-up demands neither: a
 * root token may have chosen any id.
 */
import { crc32 } from "node:zlib";
import type { Random } from "./random.ts";
import { Secret } from "./secret.ts";

const PREFIX = "hvs.";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH = 32;
const CHECK_LENGTH = 6;
const FORM = /^hvs\.[0-9A-Za-z]{38}$/;

/** 190 bits of randomness. */
export function makeToken(random: Random): Secret {
  const body = PREFIX + randomText(random, RANDOM_LENGTH);
  return new Secret(body + checksum(body));
}

/** @returns true for a string that `makeToken` may have made: the form and the checksum fit */
export function looksLikeToken(text: string): boolean {
  if (!FORM.test(text)) return false;
  return text.slice(-CHECK_LENGTH) === checksum(text.slice(0, -CHECK_LENGTH));
}

/** Base62 without bias: 5.95 bits a character. */
export function randomText(random: Random, length: number): string {
  let out = "";
  while (out.length < length) {
    for (const byte of random.bytes(length)) {
      // 248 is the largest multiple of 62 that fits a byte: what lies above would favour the first digits.
      if (byte < 248 && out.length < length) out += DIGITS[byte % 62] ?? "";
    }
  }
  return out;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let out = "";
  for (let i = 0; i < CHECK_LENGTH; i += 1) {
    out = (DIGITS[rest % 62] ?? "") + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}
