/** What is kept about audit devices: the table, and a salt for each, so that an HMAC stays comparable over restarts. */
import { Fault } from "../../lib/fault.ts";
import { isJsonList, isJsonMap, type Json, parseJson, stringifyJson } from "../../lib/wire/json.ts";
import type { AuditDeviceInfo } from "../contract/audit.ts";
import type { Reader, Storage } from "../contract/storage.ts";

const TABLE = "devices";
/** Of the table's record. */
const FORMAT = "1";

const saltKey = (path: string): string => `salt/${encodeURIComponent(path)}`;

export async function readDevices(storage: Reader): Promise<readonly AuditDeviceInfo[]> {
  const bytes = await storage.get(TABLE);
  if (bytes === undefined) return [];
  const record = parseJson(Buffer.from(bytes).toString());
  const devices = isJsonMap(record) && record.get("format") === FORMAT ? record.get("devices") : undefined;
  if (!isJsonList(devices)) {
    throw new Fault("internal", "audit devices are stored in a format this version does not know");
  }
  return devices.map(device);
}

export async function readSalt(storage: Reader, path: string): Promise<Uint8Array | undefined> {
  return storage.get(saltKey(path));
}

/** Writes the table, puts the salts of `added`, drops those of `removed`: together. */
export async function writeDevices(
  storage: Storage,
  devices: readonly AuditDeviceInfo[],
  change: { readonly added?: { readonly path: string; readonly salt: Uint8Array }; readonly removed?: string },
): Promise<void> {
  const table = devices.map((d) => ({ path: d.path, type: d.type, description: d.description, options: d.options }));
  await storage.transact((tx) => {
    tx.put(TABLE, Buffer.from(stringifyJson({ format: FORMAT, devices: table })));
    if (change.added !== undefined) tx.put(saltKey(change.added.path), Buffer.from(change.added.salt));
    if (change.removed !== undefined) tx.delete(saltKey(change.removed));
    return Promise.resolve();
  });
}

/** The salt of a device that the configuration declares: made the first time it is opened. */
export async function saltOf(storage: Storage, path: string, fresh: Uint8Array): Promise<Uint8Array> {
  return storage.transact(async (tx) => {
    const known = await tx.get(saltKey(path));
    if (known === undefined) tx.put(saltKey(path), Buffer.from(fresh));
    return known ?? fresh;
  });
}

function device(value: Json): AuditDeviceInfo {
  if (!isJsonMap(value)) throw new Fault("internal", "the stored table of audit devices is damaged");
  const text = (name: string): string => {
    const found = value.get(name);
    return typeof found === "string" ? found : "";
  };
  const options = value.get("options");
  const pairs = isJsonMap(options)
    ? [...options].map(([name, v]) => [name, typeof v === "string" ? v : ""] as const)
    : [];
  return { path: text("path"), type: text("type"), description: text("description"), options: new Map(pairs) };
}
