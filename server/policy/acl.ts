/**
 * The joined rules of one token's policies, compiled: one decision costs well under a microsecond and allocates
 * nothing unless the deciding rule looks at parameters. Source of the order: Vault, "Policies" page; for LIST the
 * path without its last slash stands in where no rule has it (GHSA-xp3c-3jw3-4vcr: a deny must hold for both).
 */
import { hasWildcard } from "../../lib/policy-text/strength.ts";
import type { Operation } from "../contract/call.ts";
import type { Acl, Capability, Decision, Question } from "../contract/policy.ts";
import { parametersFit } from "./parameters.ts";
import { compilePatterns, type Matcher } from "./patterns.ts";
import { bitOf, CAPABILITIES, DENY, type JoinedRule, joinPolicies, type ParsedPolicy, SUDO } from "./rules.ts";

const OPERATIONS: readonly Operation[] = ["read", "list", "create", "update", "patch", "delete"];
const REFUSED: Decision = { allowed: false, sudo: false, granting: [] };
/** Parameters are looked at for these only: a list or delete takes none that a policy speaks of (Vault, `AllowOperation`). */
const WITH_PARAMETERS: ReadonlySet<Operation> = new Set<Operation>(["read", "create", "update", "patch"]);
/** Stands for a segment that no rule names. */
const ANY_SEGMENT = "\u0000";

interface Compiled {
  readonly path: string;
  readonly rule: JoinedRule;
  readonly constrained: boolean;
  /** The answer for each operation while nothing constrains it. */
  readonly decisions: Readonly<Record<Operation, Decision>>;
}

export const ROOT_ACL: Acl = {
  decide: () => ROOT_DECISION,
  rules: () => [],
  capabilities: () => ["root"],
  grantsBelow: () => true,
};
const ROOT_DECISION: Decision = { allowed: true, sudo: true, granting: ["root"] };

export function compileAcl(policies: readonly ParsedPolicy[]): Acl {
  const rules = joinPolicies(policies).map(compileRule);
  const matcher = compilePatterns(rules);
  return {
    decide: (question) => decide(matcher, question),
    rules: () => rules.map(({ path, rule }) => ({ path, capabilities: wordsOf(rule.capabilities) })),
    capabilities: (path) => capabilities(deciding(matcher, path, true)),
    grantsBelow: (prefix) => grantsBelow(matcher, rules, prefix),
  };
}

function compileRule(rule: JoinedRule): Compiled {
  const constrained =
    rule.allowed.size > 0 ||
    rule.denied.size > 0 ||
    rule.required.length > 0 ||
    rule.minWrappingTtl > 0 ||
    rule.maxWrappingTtl > 0;
  const decisions = OPERATIONS.map((operation) => [operation, decisionOf(rule, bitOf(operation))] as const);
  return {
    path: rule.path,
    rule,
    constrained,
    decisions: Object.fromEntries(decisions) as Record<Operation, Decision>,
  };
}

function decisionOf(rule: JoinedRule, bit: number): Decision {
  if ((rule.capabilities & DENY) !== 0 || (rule.capabilities & bit) === 0) return REFUSED;
  const granting = rule.sources.filter((source) => (source.capabilities & bit) !== 0).map((source) => source.policy);
  return { allowed: true, sudo: (rule.capabilities & SUDO) !== 0, granting: [...new Set(granting)] };
}

function decide(matcher: Matcher<Compiled>, question: Question): Decision {
  const found = deciding(matcher, question.path, question.operation === "list");
  if (found === undefined) return REFUSED;
  const decision = found.decisions[question.operation];
  if (!decision.allowed || !found.constrained) return decision;
  if (!wrappingFits(found.rule, question.wrapTtl)) return REFUSED;
  if (question.data === undefined || !WITH_PARAMETERS.has(question.operation)) return decision;
  return parametersFit(found.rule, question.data) ? decision : REFUSED;
}

function deciding(matcher: Matcher<Compiled>, path: string, list: boolean): Compiled | undefined {
  const exact = matcher.exact(path);
  if (exact !== undefined) return exact;
  const bare = list && path.endsWith("/") ? path.slice(0, -1) : undefined;
  return (
    (bare === undefined ? undefined : matcher.exact(bare)) ??
    matcher.wild(path) ??
    (bare === undefined ? undefined : matcher.wild(bare))
  );
}

function wrappingFits(rule: JoinedRule, ttl: number | undefined): boolean {
  const { minWrappingTtl: least, maxWrappingTtl: most } = rule;
  if (least === 0 && most === 0) return true;
  if (ttl === undefined) return false;
  return ttl >= least && (most === 0 || ttl <= most);
}

/** The path of the rule that decides; undefined when none matches. For explanations: compiles anew each time. */
export function decidingPath(policies: readonly ParsedPolicy[], path: string, list: boolean): string | undefined {
  return deciding(compilePatterns(joinPolicies(policies).map(compileRule)), path, list)?.path;
}

function capabilities(found: Compiled | undefined): readonly Capability[] {
  return wordsOf(found?.rule.capabilities ?? 0);
}

/** As sys/capabilities answers: ["deny"] also for none. */
export function wordsOf(bits: number): readonly Exclude<Capability, "root">[] {
  if (bits === 0 || (bits & DENY) !== 0) return ["deny"];
  return CAPABILITIES.filter((name) => (bits & bitOf(name)) !== 0);
}

/**
 * Asks, for each rule that can match the prefix or something below it, about a path that the rule matches there: what
 * counts is the rule that decides that path, so a wide allow behind a nearer deny does not show a mount.
 */
function grantsBelow(matcher: Matcher<Compiled>, rules: readonly Compiled[], prefix: string): boolean {
  const grants = (path: string): boolean => {
    const bits = deciding(matcher, path, true)?.rule.capabilities ?? 0;
    return bits !== 0 && (bits & DENY) === 0;
  };
  if (grants(prefix) || grants(prefix + ANY_SEGMENT)) return true;
  return rules.some((rule) => {
    const witness = witnessBelow(rule.path, prefix);
    return witness !== undefined && grants(witness);
  });
}

/** A path under `prefix` that `pattern` matches; undefined when there is none. */
function witnessBelow(pattern: string, prefix: string): string | undefined {
  if (!hasWildcard(pattern)) return pattern.startsWith(prefix) ? pattern : undefined;
  const open = pattern.endsWith("*");
  const wanted = prefix.split("/").slice(0, -1);
  const parts = (open ? pattern.slice(0, -1) : pattern).split("/");
  const filled = parts.map((part, i) => fill(part, wanted[i], open && i === parts.length - 1));
  if (filled.includes(undefined)) return undefined;
  if (filled.length > wanted.length) return filled.join("/");
  return open ? prefix + ANY_SEGMENT : undefined;
}

/** A segment that a pattern's part matches: `wanted` where one is asked for; undefined when the part does not match it. */
function fill(part: string, wanted: string | undefined, tail: boolean): string | undefined {
  if (part === "+") return wanted ?? ANY_SEGMENT;
  if (wanted === undefined || part === wanted) return part;
  return tail && wanted.startsWith(part) ? wanted : undefined;
}
