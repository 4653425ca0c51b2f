/** Paths as people type them: a leading slash and one trailing slash are forgiven, as in `vault`. */
import { CommandError } from "../io.ts";

/** @throws CommandError 1 when nothing is left */
export function cleanPath(path: string): string {
  const clean = path.trim().replace(/^\/+/, "").replace(/\/+$/, "");
  if (clean === "") throw new CommandError(1, "the path is empty");
  return clean;
}

/** A mount's name with exactly one slash at its end. */
export function mountPath(path: string): string {
  return `${cleanPath(path)}/`;
}
