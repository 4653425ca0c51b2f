/** Which policies a new token gets. Names are compared as they are stored: "Root " is root (CVE-2025-5999). Source: Vault's page "Tokens" and its `handleCreateCommon`. */
import { Fault } from "../../../lib/fault.ts";
import type { TokenEntry } from "../../contract/token.ts";

/** For Vault's own purposes; nobody gives them to a token. */
const RESERVED: ReadonlySet<string> = new Set(["response-wrapping", "control-group"]);

/**
 * @param asked empty = the parent's
 * @returns sorted, in lower case, each once; "root" alone when it is among them
 * @throws Fault "invalid" when the caller may not give them away
 */
export function grantPolicies(
  asked: readonly string[],
  noDefault: boolean,
  parent: TokenEntry,
  sudo: boolean,
): readonly string[] {
  const names = new Set(asked.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  const own = new Set(parent.policies);
  const isRoot = own.has("root");
  if (names.size === 0) for (const name of own) names.add(name);
  else addChosen(names, own, noDefault, sudo);
  if (noDefault) names.delete("default");
  for (const name of names) {
    if (RESERVED.has(name)) throw new Fault("invalid", `cannot assign policy ${JSON.stringify(name)}`);
  }
  if (names.has("root") && !isRoot) {
    throw new Fault("invalid", "root tokens may not be created without parent token being root");
  }
  return names.has("root") ? ["root"] : [...names].sort();
}

/** With sudo any, and "default" with them; else a subset of the parent's, "default" if the parent has it. */
function addChosen(names: Set<string>, own: ReadonlySet<string>, noDefault: boolean, sudo: boolean): void {
  if (!sudo && [...names].some((name) => !own.has(name))) {
    throw new Fault("invalid", "child policies must be subset of parent");
  }
  if (!noDefault && (sudo || own.has("default"))) names.add("default");
}
