/** Whether one path pattern matches all that another does. Source: Vault, "Policies" page, section "Priority matching". */

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
