/** Which rule decides, as Vault's page "Policies" writes it down: as slowly and plainly as possible. */

/** The order as it is written down, as slowly and plainly as possible. */
export function decidingRule(rules: readonly string[], path: string, list: boolean): string | undefined {
  const bare = list && path.endsWith("/") ? path.slice(0, -1) : undefined;
  const exact = rules.filter((rule) => !rule.endsWith("*") && !rule.split("/").includes("+"));
  if (exact.includes(path)) return path;
  if (bare !== undefined && exact.includes(bare)) return bare;
  const wild = (wanted: string): string | undefined =>
    rules.filter((rule) => !exact.includes(rule) && matches(rule, wanted)).sort(strongestFirst)[0];
  return wild(path) ?? (bare === undefined ? undefined : wild(bare));
}

function matches(rule: string, path: string): boolean {
  const open = rule.endsWith("*");
  const parts = (open ? rule.slice(0, -1) : rule).split("/");
  const source = parts.map((part) => (part === "+" ? "[^/]*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("/");
  return new RegExp(`^${source}${open ? ".*" : ""}$`, "su").test(path);
}

function strongestFirst(a: string, b: string): number {
  const first = (rule: string): number => {
    const at = rule.split("/").indexOf("+");
    if (at === -1) return rule.length - 1;
    return rule.split("/").slice(0, at).join("/").length + (at === 0 ? 0 : 1);
  };
  const plus = (rule: string): number => rule.split("/").filter((part) => part === "+").length;
  if (first(a) !== first(b)) return first(b) - first(a);
  if (a.endsWith("*") !== b.endsWith("*")) return a.endsWith("*") ? 1 : -1;
  if (plus(a) !== plus(b)) return plus(a) - plus(b);
  if (a.length !== b.length) return b.length - a.length;
  return a > b ? -1 : 1;
}
