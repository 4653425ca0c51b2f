/** That an operator has freed an instance for one login. */

import { numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";

export interface Unlock {
  /** Wall-clock milliseconds. */
  readonly until: number;
  /** "" = of any account, any region. */
  readonly accountId: string;
  readonly region: string;
}

export function unlockKey(instanceId: string): string {
  return `unlock/${instanceId}`;
}

export async function readUnlock(reader: Reader, instanceId: string): Promise<Unlock | undefined> {
  const record = await readRecord(reader, unlockKey(instanceId));
  if (record === undefined) return undefined;
  return {
    until: numberIn(record, "until"),
    accountId: textIn(record, "accountId"),
    region: textIn(record, "region"),
  };
}

export function unlockBytes(unlock: Unlock): Uint8Array {
  return recordBytes({ ...unlock });
}
