/**
 * What a login grants becomes a token: within the mount's TTLs, never root or wrapping, with "default" unless the method refused
 * it. Source: Vault's pages "Tokens" and "Auth methods".
 */
import { Fault } from "../../lib/fault.ts";
import { effectiveTtl } from "../../lib/ttl.ts";
import type { Issued } from "../contract/answer.ts";
import type { Mount } from "../contract/engine.ts";
import type { Identity } from "../contract/identity.ts";
import type { LoginGrant, TokenType } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import { WRAPPING_POLICY } from "../contract/wrapping.ts";

export interface LoginParts {
  readonly tokens: Tokens;
  readonly identity: Pick<Identity, "login">;
}

export interface LoggedIn {
  readonly issued: Issued;
  readonly warnings: readonly string[];
}

/** @throws Fault "invalid" when the method grants root or response-wrapping, "denied" when the entity behind the name is disabled */
export async function logIn(
  { tokens, identity }: LoginParts,
  mount: Mount,
  path: string,
  grant: LoginGrant,
): Promise<LoggedIn> {
  const policies = grantedPolicies(grant);
  const known = await identity.login(mount, {
    alias: grant.alias,
    metadata: grant.aliasMetadata ?? new Map(),
    groups: grant.groupAliases,
  });
  const { ttl, warnings } = effectiveTtl({
    increment: 0,
    ttl: grant.ttl,
    maxTtl: grant.maxTtl,
    explicitMaxTtl: grant.explicitMaxTtl,
    period: grant.period,
    mountTtl: mount.defaultTtl,
    mountMaxTtl: mount.maxTtl,
    age: 0,
  });
  const { token, entry } = await tokens.create({
    id: undefined,
    type: tokenType(mount, grant),
    policies,
    path,
    displayName: displayName(mount, grant),
    metadata: grant.metadata,
    ttl,
    explicitMaxTtl: grant.explicitMaxTtl,
    maxTtl: grant.maxTtl,
    period: grant.period,
    renewable: grant.renewable,
    numUses: grant.numUses,
    parent: "",
    boundCidrs: grant.boundCidrs,
    entityId: known?.subject.id ?? "",
    role: grant.role,
    internal: grant.internal,
    mount: mount.accessor,
    most: grant.mostTokens ?? 0,
    // A path may spell the same user in many ways.
    countedBy: `${mount.path}\0${grant.role === "" ? grant.alias : grant.role}`,
  });
  const once = grant.onceMetadata === undefined ? undefined : { onceMetadata: grant.onceMetadata };
  const identityPolicies = known?.subject.policies ?? [];
  return { issued: { clientToken: token, entry, identityPolicies, ...once }, warnings };
}

/** Names are compared in lower case and without blanks everywhere: "Root " must not get past this check (CVE-2025-5999). */
function grantedPolicies(grant: LoginGrant): readonly string[] {
  const names = new Set(grant.policies.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  if (names.has("root")) throw new Fault("invalid", "auth methods cannot create root tokens");
  // A token with this policy alone would be taken for a wrapping token.
  if (names.has(WRAPPING_POLICY)) throw new Fault("invalid", `auth methods cannot give policy "${WRAPPING_POLICY}"`);
  if (!grant.noDefaultPolicy) names.add("default");
  return [...names].sort();
}

/** A mount tuned to one type has it always; else the role decides, and where it leaves it open the mount's default does. */
function tokenType({ tune }: Mount, { type }: LoginGrant): TokenType {
  if (tune.tokenType === "service" || tune.tokenType === "batch") return tune.tokenType;
  if (type === "service" || type === "batch") return type;
  const byDefault = tune.tokenType === "default-batch";
  return (byDefault && type !== "default-service") || (!byDefault && type === "default-batch") ? "batch" : "service";
}

/** "aws-i-0123" for a login at auth/aws/; the mount's name alone when the method gives none. */
function displayName(mount: Mount, grant: LoginGrant): string {
  const place = mount.path.slice("auth/".length, -1).replaceAll("/", "-");
  return grant.displayName === "" ? place : `${place}-${grant.displayName}`;
}
