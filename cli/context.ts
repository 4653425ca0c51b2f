/** What every command is handed: the server, the way to print, the machine. */
import { isJsonMap, type Json, type JsonMap } from "../lib/wire/json.ts";
import type { Api, ApiCall, ApiReply } from "./connect/api.ts";
import { ApiError } from "./connect/api.ts";
import type { Settings } from "./connect/settings.ts";
import type { Io } from "./io.ts";
import { CommandError } from "./io.ts";
import { goText } from "./output/text.ts";

export interface Context {
  readonly io: Io;
  readonly api: Api;
  readonly settings: Settings;
  /** -field */
  readonly field: string | undefined;
}

/** What comes back for a path that has nothing: 404 is an answer here, not an error. */
export async function callOrNothing(context: Context, call: ApiCall): Promise<ApiReply | undefined> {
  try {
    return await context.api(call);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** @throws CommandError 2 in Vault's words */
export function nothingAt(path: string): CommandError {
  return new CommandError(2, `No value found at ${path}`);
}

/** The map under `name`, empty when there is none. */
export function member(map: JsonMap | undefined, name: string): JsonMap {
  const value = map?.get(name);
  return isJsonMap(value) ? value : new Map<string, Json>();
}

/** The value under `name` as text, "" when there is none. */
export function text(map: JsonMap | undefined, name: string): string {
  return goText(map?.get(name) ?? "");
}
