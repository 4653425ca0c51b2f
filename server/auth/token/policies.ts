/** Which policies a new token gets. Names are compared as they are stored: "Root " is root (CVE-2025-5999). Source: Vault's page "Tokens" and its API page "auth/token", "Create token role". */
import { Fault } from "../../../lib/fault.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { WRAPPING_POLICY } from "../../contract/wrapping.ts";
import { matchesGlob } from "./glob.ts";
import type { TokenRole } from "./role.ts";

/** For Vault's own purposes; nobody gives them to a token. */
const RESERVED: ReadonlySet<string> = new Set([WRAPPING_POLICY, "control-group"]);

export interface PolicyWish {
  /** Empty = what the role allows, else the parent's. */
  readonly asked: readonly string[];
  readonly noDefault: boolean;
  readonly parent: TokenEntry;
  readonly sudo: boolean;
  readonly role: TokenRole | undefined;
}

/**
 * @returns sorted, in lower case, each once; "root" alone when it is among them
 * @throws Fault "invalid" when the caller may not give them away
 */
export function grantPolicies(wish: PolicyWish): readonly string[] {
  const { noDefault, parent, role } = wish;
  const asked = new Set(wish.asked.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  const names = role !== undefined && rules(role) ? byRole(asked, role, wish) : byParent(asked, wish);
  if (noDefault || role?.noDefaultPolicy === true) names.delete("default");
  for (const name of names) {
    if (RESERVED.has(name)) throw new Fault("invalid", `cannot assign policy ${JSON.stringify(name)}`);
  }
  if (names.has("root") && !parent.policies.includes("root")) {
    throw new Fault("invalid", "root tokens may not be created without parent token being root");
  }
  return names.has("root") ? ["root"] : [...names].sort();
}

/** A role that says what is allowed or not decides instead of the parent's policies. */
function rules(role: TokenRole): boolean {
  return allows(role) || role.disallowedPolicies.length > 0 || role.disallowedPoliciesGlob.length > 0;
}

function allows({ allowedPolicies, allowedPoliciesGlob }: TokenRole): boolean {
  return allowedPolicies.length > 0 || allowedPoliciesGlob.length > 0;
}

function byRole(asked: ReadonlySet<string>, role: TokenRole, { noDefault, parent }: PolicyWish): Set<string> {
  const forbidden = (name: string): boolean => fits(name, role.disallowedPolicies, role.disallowedPoliciesGlob);
  const withDefault = !noDefault && !role.noDefaultPolicy && !forbidden("default") ? ["default"] : [];
  const allowed = [...role.allowedPolicies, ...withDefault];
  const none = allows(role) ? allowed : [...parent.policies, ...withDefault];
  const names = new Set(asked.size === 0 ? none : [...asked, ...withDefault]);
  for (const name of names) {
    if (allows(role) && !fits(name, allowed, role.allowedPoliciesGlob)) throw notAllowed(names, allowed, role);
    if (forbidden(name)) throw new Fault("invalid", `token policy ${JSON.stringify(name)} is disallowed by this role`);
  }
  return names;
}

function notAllowed(names: ReadonlySet<string>, allowed: readonly string[], role: TokenRole): Fault {
  const [wanted, may, globs] = [[...names], allowed, role.allowedPoliciesGlob].map((list) => JSON.stringify(list));
  const message = `token policies (${wanted ?? ""}) must be subset of the role's allowed policies (${may ?? ""}) or glob policies (${globs ?? ""})`;
  return new Fault("invalid", message);
}

function fits(name: string, names: readonly string[], globs: readonly string[]): boolean {
  return names.includes(name) || globs.some((glob) => matchesGlob(glob, name));
}

/** With sudo any, and "default" with them; else a subset of the parent's, "default" if the parent has it. */
function byParent(asked: ReadonlySet<string>, { noDefault, parent, sudo }: PolicyWish): Set<string> {
  const own = new Set(parent.policies);
  if (asked.size === 0) return own;
  const names = new Set(asked);
  if (!sudo && [...names].some((name) => !own.has(name))) {
    throw new Fault("invalid", "child policies must be subset of parent");
  }
  if (!noDefault && (sudo || own.has("default"))) names.add("default");
  return names;
}
