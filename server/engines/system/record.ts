/** The system engine's small records: JSON objects with the version of their format, below a view of their own. */
import { Fault } from "../../../lib/fault.ts";
import { decodeStored, encodeStored } from "../../../lib/stored.ts";
import { type EncodableRecord, type JsonMap, parseJsonMap, stringifyJson } from "../../../lib/wire/json.ts";
import type { Reader } from "../../contract/storage.ts";

const FORMAT = 1;

/** @throws Fault "internal" when what lies there is no record, or one that a newer release has written */
export async function readRecord(reader: Reader, key: string): Promise<JsonMap | undefined> {
  const bytes = await reader.get(key);
  if (bytes === undefined) return undefined;
  try {
    return parseJsonMap(decodeStored(FORMAT, bytes, "record"));
  } catch (cause) {
    throw new Fault("internal", "internal error", { cause: new Error(`record ${key} cannot be read`, { cause }) });
  }
}

export function recordBytes(record: EncodableRecord): Uint8Array {
  return encodeStored(FORMAT, stringifyJson(record));
}

/** What a read of nothing answers in Vault: 404 with an empty list of errors. */
export function nothingHere(): Fault {
  return new Fault("not-found", "nothing is stored here", { errors: [] });
}
