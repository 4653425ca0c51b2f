/** Secret paths as both versions take them, and the answers Vault gives for those it does not take. */
import { Fault } from "../../../lib/fault.ts";
import type { Reply } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";

/** Characters of JSON that one mount keeps decrypted: 16 Mi, some 32 MiB of memory at most. */
export const CACHE_CHARACTERS = 16 * 1024 * 1024;

/** Vault answers what does not exist with an empty list of errors. */
export function nothingHere(): Fault {
  return new Fault("not-found", "no value found", { errors: [] });
}

/** @throws Fault "invalid", with Vault's own words */
export function writablePath(path: string | undefined): string {
  if (path === undefined || path === "") throw new Fault("invalid", "missing path");
  if (path.endsWith("/")) throw new Fault("invalid", "cannot write to a path ending in '/'");
  return path;
}

/** @throws Fault "not-found": a folder, or nothing at all, is no secret */
export function readablePath(path: string | undefined): string {
  if (path === undefined || path === "" || path.endsWith("/")) throw nothingHere();
  return path;
}

/** One level below `path`, which may lack its trailing slash. @throws Fault "not-found" when it is empty */
export async function listBelow(reader: Reader, root: string, path: string | undefined): Promise<Reply> {
  const { keys } = await namesBelow(reader, root, path);
  return { data: { keys } };
}

/** As `listBelow`, with the folder's slash. */
export async function namesBelow(
  reader: Reader,
  root: string,
  path: string | undefined,
): Promise<{ readonly folder: string; readonly keys: readonly string[] }> {
  const folder = path === undefined || path === "" || path.endsWith("/") ? (path ?? "") : `${path}/`;
  const keys = await reader.list(root + folder);
  if (keys.length === 0) throw nothingHere();
  return { folder, keys };
}
