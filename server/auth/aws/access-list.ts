/**
 * The access list: which instance has logged in, with which nonce. An entry is kept by instance, account and region;
 * it is what "first use" means. Source: Vault API, AWS auth method, "Read identity access list information".
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import { type Fields, type Route, route } from "../../contract/engine.ts";
import {
  deleteRecord,
  flagIn,
  listReply,
  nothingHere,
  numberIn,
  readRecord,
  recordBytes,
  textIn,
} from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { AwsState } from "./state.ts";

export const ACCESS_LIST = "accesslist/";

export interface InstanceName {
  readonly accountId: string;
  readonly region: string;
  readonly instanceId: string;
}

/** Times are wall-clock milliseconds. */
export interface Entry extends InstanceName {
  /** Of the first login; later ones may use another role. */
  readonly role: string;
  /** undefined once reauthentication is disabled. */
  readonly nonce: Secret | undefined;
  readonly creationTime: number;
  readonly disallow: boolean;
  /** As in the document, and in milliseconds. */
  readonly pendingTime: string;
  readonly pendingMs: number;
  readonly lastUpdatedTime: number;
  /** When tidy may look at it. */
  readonly expirationTime: number;
}

export function entryKey({ instanceId, accountId, region }: InstanceName): string {
  return `${ACCESS_LIST}${instanceId}/${accountId}:${region}`;
}

export async function readEntry(reader: Reader, name: InstanceName): Promise<Entry | undefined> {
  const record = await readRecord(reader, entryKey(name));
  return record === undefined ? undefined : entryFrom(record, name);
}

export function entryBytes(entry: Entry): Uint8Array {
  return recordBytes({
    role: entry.role,
    nonce: entry.nonce?.reveal() ?? "",
    creationTime: entry.creationTime,
    disallow: entry.disallow,
    pendingTime: entry.pendingTime,
    pendingMs: entry.pendingMs,
    lastUpdatedTime: entry.lastUpdatedTime,
    expirationTime: entry.expirationTime,
  });
}

function entryFrom(record: JsonMap, { accountId, region, instanceId }: InstanceName): Entry {
  const nonce = textIn(record, "nonce");
  return {
    accountId,
    region,
    instanceId,
    role: textIn(record, "role"),
    nonce: nonce === "" ? undefined : new Secret(nonce),
    creationTime: numberIn(record, "creationTime"),
    disallow: flagIn(record, "disallow"),
    pendingTime: textIn(record, "pendingTime"),
    pendingMs: numberIn(record, "pendingMs"),
    lastUpdatedTime: numberIn(record, "lastUpdatedTime"),
    expirationTime: numberIn(record, "expirationTime"),
  };
}

/** Every entry of one instance id, narrowed by account and region where they are given. */
export async function namesOf(
  reader: Reader,
  instanceId: string,
  accountId?: string,
  region?: string,
): Promise<readonly InstanceName[]> {
  const found = await reader.list(`${ACCESS_LIST}${instanceId}/`);
  return found
    .map((name) => ({ instanceId, accountId: name.slice(0, 12), region: name.slice(13) }))
    .filter((name) => (accountId ?? name.accountId) === name.accountId && (region ?? name.region) === name.region);
}

const INSTANCE = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

export const INSTANCE_FIELDS = {
  instance_id: { type: "string", about: "Instance id such as i-0123456789abcdef0", required: true },
  account_id: { type: "string", about: "Account, where two have an instance of this id" },
  region: { type: "string", about: "Region, where two have an instance of this id" },
} as const satisfies Fields;

/** @throws Fault "invalid" for what is no instance id, or when several entries have it; undefined when none has */
export async function oneName(
  reader: Reader,
  instanceId: string,
  accountId?: string,
  region?: string,
): Promise<InstanceName | undefined> {
  if (!INSTANCE.test(instanceId)) throw new Fault("invalid", "instance_id must look like i-0123456789abcdef0");
  const [name, second] = await namesOf(reader, instanceId, accountId, region);
  if (second !== undefined)
    throw new Fault("invalid", "several accounts or regions have it: give account_id and region");
  return name;
}

/** Under Vault's present name and the one it had before. */
export function accessListRoutes(state: AwsState): readonly Route[] {
  return ["identity-accesslist", "identity-whitelist"].flatMap((path) => [entryRoute(state, path), entriesRoute(path)]);
}

function entriesRoute(path: string): Route {
  return route({
    path,
    about: "The instances that have logged in",
    fields: {},
    on: { list: { about: "Lists their ids", run: (_, { storage }) => listReply(storage, ACCESS_LIST) } },
  });
}

function entryRoute(state: AwsState, path: string): Route {
  return route({
    path: `${path}/:instance_id`,
    about: "What is known of an instance since its first login",
    fields: INSTANCE_FIELDS,
    on: {
      read: {
        about: "Reads the entry",
        run: async ({ instance_id: id, account_id: account, region }, { storage }) => {
          const name = await oneName(storage, id, account, region);
          const entry = name === undefined ? undefined : await readEntry(storage, name);
          if (entry === undefined) throw nothingHere();
          return { data: shown(entry, state.failures.mismatches(entryKey(entry))) };
        },
      },
      delete: {
        about: "Forgets the instance: whoever logs in next is the first",
        run: async ({ instance_id: id, account_id: account, region }, { storage }) => {
          const name = await oneName(storage, id, account, region);
          if (name === undefined) return undefined;
          await deleteRecord(storage, entryKey(name));
          return undefined;
        },
      },
    },
  });
}

function shown(entry: Entry, mismatches: number): Record<string, Encodable> {
  return {
    role: entry.role,
    client_nonce: entry.nonce?.reveal() ?? "",
    creation_time: formatTime(entry.creationTime),
    disallow_reauthentication: entry.disallow,
    pending_time: entry.pendingTime,
    expiration_time: formatTime(entry.expirationTime),
    last_updated_time: formatTime(entry.lastUpdatedTime),
    account_id: entry.accountId,
    region: entry.region,
    nonce_mismatches: mismatches,
  };
}
