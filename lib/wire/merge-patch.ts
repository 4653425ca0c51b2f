/** JSON merge patch. Source: RFC 7396, section 2. Maps in, Maps out: "__proto__" and "10" are ordinary members. */
import { isJsonMap, type Json, type JsonMap } from "./json.ts";

/**
 * @returns `target` with `patch` applied: null removes a member, an object is merged, anything else replaces.
 * Neither argument is changed; members keep their order, new ones come last.
 */
export function mergePatch(target: Json | undefined, patch: JsonMap): JsonMap {
  const out = new Map<string, Json>(isJsonMap(target) ? target : []);
  for (const [name, value] of patch) {
    if (value === null) out.delete(name);
    else out.set(name, isJsonMap(value) ? mergePatch(out.get(name), value) : value);
  }
  return out;
}
