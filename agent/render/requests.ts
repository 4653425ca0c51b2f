/** From what a template writes to what is asked: secret paths, write data, and when two requests are the same. */
import { Fault } from "../../lib/fault.ts";
import { type JsonMap, stringifyJson } from "../../lib/wire/json.ts";
import type { ReadRequest } from "./types.ts";

/** @returns the same text for two requests exactly when they ask for the same thing; it holds a write's data: a secret */
export function requestKey({ kind, path, data, version }: ReadRequest): string {
  const pairs = [...(data ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return stringifyJson([kind, path, version ?? 0, new Map(pairs)]);
}

/**
 * @param written such as `secret/app/db` or `secret/data/app/db?version=3`; slashes and blanks around it are dropped
 * @throws Fault "invalid" for an empty path or a query other than `version=N`
 */
export function readRequest(written: string): ReadRequest {
  const [path, query] = splitPath(written);
  const version = query === undefined ? undefined : parseVersion(query);
  return version === undefined ? { kind: "read", path } : { kind: "read", path, version };
}

/** @throws Fault "invalid" for an empty path or one with a query */
export function writeRequest(written: string, data: JsonMap): ReadRequest {
  const [path, query] = splitPath(written);
  if (query !== undefined) throw new Fault("invalid", "a path that is written to takes no query");
  return { kind: "write", path, data };
}

function splitPath(written: string): readonly [string, string | undefined] {
  const trimmed = written.trim();
  const mark = trimmed.indexOf("?");
  const path = (mark < 0 ? trimmed : trimmed.slice(0, mark)).replace(/^\/+/, "").replace(/\/+$/, "");
  if (path === "") throw new Fault("invalid", "a secret needs a path such as secret/app/db");
  return [path, mark < 0 ? undefined : trimmed.slice(mark + 1)];
}

/** Version 0 is the newest one, as in Vault. */
function parseVersion(query: string): number | undefined {
  const digits = /^version=([0-9]{1,9})$/.exec(query)?.[1];
  if (digits === undefined) {
    throw new Fault("invalid", "the only query a secret path takes is ?version=N with a whole number");
  }
  return Number(digits) === 0 ? undefined : Number(digits);
}
