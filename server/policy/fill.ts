/**
 * Templated paths filled in for one subject. A value can only ever stand for a part of one segment: one with a character
 * that means something in paths gives nothing, and a deny with such a value holds for all values (GHSA-59w7-v8rr-pr4p).
 */
import type { Subject } from "../contract/identity.ts";
import { DENY, type ParsedPolicy, type PathRule } from "./rules.ts";
import type { Part } from "./template.ts";

/** Characters that mean something in a path, in a list of values, or that no path has. */
const UNFIT = /[*+/,\\\p{C}]/u;

function fits(value: string): boolean {
  return value !== "" && value !== "." && value !== ".." && !UNFIT.test(value);
}

/** The policies as they are for this subject. @param subject undefined: for a token that belongs to nobody */
export function filledPolicies(
  policies: readonly ParsedPolicy[],
  subject: Subject | undefined,
): readonly ParsedPolicy[] {
  return policies.map((policy) => {
    if (!isTemplated(policy)) return policy;
    return { name: policy.name, rules: policy.rules.flatMap((rule) => filledRules(rule, subject)) };
  });
}

export function isTemplated({ rules }: ParsedPolicy): boolean {
  return rules.some((rule) => rule.template !== undefined);
}

function filledRules(rule: PathRule, subject: Subject | undefined): readonly PathRule[] {
  const { template } = rule;
  if (template === undefined) return [rule];
  if (subject === undefined) return [];
  const values = template.map((part) => (typeof part === "string" ? part : part(subject)));
  if (!values.every((value) => value !== undefined)) return [];
  const fit = template.every((part, i) => typeof part === "string" || fits(values[i] ?? ""));
  const path = values.join("");
  if (fit) return [{ ...rule, path }];
  return (rule.capabilities & DENY) === 0 ? [] : [path, ...widened(template)].map((wide) => ({ ...rule, path: wide }));
}

const HOLE = "\u0000";

/** What a deny holds for when its value does not fit: whatever the value could have been. A lost deny would be a right. */
function widened(template: readonly Part[]): readonly string[] {
  const text = template.map((part) => (typeof part === "string" ? part : HOLE)).join("");
  const segments = text.split("/").map((segment) => {
    if (!segment.includes(HOLE)) return segment;
    return segment.endsWith("*") ? "*" : "+";
  });
  return [`${text.slice(0, text.indexOf(HOLE))}*`, segments.join("/")];
}
