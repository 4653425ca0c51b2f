/** Paths of mounts and devices as clients write them: with or without the slash at the end. */

export function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
