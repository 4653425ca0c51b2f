/** What KV version 2 stores of one secret beside its data, the mount's configuration, and how both look in storage. */
import { decodeStored, encodeStored } from "../../../lib/stored.ts";
import type { Reader } from "../../contract/storage.ts";

const FORMAT = 1;

/** Times are wall-clock milliseconds, 0 = none. */
export interface Version {
  readonly created: number;
  /** In the future when `delete_version_after` has set it. */
  readonly deleted: number;
  readonly destroyed: boolean;
}

export interface Meta {
  readonly created: number;
  readonly updated: number;
  readonly current: number;
  /** 0 until the first version has been dropped, as Vault shows it. */
  readonly oldest: number;
  /** 0 = the mount's. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** Milliseconds, 0 = the mount's. */
  readonly deleteAfter: number;
  /** undefined until it is first set: shown as null. */
  readonly custom: ReadonlyMap<string, string> | undefined;
  /** By number, in order. */
  readonly versions: ReadonlyMap<number, Version>;
}

export interface Config {
  /** 0 = 10. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** Milliseconds, 0 = none, negative = switched off for every secret. */
  readonly deleteAfter: number;
}

export const CONFIG_KEY = "config";
export const META_ROOT = "metadata/";

/** A version's data is a key of its own; the last segment is the number, so no two secrets can share one. */
export function dataKey(path: string, version: number): string {
  return `data/${path}/${String(version)}`;
}

interface StoredMeta extends Omit<Meta, "custom" | "versions"> {
  readonly custom?: readonly (readonly [string, string])[];
  readonly versions: readonly (readonly [number, number, number, 0 | 1])[];
}

export function encodeMeta({ custom, versions, ...rest }: Meta): Uint8Array {
  const stored: StoredMeta = {
    ...rest,
    ...(custom === undefined ? {} : { custom: [...custom] }),
    versions: [...versions].map(([n, v]) => [n, v.created, v.deleted, v.destroyed ? 1 : 0] as const),
  };
  return encodeStored(FORMAT, JSON.stringify(stored));
}

function decodeMeta(bytes: Uint8Array): Meta {
  const { custom, versions, ...rest } = JSON.parse(decodeStored(FORMAT, bytes, "metadata")) as StoredMeta;
  return {
    ...rest,
    custom: custom === undefined ? undefined : new Map(custom),
    versions: new Map(versions.map(([n, created, deleted, gone]) => [n, { created, deleted, destroyed: gone === 1 }])),
  };
}

export async function readMeta(reader: Reader, path: string): Promise<Meta | undefined> {
  const bytes = await reader.get(META_ROOT + path);
  return bytes === undefined ? undefined : decodeMeta(bytes);
}

export function newMeta(now: number): Meta {
  return {
    created: now,
    updated: now,
    current: 0,
    oldest: 0,
    maxVersions: 0,
    casRequired: false,
    deleteAfter: 0,
    custom: undefined,
    versions: new Map(),
  };
}

export function encodeData(text: string): Uint8Array {
  return encodeStored(FORMAT, text);
}

export function decodeData(bytes: Uint8Array): string {
  return decodeStored(FORMAT, bytes, "secret");
}

export async function readConfig(reader: Reader): Promise<Config> {
  const bytes = await reader.get(CONFIG_KEY);
  if (bytes === undefined) return { maxVersions: 0, casRequired: false, deleteAfter: 0 };
  return JSON.parse(decodeStored(FORMAT, bytes, "configuration")) as Config;
}

export function encodeConfig(config: Config): Uint8Array {
  return encodeStored(FORMAT, JSON.stringify(config));
}
