/** What a request for a new token asks, with what its role makes of it: the lesser of two limits, and what is refused. */
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import type { TokenType } from "../../contract/token.ts";
import type { TokenRole } from "./role.ts";

export const CREATE_FIELDS = {
  id: { type: "string", about: "Choose the token's string; needs sudo", sensitive: true },
  policies: { type: "strings", about: "Its policies; the role's, else the caller's own without this" },
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
  type: { type: "string", about: '"service" or "batch"; the role\'s, else "service" without this' },
  entity_alias: { type: "string", about: "Only with a role that allows it: whose token it is" },
} as const satisfies Fields;

export type Wanted = Values<typeof CREATE_FIELDS>;

/** @throws Fault "invalid" for a type there is none of, and for what batch tokens cannot have, in Vault's words */
export function typeWanted(wanted: Wanted, role: TokenRole | undefined): TokenType {
  const type = byRole(wanted.type ?? "", role);
  if (type === "" || type === "service") return "service";
  if (type !== "batch") throw new Fault("invalid", "invalid 'token_type' value");
  const limited = limitOf(wanted, role);
  if (limited !== undefined) throw new Fault("invalid", `batch tokens cannot have "${limited}" set`);
  return "batch";
}

function limitOf(
  { explicit_max_ttl: max = 0, num_uses: uses = 0, period = 0 }: Wanted,
  role: TokenRole | undefined,
): string | undefined {
  if (max !== 0) return "explicit_max_ttl";
  if (uses !== 0 || (role?.numUses ?? 0) !== 0) return "num_uses";
  return period === 0 ? undefined : "period";
}

function byRole(asked: string, role: TokenRole | undefined): string {
  if (role?.type === "service" || role?.type === "batch") return role.type;
  return asked === "" && role?.type === "default-batch" ? "batch" : asked;
}

export function checkWanted({ id, num_uses: numUses, entity_alias: alias }: Wanted, role: TokenRole | undefined): void {
  if (numUses !== undefined && numUses < 0) throw new Fault("invalid", "number of uses cannot be negative");
  if (role === undefined && alias !== undefined && alias !== "") {
    throw new Fault("invalid", "'entity_alias' is only allowed in combination with token role");
  }
  if (id === undefined || id === "") return;
  if (/^hv[sb]\./.test(id)) {
    throw new Fault("invalid", `custom token ID cannot have the '${id.slice(0, 4)}' prefix`);
  }
  // What a header cannot carry could never be used.
  if (!/^[!-~]{1,512}$/.test(id))
    throw new Fault("invalid", "id must be 1 to 512 printable ASCII characters without blanks");
}

export function checkPrivileged({ id, no_parent: noParent, period }: Wanted, sudo: boolean): void {
  if (sudo) return;
  const refuse = (what: string): Fault => new Fault("invalid", `root or sudo privileges required to ${what}`);
  if (id !== undefined && id !== "") throw refuse("specify token id");
  if (noParent === true) throw refuse("create orphan token");
  if (period !== undefined && period > 0) throw refuse("create periodic token");
}

export interface LimitsWanted {
  /** Milliseconds, 0 = none. */
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly numUses: number;
  readonly warnings: readonly string[];
}

/** The lesser of what the request and the role say. */
export function limitsWanted(wanted: Wanted, role: TokenRole | undefined): LimitsWanted {
  const { explicit_max_ttl: max = 0, period = 0, num_uses: uses = 0 } = wanted;
  const warnings: string[] = [];
  const lesser = (what: string, asked: number, limit = 0): number => {
    if (asked === 0 || limit === 0) return asked + limit;
    const least = Math.min(asked, limit);
    warnings.push(
      `${what} specified both during creation call and in role; using the lesser value of ${String(toSeconds(least))} seconds`,
    );
    return least;
  };
  const explicitMaxTtl = lesser("Explicit max TTL", max, role?.explicitMaxTtl);
  const limit = role?.numUses ?? 0;
  const numUses = uses === 0 || limit === 0 ? uses + limit : Math.min(uses, limit);
  return { explicitMaxTtl, period: lesser("Period", period, role?.period), numUses, warnings };
}
