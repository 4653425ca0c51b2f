/**
 * Which of two path patterns is the stronger, and whether one matches all that the other does: as `server/policy` orders
 * them, for people's eyes. Source: Vault, "Policies" page, section "Priority matching".
 */

export function isWild(path: string): boolean {
  return path.endsWith("*") || path.split("/").includes("+");
}

/** Both have a "+" segment or a "*" at the end. */
export function isStronger(a: string, b: string): boolean {
  const order =
    firstWildcard(a) - firstWildcard(b) ||
    Number(b.endsWith("*")) - Number(a.endsWith("*")) ||
    countPlus(b) - countPlus(a) ||
    a.length - b.length;
  return order === 0 ? a > b : order > 0;
}

function firstWildcard(path: string): number {
  let at = 0;
  for (const segment of path.split("/")) {
    if (segment === "+") return at;
    at += segment.length + 1;
  }
  return path.endsWith("*") ? path.length - 1 : path.length;
}

const countPlus = (path: string): number => path.split("/").filter((segment) => segment === "+").length;

/** Whether everything that `inner` matches is matched by `outer` too; false also where that is not clear. */
export function covers(outer: string, inner: string): boolean {
  const open = outer.endsWith("*");
  const wanted = (open ? outer.slice(0, -1) : outer).split("/");
  const endless = inner.endsWith("*");
  const given = (endless ? inner.slice(0, -1) : inner).split("/");
  if (endless && !open) return false;
  if (given.length < wanted.length || (!open && given.length > wanted.length)) return false;
  return wanted.every((part, i) => {
    const other = given[i] ?? "";
    const last = i === given.length - 1 && endless;
    if (open && i === wanted.length - 1) return other !== "+" ? other.startsWith(part) : part === "";
    return part === "+" ? !last : part === other && !last;
  });
}
