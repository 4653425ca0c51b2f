/**
 * `create`, `create-orphan`, `create/:role_name`: a token makes another, never stronger than itself unless it has sudo
 * on the path or a role allows it. Source: Vault API, "auth/token", "Create token".
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { effectiveTtl } from "../../../lib/ttl.ts";
import { type Context, type Reply, type Route, route } from "../../contract/engine.ts";
import type { Subject } from "../../contract/identity.ts";
import type { TokenEntry, TokenType } from "../../contract/token.ts";
import type { NewToken } from "../../contract/tokens.ts";
import { matchesGlob } from "./glob.ts";
import type { TokenAuth } from "./parts.ts";
import { grantPolicies } from "./policies.ts";
import { ROLE_NAME, readRole, type TokenRole } from "./role.ts";
import {
  CREATE_FIELDS,
  checkPrivileged,
  checkWanted,
  type LimitsWanted,
  limitsWanted,
  typeWanted,
  type Wanted,
} from "./wanted.ts";

export function createRoutes(parts: TokenAuth): readonly Route[] {
  const routeAt = (path: string, about: string, orphan: boolean): Route =>
    route({
      path,
      about,
      fields: CREATE_FIELDS,
      on: { update: { about, run: (wanted, context) => create(parts, wanted, { context, orphan, role: undefined }) } },
    });
  return [
    routeAt("create", "Makes a token below the caller's", false),
    routeAt("create-orphan", "Makes a token without a parent", true),
    route({
      path: "create/:role_name",
      about: "Makes a token as a role says",
      fields: { role_name: ROLE_NAME, ...CREATE_FIELDS },
      on: {
        update: {
          about: "Makes a token as a role says",
          run: async (wanted, context) => {
            const role = await readRole(context.storage, wanted.role_name);
            if (role === undefined) throw new Fault("invalid", `unknown role ${wanted.role_name}`);
            return create(parts, wanted, { context, orphan: role.orphan, role });
          },
        },
      },
    }),
  ];
}

interface Request {
  readonly context: Context;
  readonly orphan: boolean;
  readonly role: TokenRole | undefined;
}

async function create(parts: TokenAuth, wanted: Wanted, request: Request): Promise<Reply> {
  const { context, role } = request;
  const maker = creator(context);
  const type = typeWanted(wanted, role);
  checkWanted(wanted, role);
  const sudo = await parts.sudo(context);
  checkPrivileged(wanted, sudo);
  const policies = grantPolicies({
    asked: wanted.policies ?? [],
    noDefault: wanted.no_default_policy === true,
    parent: maker,
    sudo,
    role,
  });
  const limits = limitsWanted(wanted, role);
  const { ttl, warnings } = lifetime(wanted, type, { policies, limits, context });
  if (ttl === 0 && maker.expireTime !== 0) {
    throw new Fault("invalid", "expiring root tokens cannot create non-expiring root tokens");
  }
  const parent = request.orphan || wanted.no_parent === true ? undefined : maker;
  const subject = await subjectOf(parts, wanted, request, parent);
  const { token, entry } = await parts.tokens.create({
    ...asWanted(wanted, type, role, limits),
    ...inherited(parent, subject, role),
    policies,
    path: pathOf(context, role),
    ttl,
    ...(ttl === 0 ? { renewable: false, boundCidrs: [] } : {}),
  });
  const unknown = await unknownPolicies(parts, entry);
  const identityPolicies = subject?.policies ?? [];
  return {
    auth: { entry, clientToken: token, identityPolicies },
    warnings: [...limits.warnings, ...warnings, ...unknown],
  };
}

/** @param parent undefined for an orphan. A role's networks take the place of the parent's, as in Vault. */
function inherited(
  parent: TokenEntry | undefined,
  subject: Subject | undefined,
  role: TokenRole | undefined,
): Pick<NewToken, "parent" | "entityId" | "boundCidrs"> {
  const boundCidrs = role === undefined ? (parent?.boundCidrs ?? []) : role.boundCidrs;
  return { parent: parent?.id ?? "", entityId: subject?.id ?? "", boundCidrs };
}

