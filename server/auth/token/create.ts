/** `create`, `create-orphan`: a token makes another, never stronger than itself unless it has sudo on the path. */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { effectiveTtl } from "../../../lib/ttl.ts";
import { type Context, type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import type { TokenEntry } from "../../contract/token.ts";
import type { NewToken } from "../../contract/tokens.ts";
import type { TokenAuth } from "./parts.ts";
import { grantPolicies } from "./policies.ts";

const FIELDS = {
  id: { type: "string", about: "Choose the token's string; needs sudo", sensitive: true },
  policies: { type: "strings", about: "Its policies; the caller's own without this" },
  meta: { type: "texts", about: "Names and texts that go with it into the audit" },
  no_parent: { type: "bool", about: "Make an orphan, which outlives the caller; needs sudo", default: false },
  no_default_policy: { type: "bool", about: 'Leave the policy "default" out', default: false },
  renewable: { type: "bool", about: "It may be renewed", default: true },
  ttl: { type: "duration", about: "How long it lives; the mount's default without this" },
  lease: { type: "duration", about: "Old name of ttl", deprecated: true },
  explicit_max_ttl: { type: "duration", about: "An end that no renewal passes" },
  period: { type: "duration", about: "Each renewal lets it live so long again, without a maximum; needs sudo" },
  display_name: { type: "string", about: 'Shown with it, after "token-"', default: "token" },
  num_uses: { type: "int", about: "How many requests it serves; 0 is without limit", default: 0 },
  type: { type: "string", about: "service", default: "service" },
  entity_alias: { type: "string", about: "Only together with a token role" },
} as const satisfies Fields;

type Wanted = Values<typeof FIELDS>;

export function createRoutes(parts: TokenAuth): readonly Route[] {
  const routeAt = (path: string, about: string, orphan: boolean): Route =>
    route({
      path,
      about,
      fields: FIELDS,
      on: { update: { about, run: (wanted, context) => create(parts, wanted, { context, orphan }) } },
    });
  return [
    routeAt("create", "Makes a token below the caller's", false),
    routeAt("create-orphan", "Makes a token without a parent", true),
  ];
}

interface Request {
  readonly context: Context;
  readonly orphan: boolean;
}

async function create(parts: TokenAuth, wanted: Wanted, { context, orphan }: Request): Promise<Reply> {
  const parent = creator(context);
  checkKind(wanted);
  checkId(wanted.id);
  const sudo = await parts.sudo(context);
  checkPrivileged(wanted, sudo);
  const policies = grantPolicies(wanted.policies ?? [], wanted.no_default_policy === true, parent, sudo);
  const { ttl, warnings } = lifetime(wanted, policies, context);
  if (ttl === 0 && parent.expireTime !== 0) {
    throw new Fault("invalid", "expiring root tokens cannot create non-expiring root tokens");
  }
  const { token, entry } = await parts.tokens.create({
    ...asWanted(wanted),
    ...inherited(orphan || wanted.no_parent === true ? undefined : parent),
    policies,
    path: context.call.path,
    ttl,
    ...(ttl === 0 ? { renewable: false, boundCidrs: [] } : {}),
  });
  const unknown = await unknownPolicies(parts, entry);
  return { auth: { entry, clientToken: token }, warnings: [...warnings, ...unknown] };
}

type Chosen = "id" | "displayName" | "metadata" | "explicitMaxTtl" | "period" | "renewable" | "numUses";
type Always = "type" | "maxTtl" | "role" | "internal";

/** What the request decides alone. */
function asWanted(wanted: Wanted): Pick<NewToken, Chosen | Always> {
  return {
    id: wanted.id === undefined || wanted.id === "" ? undefined : new Secret(wanted.id),
    type: "service",
    displayName: displayName(wanted.display_name),
    metadata: wanted.meta ?? new Map(),
    explicitMaxTtl: wanted.explicit_max_ttl ?? 0,
    maxTtl: 0,
    period: wanted.period ?? 0,
    renewable: wanted.renewable !== false,
    numUses: wanted.num_uses ?? 0,
    role: "",
    internal: new Map(),
  };
}

/** What comes from the parent; undefined for an orphan. */
function inherited(parent: TokenEntry | undefined): Pick<NewToken, "parent" | "boundCidrs" | "entityId"> {
  if (parent === undefined) return { parent: "", boundCidrs: [], entityId: "" };
  return { parent: parent.id, boundCidrs: parent.boundCidrs, entityId: parent.entityId };
}

function creator({ token }: Context): TokenEntry {
  if (token === undefined) throw new Fault("denied", "permission denied");
  if (token.type === "batch") throw new Fault("invalid", "batch tokens cannot create more tokens");
  // Else it would get round the limit on its own uses.
  if (token.numUses !== 0) throw new Fault("invalid", "restricted use token cannot generate child tokens");
  return token;
}

function checkKind({ type, num_uses: numUses, entity_alias: alias }: Wanted): void {
  if (type === "batch") throw new Fault("invalid", "batch tokens are not supported by this release: use type=service");
  if (type !== undefined && type !== "" && type !== "service") {
    throw new Fault("invalid", "invalid 'token_type' value");
  }
  if (numUses !== undefined && numUses < 0) throw new Fault("invalid", "number of uses cannot be negative");
  if (alias !== undefined && alias !== "") {
    throw new Fault("invalid", "'entity_alias' is only allowed in combination with token role");
  }
}

function checkId(id: string | undefined): void {
  if (id === undefined || id === "") return;
  if (id.startsWith("hvs.")) throw new Fault("invalid", "custom token ID cannot have the 'hvs.' prefix");
  // What a header cannot carry could never be used.
  if (!/^[!-~]{1,512}$/.test(id))
    throw new Fault("invalid", "id must be 1 to 512 printable ASCII characters without blanks");
}

function checkPrivileged({ id, no_parent: noParent, period }: Wanted, sudo: boolean): void {
  if (sudo) return;
  const refuse = (what: string): Fault => new Fault("invalid", `root or sudo privileges required to ${what}`);
  if (id !== undefined && id !== "") throw refuse("specify token id");
  if (noParent === true) throw refuse("create orphan token");
  if (period !== undefined && period > 0) throw refuse("create periodic token");
}

interface Lifetime {
  /** Milliseconds, 0 = for ever: root alone. */
  readonly ttl: number;
  readonly warnings: readonly string[];
}

function lifetime(wanted: Wanted, policies: readonly string[], { mount }: Context): Lifetime {
  const asked = wanted.ttl ?? wanted.lease ?? 0;
  const period = wanted.period ?? 0;
  const explicitMaxTtl = wanted.explicit_max_ttl ?? 0;
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
