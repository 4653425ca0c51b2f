/** Entities and groups as they lie in storage: JSON behind one byte that names the format. Milliseconds. */
import { Fault } from "../../lib/fault.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import {
  type EncodableRecord,
  isJsonList,
  isJsonMap,
  type Json,
  type JsonMap,
  parseJsonMap,
  stringifyJson,
} from "../../lib/wire/json.ts";
import type { AliasRecord, EntityRecord, GroupRecord } from "../contract/directory.ts";
import { listIn, numberIn } from "../contract/record.ts";

const FORMAT = 1;

export function encodeEntity(entity: EntityRecord): Uint8Array {
  return encodeStored(FORMAT, stringifyJson({ ...entity, aliases: entity.aliases.map(shownAlias) }));
}

export function decodeEntity(bytes: Uint8Array): EntityRecord {
  const map = parseJsonMap(decodeStored(FORMAT, bytes, "entity"));
  const aliases = map.get("aliases");
  return {
    ...commonOf(map),
    disabled: map.get("disabled") === true,
    merged: listIn(map, "merged"),
    aliases: (isJsonList(aliases) ? aliases : []).map(aliasOf),
  };
}

export function encodeGroup(group: GroupRecord): Uint8Array {
  const alias = group.alias === undefined ? undefined : shownAlias(group.alias);
  return encodeStored(FORMAT, stringifyJson({ ...group, alias }));
}

export function decodeGroup(bytes: Uint8Array): GroupRecord {
  const map = parseJsonMap(decodeStored(FORMAT, bytes, "group"));
  const alias = map.get("alias");
  return {
    ...commonOf(map),
    type: map.get("type") === "external" ? "external" : "internal",
    alias: alias === undefined ? undefined : aliasOf(alias),
    modified: numberIn(map, "modified"),
  };
}

/** An index entry: the id of what it leads to. */
export function encodeId(id: string): Uint8Array {
  return encodeStored(FORMAT, id);
}

export function decodeId(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decodeStored(FORMAT, bytes, "index entry of identity");
}

function shownAlias(alias: AliasRecord): EncodableRecord {
  return { ...alias };
}

function aliasOf(json: Json): AliasRecord {
  if (!isJsonMap(json)) throw new Fault("internal", "a stored alias is damaged");
  return {
    id: textIn(json, "id"),
    canonicalId: textIn(json, "canonicalId"),
    mountAccessor: textIn(json, "mountAccessor"),
    name: textIn(json, "name"),
    metadata: pairsIn(json, "metadata"),
    customMetadata: pairsIn(json, "customMetadata"),
    mergedFrom: listIn(json, "mergedFrom"),
    created: numberIn(json, "created"),
    updated: numberIn(json, "updated"),
  };
}

function commonOf(map: JsonMap): Pick<GroupRecord, "id" | "name" | "metadata" | "policies" | "created" | "updated"> {
  return {
    id: textIn(map, "id"),
    name: textIn(map, "name"),
    metadata: pairsIn(map, "metadata"),
    policies: listIn(map, "policies"),
    created: numberIn(map, "created"),
    updated: numberIn(map, "updated"),
  };
}

function textIn(map: JsonMap, name: string): string {
  const value = map.get(name);
  if (typeof value !== "string") throw new Fault("internal", `a stored record of identity has no ${name}`);
  return value;
}

function pairsIn(map: JsonMap, name: string): ReadonlyMap<string, string> {
  const value = map.get(name);
  const out = new Map<string, string>();
  if (isJsonMap(value)) for (const [key, item] of value) if (typeof item === "string") out.set(key, item);
  return out;
}
