/**
 * Why a request is allowed or refused: the stanza that decides, with its line, and the weaker ones that match too. Asks the
 * same compiled rules that decide requests; only the lines are found anew. Ours: Vault has no such answer.
 */
import { parseConfig } from "../../lib/hcl/parse.ts";
import type { Subject } from "../contract/identity.ts";
import type { ExplainedRule, Explanation, Question } from "../contract/policy.ts";
import { compileAcl, decidingPath, wordsOf } from "./acl.ts";
import { filledPolicies } from "./fill.ts";
import { parsePolicy } from "./parse.ts";
import { bitOf, DENY, type ParsedPolicy, type PathRule } from "./rules.ts";

export interface PolicyText {
  readonly name: string;
  readonly text: string;
}

interface Placed {
  readonly rule: PathRule;
  readonly shown: ExplainedRule;
}

/** Matching rules that are shown beside the deciding one. */
const MOST_WEAKER = 20;

/** @param texts of every policy of the token, without "root" */
export function explain(texts: readonly PolicyText[], subject: Subject | undefined, question: Question): Explanation {
  const placed = texts.flatMap((text) => placedRules(text, subject));
  const { operation, path } = question;
  const list = operation === "list";
  const decision = compileAcl([asPolicy(placed)]).decide(question);
  const found = decidingPath([asPolicy(placed)], path, list);
  if (found === undefined) return { decision, reason: "no rule", rules: [], weaker: [] };
  const deciding = placed.filter(({ rule }) => rule.path === found);
  const reason = decision.allowed ? "allowed" : reasonOf(deciding, question);
  const granting = [
    ...new Set(
      deciding.filter(({ rule }) => (rule.capabilities & bitOf(operation)) !== 0).map(({ shown }) => shown.policy),
    ),
  ];
  return {
    decision: { ...decision, granting: decision.allowed ? granting : [] },
    reason,
    rules: deciding.map(({ shown }) => shown),
    weaker: weakerThan(found, placed, path, list),
  };
}

/** The rules of one policy with their places; those whose template gives nothing are not there. */
function placedRules({ name, text }: PolicyText, subject: Subject | undefined): readonly Placed[] {
  const { rules } = parsePolicy(name, text);
  const blocks = parseConfig(text, "").blocks("path", 1);
  return rules.flatMap((written, i) => {
    const at = blocks[i]?.at ?? { line: 1, column: 1 };
    return filledPolicies([{ name, rules: [written] }], subject).flatMap((policy) =>
      policy.rules.map((rule) => ({ rule, shown: shownRule(name, written, rule, at) })),
    );
  });
}

function shownRule(
  policy: string,
  written: PathRule,
  rule: PathRule,
  at: { line: number; column: number },
): ExplainedRule {
  const { allowed, denied, required, minWrappingTtl, maxWrappingTtl } = rule;
  return {
    policy,
    line: at.line,
    column: at.column,
    path: written.path,
    matches: rule.path,
    capabilities: wordsOf(rule.capabilities),
    constrained: allowed.size + denied.size + required.length + minWrappingTtl + maxWrappingTtl > 0,
  };
}

function asPolicy(placed: readonly Placed[]): ParsedPolicy {
  return { name: "", rules: placed.map(({ rule }) => rule) };
}

function reasonOf(deciding: readonly Placed[], question: Question): Explanation["reason"] {
  const bits = deciding.reduce((sum, { rule }) => sum | rule.capabilities, 0);
  if ((bits & DENY) !== 0) return "denied";
  if ((bits & bitOf(question.operation)) === 0) return "capability";
  const bare = compileAcl([asPolicy(deciding)]).decide({ ...question, data: undefined });
  return bare.allowed ? "parameters" : "wrapping";
}

/** Takes the deciding path's rules away and asks again. */
function weakerThan(found: string, placed: readonly Placed[], path: string, list: boolean): readonly ExplainedRule[] {
  const out: ExplainedRule[] = [];
  let left = placed.filter(({ rule }) => rule.path !== found);
  while (out.length < MOST_WEAKER) {
    const next = decidingPath([asPolicy(left)], path, list);
    if (next === undefined) break;
    out.push(...left.filter(({ rule }) => rule.path === next).map(({ shown }) => shown));
    left = left.filter(({ rule }) => rule.path !== next);
  }
  return out.slice(0, MOST_WEAKER);
}
