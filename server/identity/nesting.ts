/** Groups in groups: never in a circle, never deeper than a bound that keeps each look-up small. */
import { Fault } from "../../lib/fault.ts";
import type { Reader } from "../contract/storage.ts";

/** Groups on the longest way from one that is in no other to one that has none. */
const DEEPEST = 32;

/**
 * @param id whose member groups have just been set
 * @throws Fault "invalid" when it would be in itself, or the nesting too deep
 */
export async function checkNesting(reader: Reader, id: string): Promise<void> {
  const below = await longest(reader, "child", id);
  const above = await longest(reader, "parent", id);
  if (above + below + 1 > DEEPEST) {
    throw new Fault("invalid", `groups would be nested deeper than ${String(DEEPEST)}: put members in directly`);
  }
}

/** How many groups lie on the longest way from `id`, which is not counted. Levels, so that no way is gone twice. */
async function longest(reader: Reader, folder: "child" | "parent", id: string): Promise<number> {
  let level: ReadonlySet<string> = new Set([id]);
  for (let depth = 0; ; depth += 1) {
    const next = new Set<string>();
    for (const one of level) for (const other of await reader.list(`${folder}/${one}/`)) next.add(other);
    if (next.has(id)) throw new Fault("invalid", "cyclic relationship detected for member group ID");
    if (next.size === 0) return depth;
    if (depth >= DEEPEST) return depth;
    level = next;
  }
}
