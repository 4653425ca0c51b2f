/**
 * Which of two path patterns is the stronger, for the server that decides by it and for who reads policies: the one whose
 * first wildcard comes later, that has no "*" at the end, that has fewer "+", that is longer, that is the
 * lexicographically larger. Source: Vault, "Policies" page, section "Priority matching".
 */

export function hasWildcard(path: string): boolean {
  return path.endsWith("*") || hasPlus(path);
}

export function hasPlus(path: string): boolean {
  return path.includes("+") && path.split("/").includes("+");
}

/** The order of two different patterns with wildcards: positive when `a` is the stronger. */
export function comparePatterns(a: string, b: string): number {
  return (
    firstWildcard(a) - firstWildcard(b) ||
    Number(b.endsWith("*")) - Number(a.endsWith("*")) ||
    countPlus(b) - countPlus(a) ||
    a.length - b.length ||
    (a > b ? 1 : -1)
  );
}

function firstWildcard(path: string): number {
  let at = 0;
  for (const segment of path.split("/")) {
    if (segment === "+") return at;
    at += segment.length + 1;
  }
  return path.endsWith("*") ? path.length - 1 : path.length;
}

function countPlus(path: string): number {
  return path.split("/").filter((segment) => segment === "+").length;
}
