/**
 * "boot/seal", the record of the Shamir seal, readable without a key:
 *   version 0x01 | type 0x01 (Shamir) | shares | threshold | the wrapped root key
 * one byte each but the last. docs/format.md shows it.
 */
import { Fault } from "../../lib/fault.ts";

const VERSION = 1;
const SHAMIR = 1;
const HEAD = 4;

export interface SealRecord {
  readonly shares: number;
  readonly threshold: number;
  readonly wrappedRootKey: Uint8Array;
}

export function encodeSealRecord(record: SealRecord): Buffer {
  return Buffer.concat([Buffer.from([VERSION, SHAMIR, record.shares, record.threshold]), record.wrappedRootKey]);
}

/** @throws Fault "internal" naming what is wrong with it */
export function decodeSealRecord(bytes: Uint8Array): SealRecord {
  const [version, type, shares = 0, threshold = 0] = bytes;
  if (version !== VERSION) throw damaged(`unknown version ${String(version)}`);
  if (type !== SHAMIR) throw damaged(`unknown type ${String(type)}`);
  if (threshold < 1 || threshold > shares || bytes.length <= HEAD) throw damaged("numbers out of range");
  return { shares, threshold, wrappedRootKey: bytes.slice(HEAD) };
}

function damaged(why: string): Fault {
  return new Fault("internal", "record of the seal cannot be read", { cause: new Error(`boot/seal: ${why}`) });
}
