/** What identity tokens keep in the mount's storage, below the barrier: named keys with their rings, roles, the issuer. Milliseconds. */
import { Fault } from "../../../lib/fault.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../lib/wire/json.ts";
import { listIn, numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";

export const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface RingKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** PKCS #8 in base64; "" once it signs no more. */
  readonly secret: string;
  /** As it is published: the text of a JSON object. */
  readonly jwk: string;
  /** When it is no longer published; 0 = it signs, or will sign next. */
  readonly expireTime: number;
}

export interface NamedKey {
  readonly algorithm: Algorithm;
  readonly rotationPeriod: number;
  readonly verificationTtl: number;
  readonly allowedClients: readonly string[];
  readonly nextRotation: number;
  readonly signing: RingKey;
  /** Published ahead, so that verifiers know it when it begins to sign. */
  readonly next: RingKey;
  readonly old: readonly RingKey[];
}

export interface Role {
  readonly key: string;
  readonly template: string;
  readonly clientId: string;
  readonly ttl: number;
}

export const KEYS = "oidc/key/";
export const ROLES = "oidc/role/";
export const CONFIG = "oidc/config";

/** A name in storage: it may hold what a key may not. @throws Fault "invalid" when it is too long */
export function named(folder: string, name: string): string {
  const key = folder + encodeURIComponent(name);
  if (key.length > 512) throw new Fault("invalid", "name is too long: at most some 500 characters");
  return key;
}

export async function namesIn(reader: Reader, folder: string): Promise<readonly string[]> {
  return (await reader.list(folder)).map((key) => decodeURIComponent(key)).sort();
}

export function encodeKey(key: NamedKey): Uint8Array {
  const shown = { ...key, signing: { ...key.signing }, next: { ...key.next }, old: key.old.map((one) => ({ ...one })) };
  return recordBytes(shown);
}

export async function readKey(reader: Reader, name: string): Promise<NamedKey | undefined> {
  const map = await readRecord(reader, named(KEYS, name));
  if (map === undefined) return undefined;
  const old = map.get("old");
  return {
    algorithm: algorithmIn(map),
    rotationPeriod: numberIn(map, "rotationPeriod"),
    verificationTtl: numberIn(map, "verificationTtl"),
    allowedClients: listIn(map, "allowedClients"),
    nextRotation: numberIn(map, "nextRotation"),
    signing: ringKeyOf(map.get("signing")),
    next: ringKeyOf(map.get("next")),
    old: (isJsonList(old) ? old : []).map(ringKeyOf),
  };
}

export function encodeRole(role: Role): Uint8Array {
  return recordBytes({ ...role });
}

export async function readRole(reader: Reader, name: string): Promise<Role | undefined> {
  const map = await readRecord(reader, named(ROLES, name));
  if (map === undefined) return undefined;
  return {
    key: textIn(map, "key"),
    template: textIn(map, "template"),
    clientId: textIn(map, "clientId"),
    ttl: numberIn(map, "ttl"),
  };
}

export function encodeIssuer(issuer: string): Uint8Array {
  return recordBytes({ issuer });
}

/** "" = the server's own address. */
export async function readIssuer(reader: Reader): Promise<string> {
  const record = await readRecord(reader, CONFIG);
  return record === undefined ? "" : textIn(record, "issuer");
}

function ringKeyOf(json: Json | undefined): RingKey {
  if (json === undefined || !isJsonMap(json)) throw new Fault("internal", "a stored signing key is damaged");
  return {
    kid: textIn(json, "kid"),
    algorithm: algorithmIn(json),
    secret: textIn(json, "secret"),
    jwk: textIn(json, "jwk"),
    expireTime: numberIn(json, "expireTime"),
  };
}

function algorithmIn(map: JsonMap): Algorithm {
  const found = ALGORITHMS.find((one) => one === map.get("algorithm"));
  if (found === undefined) throw new Fault("internal", "a stored signing key has an algorithm that is not known here");
  return found;
}
