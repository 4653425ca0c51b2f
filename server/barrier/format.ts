/**
 * How a value lies in the store once it is encrypted, and how a key is wrapped by another. docs/format.md shows both.
 *
 *   value:   version 0x01 | term (4 bytes, big-endian) | nonce (12) | ciphertext | tag (16)
 *   wrapped: version 0x01 | nonce (12) | ciphertext | tag (16)
 *
 * AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D section 8.2.2). The additional data is the version
 * byte and the storage key, so a value moved to another key does not open.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import type { Random } from "../../lib/random.ts";

const VALUE_VERSION = 1;
const NONCE = 12;
const TAG = 16;
const TERM_AT = 1;
const VALUE_HEAD = 5;
const WRAP_HEAD = 1;
/** Bytes that a value grows by. */
export const VALUE_OVERHEAD = VALUE_HEAD + NONCE + TAG;

/** A value that cannot be opened. Says why for the log; never holds a byte of the value. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

export interface Cryption {
  /** Anything of 32 bytes. A Buffer is not kept. */
  readonly key: KeyObject | Buffer;
  /** The storage key. */
  readonly path: string;
}

/** @param term below 2^32 */
export function encryptValue(clear: Uint8Array, term: number, by: Cryption, random: Random): Buffer {
  const head = Buffer.alloc(VALUE_HEAD);
  head[0] = VALUE_VERSION;
  head.writeUInt32BE(term, TERM_AT);
  return encrypt(head, clear, by, random);
}

/**
 * @returns the term whose key opens `stored`
 * @throws Unreadable when `stored` is of another version or too short
 */
export function termOf(stored: Uint8Array): number {
  const bytes = view(stored);
  if (bytes.length < VALUE_OVERHEAD) throw new Unreadable(`value of ${String(bytes.length)} bytes is too short`);
  checkVersion(bytes);
  return bytes.readUInt32BE(TERM_AT);
}

/** @throws Unreadable when it was changed, moved, or made with another key */
export function decryptValue(stored: Uint8Array, by: Cryption): Buffer {
  termOf(stored);
  return decrypt(view(stored), VALUE_HEAD, by);
}

/** Encrypts key material under another key. */
export function wrapKey(clear: Uint8Array, by: Cryption, random: Random): Buffer {
  return encrypt(Buffer.from([VALUE_VERSION]), clear, by, random);
}

/**
 * @returns a Buffer of its own, for the caller to zero-fill
 * @throws Unreadable as `decryptValue`
 */
export function unwrapKey(stored: Uint8Array, by: Cryption): Buffer {
  const bytes = view(stored);
  if (bytes.length < WRAP_HEAD + NONCE + TAG) throw new Unreadable("wrapped key is too short");
  checkVersion(bytes);
  return decrypt(bytes, WRAP_HEAD, by);
}

function encrypt(head: Buffer, clear: Uint8Array, by: Cryption, random: Random): Buffer {
  const nonce = random.bytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", by.key, nonce);
  cipher.setAAD(additional(by.path));
  const body = cipher.update(clear);
  cipher.final();
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

function decrypt(bytes: Buffer, head: number, by: Cryption): Buffer {
  const end = bytes.length - TAG;
  const decipher = createDecipheriv("aes-256-gcm", by.key, bytes.subarray(head, head + NONCE), { authTagLength: TAG });
  decipher.setAAD(additional(by.path));
  decipher.setAuthTag(bytes.subarray(end));
  const clear = decipher.update(bytes.subarray(head + NONCE, end));
  try {
    decipher.final();
  } catch {
    clear.fill(0);
    throw new Unreadable("authentication failed: changed, moved, or encrypted with another key");
  }
  return clear;
}

function checkVersion(bytes: Buffer): void {
  if (bytes[0] !== VALUE_VERSION) throw new Unreadable(`unknown version ${String(bytes[0])} of an encrypted value`);
}

function additional(path: string): Buffer {
  const length = Buffer.byteLength(path);
  const aad = Buffer.alloc(1 + length);
  aad[0] = VALUE_VERSION;
  aad.write(path, 1);
  return aad;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