function pathOf({ call }: Context, role: TokenRole | undefined): string {
  return role === undefined || role.pathSuffix === "" ? call.path : `${call.path}/${role.pathSuffix}`;
}

type FromParent = "parent" | "boundCidrs" | "entityId" | "policies" | "path" | "ttl";

/** What the request and its role decide alone. */
function asWanted(
  wanted: Wanted,
  type: TokenType,
  role: TokenRole | undefined,
  { explicitMaxTtl, period, numUses }: LimitsWanted,
): Omit<NewToken, FromParent> {
  const batch = type === "batch";
  return {
    id: wanted.id === undefined || wanted.id === "" ? undefined : new Secret(wanted.id),
    type,
    displayName: displayName(wanted.display_name),
    metadata: wanted.meta ?? new Map(),
    explicitMaxTtl: batch ? 0 : explicitMaxTtl,
    maxTtl: 0,
    period: batch ? 0 : period,
    renewable: wanted.renewable !== false && role?.renewable !== false,
    numUses,
    role: role?.name ?? "",
    internal: new Map(),
    most: role?.maxCount ?? 0,
  };
}

function creator({ token }: Context): TokenEntry {
  if (token === undefined) throw new Fault("denied", "permission denied");
  if (token.type === "batch") throw new Fault("invalid", "batch tokens cannot create more tokens");
  // Else it would get round the limit on its own uses.
  if (token.numUses !== 0) throw new Fault("invalid", "restricted use token cannot generate child tokens");
  return token;
}

/** Whose token it is: the one behind the alias that a role allows, else the parent's. */
async function subjectOf(
  { identity }: TokenAuth,
  { entity_alias: asked }: Wanted,
  { context, role }: Request,
  parent: TokenEntry | undefined,
): Promise<Subject | undefined> {
  if (asked === undefined || asked === "" || role === undefined) {
    if (parent === undefined || parent.entityId === "") return undefined;
    return context.subject?.id === parent.entityId ? context.subject : identity.subject(parent.entityId);
  }
  const alias = asked.toLowerCase();
  if (!role.allowedEntityAliases.some((allowed) => matchesGlob(allowed, alias))) {
    throw new Fault("invalid", "invalid 'entity_alias' value");
  }
  return identity.ofAlias(context.mount.accessor, alias);
}

interface Lifetime {
  /** Milliseconds, 0 = for ever: root alone. */
  readonly ttl: number;
  readonly warnings: readonly string[];
}

interface Bounds {
  readonly policies: readonly string[];
  readonly limits: LimitsWanted;
  readonly context: Context;
}

function lifetime(wanted: Wanted, type: TokenType, { policies, limits, context: { mount } }: Bounds): Lifetime {
  const asked = wanted.ttl ?? wanted.lease ?? 0;
  // A role's period means nothing to a batch token, its explicit maximum all the same.
  const period = type === "batch" ? 0 : limits.period;
  const { explicitMaxTtl } = limits;
  if (policies.includes("root") && asked === 0 && period === 0) return { ttl: explicitMaxTtl, warnings: [] };
  return effectiveTtl({
    increment: asked,
    ttl: 0,
    maxTtl: 0,
    explicitMaxTtl,
    period,
    mountTtl: mount.defaultTtl,
    mountMaxTtl: mount.maxTtl,
    age: 0,
  });
}

function displayName(wanted: string | undefined): string {
  if (wanted === undefined || wanted === "") return "token";
  return `token-${wanted}`.replace(/[^a-zA-Z0-9-]/g, "-").replace(/-$/, "");
}

async function unknownPolicies({ hasPolicy }: TokenAuth, { policies }: TokenEntry): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const name of policies) {
    if (!(await hasPolicy(name))) warnings.push(`Policy ${JSON.stringify(name)} does not exist`);
  }
  return warnings;
}
