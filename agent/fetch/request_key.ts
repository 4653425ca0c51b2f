/** When two requests are one. */
import { stringifyJson } from "../../lib/wire/json.ts";
import type { ReadRequest } from "../render/types.ts";

export function requestKey({ kind, path, data, version }: ReadRequest): string {
  return stringifyJson([kind, path, version ?? 0, data ?? null]);
}
