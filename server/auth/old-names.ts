/**
 * Fields of older Vaults (`policies`, `ttl`, …) beside their successors: a read shows them only while they are what was
 * written last. Source: Vault API, userpass and github, "Parameters"; tokenutil's upgrade rule.
 */
import type { Encodable } from "../../lib/wire/json.ts";

const SUCCESSORS: Readonly<Record<string, string>> = {
  policies: "token_policies",
  ttl: "token_ttl",
  max_ttl: "token_max_ttl",
  period: "token_period",
  num_uses: "token_num_uses",
  bound_cidrs: "token_bound_cidrs",
};

/** @returns the old names that a read is to show, sorted */
export function oldNamesAfter(before: readonly string[], sent: Readonly<Record<string, unknown>>): readonly string[] {
  const names = new Set(before);
  for (const [old, successor] of Object.entries(SUCCESSORS)) {
    if (sent[successor] !== undefined) names.delete(old);
    else if (sent[old] !== undefined) names.add(old);
  }
  return [...names].sort();
}

/** @param reply as `tokenParamsReply` makes it */
export function oldNamesReply(
  names: readonly string[],
  reply: Readonly<Record<string, Encodable>>,
): Record<string, Encodable> {
  const shown = names.map((old) => [old, reply[SUCCESSORS[old] ?? ""] ?? null] as const);
  return Object.fromEntries(shown.filter(([, value]) => value !== 0 && !(Array.isArray(value) && value.length === 0)));
}
