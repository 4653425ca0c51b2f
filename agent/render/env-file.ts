/** Secrets -> an env file: one entry a key, sorted by name, so that the same values always give the same bytes. */
import { Fault } from "../../lib/fault.ts";
import { compareText } from "../../lib/template/bytes.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber, stringifyJson } from "../../lib/wire/json.ts";
import { type EnvFormat, encodeEntry } from "./env-encoders.ts";
import { encodeJsonPretty } from "./json.ts";
import { Missing } from "./reads.ts";
import { readRequest } from "./requests.ts";
import type { SecretResult, Template } from "./types.ts";

export interface EnvFileOptions {
  readonly format: EnvFormat;
  /** Paths as `secret` takes them in a template. Later ones win where two hold the same key. */
  readonly secrets: readonly string[];
}

/**
 * The same shape as a template, so that whoever drives one drives the other.
 * @throws Fault "invalid" for a path that is none
 */
export function compileEnvFile({ format, secrets }: EnvFileOptions): Template {
  const requests = secrets.map(readRequest);
  return {
    render(known) {
      const missing = new Missing();
      const found: JsonMap[] = [];
      for (const request of requests) {
        const result = known(request);
        if (result === undefined) missing.add(request);
        else if (result.kind === "secret") found.push(secretValues(request.path, result));
        else throw new Fault("internal", "a file was given for a secret");
      }
      if (missing.all.length > 0) return { missing: missing.all };
      return { text: encodeEnvFile(format, mergeSecrets(found)) };
    },
  };
}

/**
 * The keys and values of a secret: of a KV v2 answer the inner `data`, of any other the whole `data`.
 * A KV v2 answer is told by its shape: exactly `data` and a `metadata` with `version`, `created_time` and `destroyed`.
 * @throws Fault "not-found" when there are none, or the version is deleted
 */
function secretValues(path: string, { data }: SecretResult): JsonMap {
  if (data === null) throw new Fault("not-found", `${path} holds no data`);
  const metadata = data.get("metadata");
  const isVersioned =
    data.size === 2 &&
    data.has("data") &&
    isJsonMap(metadata) &&
    ["version", "created_time", "destroyed"].every((key) => metadata.has(key));
  if (!isVersioned) return data;
  const inner = data.get("data");
  if (isJsonMap(inner)) return inner;
  throw new Fault("not-found", `${path}: the version asked for is deleted`);
}

/** @returns all keys of all secrets; a later secret's value wins */
export function mergeSecrets(secrets: readonly JsonMap[]): JsonMap {
  return new Map(secrets.flatMap((secret) => [...secret]));
}

/**
 * @returns the values as environment variables have them: strings as they are, numbers by their text, booleans `true` and `false`
 * @throws Fault "invalid" naming the key of a null, an object or a list
 */
export function envStrings(values: JsonMap): ReadonlyMap<string, string> {
  return new Map([...values].map(([name, value]) => [name, envString(name, value)]));
}

function envString(name: string, value: Json): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (value instanceof JsonNumber) return value.text;
  const what = value === null ? "null" : isJsonMap(value) ? "an object" : "a list";
  throw new Fault("invalid", `the value of ${stringifyJson(name)} is ${what}: only format "json" can carry it`);
}

/** Format "json" carries every value as it is; the others what `envStrings` allows. @throws Fault "invalid" naming the key */
export function encodeEnvFile(format: EnvFormat, values: JsonMap): string {
  if (format === "json") return `${encodeJsonPlain(values)}\n`;
  return encodeEnv(format, envStrings(values));
}

/**
 * @returns the file's text, sorted by name, each entry with its line end
 * @throws Fault "invalid" naming a key whose name or value the format cannot carry
 */
export function encodeEnv(format: EnvFormat, values: ReadonlyMap<string, string>): string {
  if (format === "json") return `${encodeJsonPlain(values)}\n`;
  const entries = [...values].sort(([a], [b]) => compareText(a, b));
  return entries.map(([name, value]) => encodeEntry(format, name, value)).join("");
}

function encodeJsonPlain(values: JsonMap): string {
  for (const [name, value] of values) {
    if (!isWellFormed(name) || !isWellFormedDeep(value)) {
      throw new Fault("invalid", `the value of ${stringifyJson(name)} is not valid UTF-8 text`);
    }
  }
  return encodeJsonPretty(values, "plain");
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}

function isWellFormedDeep(value: Json): boolean {
  if (typeof value === "string") return isWellFormed(value);
  if (isJsonMap(value)) return [...value].every(([key, member]) => isWellFormed(key) && isWellFormedDeep(member));
  return isJsonList(value) ? value.every(isWellFormedDeep) : true;
}
