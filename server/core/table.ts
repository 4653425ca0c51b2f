/**
 * The mount table as it lies in storage: one record, so that every change of it is one commit. Durations are stored
 * as integer milliseconds. Format version 2 (1 lacked flags
 * and some of the tuning); a newer one is refused, so that an older program never drops what it
 * does not know.
 */
import { Fault } from "../../lib/fault.ts";
import {
  type Encodable,
  isJsonList,
  isJsonMap,
  type Json,
  type JsonMap,
  JsonNumber,
  parseJsonMap,
  stringifyJson,
} from "../../lib/wire/json.ts";
import type { MountFlags, MountTune, UserLockout } from "../contract/engine.ts";

const FORMAT = 2;

export interface MountRecord {
  readonly path: string;
  readonly kind: "secret" | "auth";
  readonly type: string;
  readonly uuid: string;
  readonly accessor: string;
  readonly description: string;
  readonly options: ReadonlyMap<string, string>;
  readonly tune: MountTune;
  /** Being disabled: no longer served; its tokens and data go, then the record. */
  readonly leaving: boolean;
  readonly flags?: MountFlags;
}

export function encodeTable(records: readonly MountRecord[]): Uint8Array {
  const mounts = records.map((record) => ({
    ...record,
    tune: encodeTune(record.tune),
    flags: record.flags === undefined ? undefined : { ...record.flags },
  }));
  return Buffer.from(stringifyJson({ format: FORMAT, mounts }), "utf8");
}

function encodeTune({ userLockout, ...tune }: MountTune): Record<string, Encodable | undefined> {
  return { ...tune, userLockout: userLockout === undefined ? undefined : { ...userLockout } };
}

/** @throws Fault "internal" for a record that is damaged or of a newer format */
export function decodeTable(bytes: Uint8Array): readonly MountRecord[] {
  const map = parseJsonMap(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  const format = numberAt(map, "format");
  if (format !== 1 && format !== FORMAT) {
    throw new Fault("internal", `the mount table has format ${String(format)}, this program reads ${String(FORMAT)}`);
  }
  const mounts = map.get("mounts");
  if (!isJsonList(mounts)) throw damaged("mounts");
  return mounts.map(decodeRecord);
}

function decodeRecord(json: Json): MountRecord {
  if (!isJsonMap(json)) throw damaged("mount");
  const tune = json.get("tune");
  if (!isJsonMap(tune)) throw damaged("tune");
  const flags = json.get("flags");
  return {
    path: textAt(json, "path"),
    kind: textAt(json, "kind") === "auth" ? "auth" : "secret",
    type: textAt(json, "type"),
    uuid: textAt(json, "uuid"),
    accessor: textAt(json, "accessor"),
    description: textAt(json, "description"),
    options: textsAt(json, "options"),
    tune: decodeTune(tune),
    leaving: json.get("leaving") === true,
    ...(isJsonMap(flags) && { flags: decodeFlags(flags) }),
  };
}

function decodeFlags(flags: JsonMap): MountFlags {
  const set = (name: keyof MountFlags): boolean => flags.get(name) === true;
  return {
    local: set("local"),
    sealWrap: set("sealWrap"),
    externalEntropyAccess: set("externalEntropyAccess"),
  };
}

function decodeTune(tune: JsonMap): MountTune {
  return {
    defaultLeaseTtl: numberAt(tune, "defaultLeaseTtl"),
    maxLeaseTtl: numberAt(tune, "maxLeaseTtl"),
    listingVisibility: textAt(tune, "listingVisibility") as MountTune["listingVisibility"],
    tokenType: textAt(tune, "tokenType") as MountTune["tokenType"],
    auditNonHmacRequestKeys: listAt(tune, "auditNonHmacRequestKeys"),
    auditNonHmacResponseKeys: listAt(tune, "auditNonHmacResponseKeys"),
    passthroughRequestHeaders: listAt(tune, "passthroughRequestHeaders"),
    allowedResponseHeaders: listAt(tune, "allowedResponseHeaders"),
    delegatedAuthAccessors: tune.has("delegatedAuthAccessors") ? listAt(tune, "delegatedAuthAccessors") : [],
    identityTokenKey: tune.has("identityTokenKey") ? textAt(tune, "identityTokenKey") : "",
    forceNoCache: tune.get("forceNoCache") === true,
    userLockout: decodeLockout(tune.get("userLockout")),
  };
}

/** Not written before the lockout was there. */
function decodeLockout(json: Json | undefined): UserLockout | undefined {
  if (!isJsonMap(json)) return undefined;
  return {
    threshold: numberAt(json, "threshold"),
    duration: numberAt(json, "duration"),
    counterReset: numberAt(json, "counterReset"),
    disabled: json.get("disabled") === true,
  };
}

function damaged(what: string): Fault {
  return new Fault("internal", `the mount table in storage is damaged: ${what}`);
}

function textAt(map: JsonMap, name: string): string {
  const value = map.get(name);
  if (typeof value !== "string") throw damaged(name);
  return value;
}

function numberAt(map: JsonMap, name: string): number {
  const value = map.get(name);
  if (!(value instanceof JsonNumber)) throw damaged(name);
  return Number(value.text);
}

function listAt(map: JsonMap, name: string): readonly string[] {
  const value = map.get(name);
  if (!isJsonList(value)) throw damaged(name);
  return value.filter((item): item is string => typeof item === "string");
}

function textsAt(map: JsonMap, name: string): ReadonlyMap<string, string> {
  const value = map.get(name);
  if (!isJsonMap(value)) throw damaged(name);
  const out = new Map<string, string>();
  for (const [key, item] of value) if (typeof item === "string") out.set(key, item);
  return out;
}
