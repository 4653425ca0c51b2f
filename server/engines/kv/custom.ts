/** `custom_metadata`: names and texts that people attach to a secret, with Vault's limits (64 names of 128 bytes, texts of 512). */
import { Fault } from "../../../lib/fault.ts";
import { type Json, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";

const MOST = 64;
const LONGEST_NAME = 128;
const LONGEST_TEXT = 512;
const PREFIX = "custom_metadata validation failed";

/** @throws Fault "invalid" naming the first member that breaks a limit (never its text) */
export function customMetadata(given: JsonMap): ReadonlyMap<string, string> {
  const custom = new Map<string, string>();
  for (const [name, value] of given) custom.set(name, asText(name, value));
  checkLimits(custom);
  return custom;
}

/** Null removes a name. The whole must keep the limits, not only what is sent. */
export function patchCustomMetadata(
  before: ReadonlyMap<string, string> | undefined,
  patch: JsonMap,
): ReadonlyMap<string, string> {
  const custom = new Map(before ?? []);
  for (const [name, value] of patch) {
    if (value === null) custom.delete(name);
    else custom.set(name, asText(name, value));
  }
  checkLimits(custom);
  return custom;
}

/** As Go's weak decoding: numbers by their text, booleans as 1 and 0. */
function asText(name: string, value: Json): string {
  if (typeof value === "string") return value;
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === "boolean") return value ? "1" : "0";
  throw invalid(`value for key ${JSON.stringify(name)} must be a string`);
}

function checkLimits(custom: ReadonlyMap<string, string>): void {
  if (custom.size > MOST) {
    throw invalid(`payload must contain at most ${String(MOST)} keys, provided ${String(custom.size)}`);
  }
  for (const [name, text] of custom) {
    const shown = JSON.stringify(name);
    const nameSize = Buffer.byteLength(name);
    const textSize = Buffer.byteLength(text);
    if (nameSize === 0 || nameSize > LONGEST_NAME) {
      throw invalid(
        `length of key ${shown} is ${String(nameSize)} but must be 0 < len(key) <= ${String(LONGEST_NAME)}`,
      );
    }
    if (textSize === 0 || textSize > LONGEST_TEXT) {
      throw invalid(
        `length of value for key ${shown} is ${String(textSize)} but must be 0 < len(value) <= ${String(LONGEST_TEXT)}`,
      );
    }
    if (!printable(name)) throw invalid(`key ${shown} contains unprintable characters`);
    if (!printable(text)) throw invalid(`value for key ${shown} contains unprintable characters`);
  }
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the plain space. */
function printable(text: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text);
}

function invalid(what: string): Fault {
  return new Fault("invalid", `${PREFIX}: ${what}`);
}
