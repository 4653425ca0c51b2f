/** What renewals have in common: whose token it is, and whether it still has what a login would give now. */
import { Fault } from "../../lib/fault.ts";
import type { Mount, Renewal } from "../contract/engine.ts";
import { textIn } from "../contract/record.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { TokenParams } from "./token-params.ts";

/** A login notes its mount's uuid under "mount". @throws Fault "denied" when it was another's, once mounted at this path */
export function mustComeFrom({ uuid }: Mount, internal: TokenEntry["internal"]): void {
  if (textIn(internal, "mount") !== uuid) throw new Fault("denied", "the token does not come from this mount");
}

/**
 * Order, case, blanks and "default" do not count, as in Vault.
 * @param message in the method's own words. @throws Fault "denied" when they differ
 */
export function mustStillHave(policies: readonly string[], held: readonly string[], message: string): void {
  const [now, then] = [canonical(policies), canonical(held)];
  if (now.length !== then.length || now.some((name, at) => name !== then[at])) throw new Fault("denied", message);
}

function canonical(names: readonly string[]): readonly string[] {
  const clean = names.map((name) => name.trim().toLowerCase());
  return [...new Set(clean.filter((name) => name !== "" && name !== "default"))].sort();
}

export function renewalOf({ ttl, maxTtl, period }: TokenParams): Renewal {
  return { ttl, maxTtl, period };
}
