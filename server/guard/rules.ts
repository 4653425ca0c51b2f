/**
 * Which quota holds for a request: that of the role at this mount, that of the path, that of the mount, the global one;
 * the first of them alone. Source: Vault's page "Resource quotas", section on precedence.
 */
import type { RateQuota } from "../contract/guards.ts";
import { Buckets } from "./bucket.ts";

export interface Rule {
  readonly quota: RateQuota;
  readonly buckets: Buckets;
}

interface MountRules {
  readonly roles: ReadonlyMap<string, Rule>;
  readonly paths: ReadonlyMap<string, Rule>;
  /** Prefixes without their "*", the longest first. */
  readonly prefixes: readonly (readonly [string, Rule])[];
  readonly whole: Rule | undefined;
}

export interface Rules {
  readonly global: Rule | undefined;
  readonly mounts: ReadonlyMap<string, MountRules>;
  readonly size: number;
}

export const NO_RULES: Rules = { global: undefined, mounts: new Map(), size: 0 };

/** @param before buckets of a quota that has not changed go on as they are. @param clients remembered for each quota */
export function rulesOf(quotas: readonly RateQuota[], before: readonly Rule[], clients: number): readonly Rule[] {
  return quotas.map((quota) => {
    const same = before.find((rule) => rule.quota === quota);
    return same ?? { quota, buckets: new Buckets(quota, clients) };
  });
}

export function indexed(rules: readonly Rule[]): Rules {
  const mounts = new Map<string, MountRules>();
  for (const path of new Set(rules.map(({ quota }) => quota.mountPath))) {
    if (path !== "") mounts.set(path, mountRules(rules.filter(({ quota }) => quota.mountPath === path)));
  }
  return { global: rules.find(({ quota }) => quota.mountPath === ""), mounts, size: rules.length };
}

function mountRules(rules: readonly Rule[]): MountRules {
  const below = rules.filter(({ quota }) => quota.pathSuffix !== "");
  const by = (of: (rule: Rule) => string, some: readonly Rule[]): ReadonlyMap<string, Rule> =>
    new Map(some.map((rule) => [of(rule), rule]));
  const isPrefix = ({ quota }: Rule): boolean => quota.pathSuffix.endsWith("*");
  return {
    roles: by(
      ({ quota }) => quota.role,
      rules.filter(({ quota }) => quota.role !== ""),
    ),
    paths: by(
      ({ quota }) => quota.pathSuffix,
      below.filter((rule) => !isPrefix(rule)),
    ),
    prefixes: below
      .filter(isPrefix)
      .map((rule) => [rule.quota.pathSuffix.slice(0, -1), rule] as const)
      .sort(([a], [b]) => b.length - a.length),
    whole: rules.find(({ quota }) => quota.pathSuffix === "" && quota.role === ""),
  };
}

/**
 * @param mountPath of the mount that serves `path`, if any does
 * @param role asked only where a quota of this mount has one
 */
export async function ruleFor(
  rules: Rules,
  path: string,
  mountPath: string | undefined,
  role: () => Promise<string | undefined>,
): Promise<Rule | undefined> {
  const own = mountPath === undefined ? undefined : rules.mounts.get(mountPath);
  if (own === undefined || mountPath === undefined) return rules.global;
  if (own.roles.size > 0) {
    const named = own.roles.get((await role()) ?? "");
    if (named !== undefined) return named;
  }
  // A LIST's path has a slash at its end that a quota's has not.
  const below = path.slice(mountPath.length).replace(/\/$/, "");
  const prefix = own.prefixes.find(([start]) => below.startsWith(start));
  return own.paths.get(below) ?? prefix?.[1] ?? own.whole ?? rules.global;
}
