/**
 * Small records of engines and auth methods: JSON objects with the version of their format, read with a default for what
 * an older release of the same format did not write. And what a read or a list of nothing answers.
 */
import { Fault } from "../../lib/fault.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import {
  type Encodable,
  isJsonList,
  type JsonMap,
  JsonNumber,
  parseJsonMap,
  stringifyJson,
} from "../../lib/wire/json.ts";
import type { Reply } from "./engine.ts";
import type { Reader, Storage } from "./storage.ts";

const FORMAT = 1;

/** @throws Fault "internal" when what lies there is no record, or one of a format this release does not read */
export async function readRecord(reader: Reader, key: string): Promise<JsonMap | undefined> {
  const bytes = await reader.get(key);
  if (bytes === undefined) return undefined;
  try {
    return parseJsonMap(decodeStored(FORMAT, bytes, "record"));
  } catch (cause) {
    throw new Fault("internal", "internal error", { cause: new Error(`record ${key} cannot be read`, { cause }) });
  }
}

export function recordBytes(record: ReadonlyMap<string, Encodable> | Readonly<Record<string, Encodable>>): Uint8Array {
  return encodeStored(FORMAT, stringifyJson(record));
}

/** Resolves once the record is on disk. */
export function putRecord(storage: Storage, key: string, record: Parameters<typeof recordBytes>[0]): Promise<void> {
  return storage.transact((tx) => {
    tx.put(key, recordBytes(record));
    return Promise.resolve();
  });
}

/** No error when there is none. */
export function deleteRecord(storage: Storage, key: string): Promise<void> {
  return storage.transact((tx) => {
    tx.delete(key);
    return Promise.resolve();
  });
}

export function textIn(record: JsonMap, name: string): string {
  const value = record.get(name);
  return typeof value === "string" ? value : "";
}

export function flagIn(record: JsonMap, name: string): boolean {
  return record.get(name) === true;
}

export function numberIn(record: JsonMap, name: string, otherwise = 0): number {
  const value = record.get(name);
  return value instanceof JsonNumber ? Number(value.text) : otherwise;
}

export function listIn(record: JsonMap, name: string): readonly string[] {
  const value = record.get(name);
  return isJsonList(value) ? value.filter((item) => typeof item === "string") : [];
}

/** What a read of nothing answers in Vault: 404 with an empty list of errors. */
export function nothingHere(): Fault {
  return new Fault("not-found", "nothing is stored here", { errors: [] });
}

/** The reply to a LIST: the names one level below `prefix`, or 404. */
export async function listReply(reader: Reader, prefix: string): Promise<Reply> {
  const names = await reader.list(prefix);
  const keys = [...new Set(names.map((name) => name.replace(/\/$/, "")))];
  if (keys.length === 0) throw nothingHere();
  return { data: { keys } };
}
