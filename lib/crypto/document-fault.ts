/** Why an identity document is refused: a stable code beside the fault, so that tests and counters need not read prose. */
import { Fault, type FaultKind } from "../fault.ts";

const KINDS = {
  "too-large": "invalid",
  encoding: "invalid",
  shape: "invalid",
  detached: "invalid",
  "embedded-certificate": "invalid",
  signers: "invalid",
  attributes: "invalid",
  document: "invalid",
  algorithm: "denied",
  digest: "denied",
  "unknown-signer": "denied",
  signature: "denied",
  region: "denied",
} as const satisfies Record<string, FaultKind>;

export type RefusalCode = keyof typeof KINDS;

export class DocumentFault extends Fault {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, why: string) {
    super(KINDS[code], `identity document refused: ${why}`);
    this.code = code;
  }
}

export function refuse(code: RefusalCode, why: string): DocumentFault {
  return new DocumentFault(code, why);
}
