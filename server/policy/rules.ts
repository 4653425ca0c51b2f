/**
 * What a policy's text says, path by path, and how several policies' rules for one path string are joined.
 * Source: Vault, "Policies" page (capabilities, parameter constraints, required response wrapping TTLs);
 * joined as OpenBao's `vault/acl.go` (NewACL) does: deny wins, shorter wrapping times win, parameters add up.
 */
import type { Value } from "../../lib/hcl/tree.ts";
import type { Capability } from "../contract/policy.ts";
import type { Part } from "./template.ts";

/** In the order sys/capabilities prints them, which is by name. */
export const CAPABILITIES = ["create", "delete", "deny", "list", "patch", "read", "sudo", "update"] as const;

const BIT: ReadonlyMap<string, number> = new Map(CAPABILITIES.map((name, i) => [name, 1 << i]));
export const DENY = bitOf("deny");
export const SUDO = bitOf("sudo");

export function bitOf(capability: Exclude<Capability, "root">): number {
  return BIT.get(capability) ?? 0;
}

/** Parameter name in lower case to the values it may (or may not) have; an empty list stands for any value. */
export type ParameterValues = ReadonlyMap<string, readonly Value[]>;

/** One `path` stanza. */
export interface PathRule {
  /** Without a leading slash, wildcards as written: "secret/data/+/db", "secret/*". */
  readonly path: string;
  /** Of a path with identity in it: to be filled in before it is matched. */
  readonly template: readonly Part[] | undefined;
  /** Bits by `bitOf`. */
  readonly capabilities: number;
  readonly allowed: ParameterValues;
  readonly denied: ParameterValues;
  /** In lower case. */
  readonly required: readonly string[];
  /** Milliseconds, 0 = none. */
  readonly minWrappingTtl: number;
  readonly maxWrappingTtl: number;
}

export interface ParsedPolicy {
  readonly name: string;
  readonly rules: readonly PathRule[];
}

/** All rules for one path string as one. */
export interface JoinedRule extends PathRule {
  /** Which policy gave which capabilities; empty when denied. */
  readonly sources: readonly { readonly policy: string; readonly capabilities: number }[];
}

/** @returns one joined rule for each path string */
export function joinPolicies(policies: readonly ParsedPolicy[]): readonly JoinedRule[] {
  const byPath = new Map<string, JoinedRule>();
  for (const policy of policies) {
    for (const rule of policy.rules) {
      const source = { policy: policy.name, capabilities: rule.capabilities };
      const known = byPath.get(rule.path);
      byPath.set(rule.path, known === undefined ? { ...rule, sources: [source] } : join(known, rule, source));
    }
  }
  return [...byPath.values()];
}

function join(one: JoinedRule, other: PathRule, source: JoinedRule["sources"][number]): JoinedRule {
  if ((one.capabilities & DENY) !== 0) return one;
  if ((other.capabilities & DENY) !== 0) return { ...other, sources: [] };
  return {
    path: one.path,
    template: undefined,
    capabilities: one.capabilities | other.capabilities,
    allowed: joinValues(one.allowed, other.allowed),
    denied: joinValues(one.denied, other.denied),
    required: [...new Set([...one.required, ...other.required])],
    minWrappingTtl: shorter(one.minWrappingTtl, other.minWrappingTtl),
    maxWrappingTtl: shorter(one.maxWrappingTtl, other.maxWrappingTtl),
    sources: [...one.sources, source],
  };
}

function joinValues(one: ParameterValues, other: ParameterValues): ParameterValues {
  const joined = new Map(one);
  for (const [name, values] of other) {
    const known = joined.get(name);
    const any = values.length === 0 || known?.length === 0;
    joined.set(name, any ? [] : [...(known ?? []), ...values]);
  }
  return joined;
}

/** The lesser of two times of which 0 means none. */
function shorter(one: number, other: number): number {
  if (one === 0 || other === 0) return one + other;
  return Math.min(one, other);
}
