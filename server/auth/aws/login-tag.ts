/** What the tag on an instance leaves of a role. Source: Vault docs, AWS auth method, "Role tags". */
import { Fault } from "../../../lib/fault.ts";
import type { InstanceFacts } from "../../contract/ec2.ts";
import type { Role } from "./role.ts";
import { isGenuine, type RoleTag, readTag } from "./role-tag.ts";

/**
 * Whether the tag is denied, `claim` looks up.
 * @returns undefined for a role without tags
 * @throws Fault "invalid" when the role wants a tag and the instance has none that is right
 */
export function tagOf(role: Role, facts: InstanceFacts): RoleTag | undefined {
  if (role.roleTag === "") return undefined;
  const refuse = (why: string): Fault => new Fault("invalid", `failed to handle role tag: ${why}`);
  const value = facts.tags.get(role.roleTag);
  if (value === undefined || value === "") throw refuse(`the instance has no tag ${JSON.stringify(role.roleTag)}`);
  const tag = readTag(value);
  if (tag === undefined || role.hmacKey === undefined || !isGenuine(value, role.hmacKey)) {
    throw refuse("its value was not made by this role");
  }
  if (tag.role !== role.name) throw refuse("it is for another role");
  if (tag.instanceId !== "" && tag.instanceId !== facts.instanceId) throw refuse("it is for another instance");
  if (!tag.policies.every((name) => role.token.policies.includes(name))) {
    throw refuse("policies on the tag must be a subset of the policies on the role");
  }
  return tag;
}

/** The tag's policies where it names any, and the shorter life. */
export function narrowed(token: Role["token"], tag: RoleTag | undefined): Role["token"] {
  if (tag === undefined) return token;
  const limits = [token.maxTtl, tag.maxTtl].filter((ms) => ms > 0);
  const maxTtl = limits.length === 0 ? 0 : Math.min(...limits);
  const policies = tag.policies.length === 0 ? token.policies : tag.policies;
  return { ...token, policies, maxTtl, ttl: maxTtl === 0 ? token.ttl : Math.min(token.ttl, maxTtl) };
}
