/**
 * The one place where names are made comparable and bounds are held. As in Vault, names of entities, groups and aliases
 * are kept as they are written and compared in lower case ("Ann" and "ann" are one user), policies are lower case.
 * Source: Vault's pages "Identity: entities and groups" and "/identity/entity".
 */
import { createHash } from "node:crypto";
import { Fault } from "../../lib/fault.ts";

const LONGEST_NAME = 512;
/** Distinguished names of a directory are long. */
const LONGEST_ALIAS = 2_048;
/** Vault's bounds for metadata. */
const MOST_PAIRS = 64;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 512;
/** What a login brings is not refused for its size: what is past these is left out. */
const MOST_LOGIN_PAIRS = 128;
const LONGEST_LOGIN_VALUE = 4_096;
const MOST_POLICIES = 1_000;
/** No entity or group can give these: tokens alone are made with them. */
const RESERVED: ReadonlySet<string> = new Set(["root", "response-wrapping", "control-group"]);

/** Of the name in storage: of one length, whatever the name is. */
export function nameKey(name: string): string {
  return createHash("sha256").update(name.toLowerCase()).digest("base64url");
}

/** @throws Fault "invalid" for a name that is empty, too long or has control characters */
export function checkName(field: string, name: string, longest = LONGEST_NAME): string {
  if (name.trim() === "") throw new Fault("invalid", `"${field}" is empty: give a name`);
  if (Buffer.byteLength(name) > longest) {
    throw new Fault("invalid", `"${field}" is longer than ${String(longest)} bytes: shorten it`);
  }
  if (/\p{Cc}/u.test(name)) throw new Fault("invalid", `"${field}" has control characters: leave them out`);
  return name;
}

export function checkAliasName(name: string): string {
  return checkName("name", name, LONGEST_ALIAS);
}

/** @throws Fault "invalid" past 64 pairs, keys of 128 bytes, values of 512 bytes */
export function checkMetadata(field: string, metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (metadata.size > MOST_PAIRS) {
    throw new Fault("invalid", `"${field}" has more than ${String(MOST_PAIRS)} pairs: leave some out`);
  }
  for (const [key, value] of metadata) {
    if (key === "" || Buffer.byteLength(key) > LONGEST_KEY || /\p{Cc}/u.test(key)) {
      throw new Fault("invalid", `"${field}" has a key that is empty, longer than 128 bytes or not printable`);
    }
    if (Buffer.byteLength(value) > LONGEST_VALUE) {
      throw new Fault("invalid", `"${field}" has a value longer than ${String(LONGEST_VALUE)} bytes`);
    }
  }
  return metadata;
}

/** What a login says about its alias, within bounds. */
export function loginMetadata(metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const fits = ([key, value]: readonly [string, string]): boolean =>
    Buffer.byteLength(key) <= LONGEST_NAME && Buffer.byteLength(value) <= LONGEST_LOGIN_VALUE;
  return new Map([...metadata].filter(fits).slice(0, MOST_LOGIN_PAIRS));
}

/**
 * @returns lower case, sorted, each once
 * @throws Fault "invalid" for "root" in any spelling (CVE-2025-5999), and for too many
 */
export function checkPolicies(names: readonly string[]): readonly string[] {
  const policies = [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""))].sort();
  for (const name of policies) {
    if (RESERVED.has(name)) throw new Fault("invalid", `policies cannot contain ${name}`);
    if (Buffer.byteLength(name) > LONGEST_NAME) throw new Fault("invalid", "policies has a name longer than 512 bytes");
  }
  if (policies.length > MOST_POLICIES) {
    throw new Fault("invalid", `policies has more than ${String(MOST_POLICIES)} names: put rules together in fewer`);
  }
  return policies;
}

export function sameTexts(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of one) if (other.get(key) !== value) return false;
  return true;
}
