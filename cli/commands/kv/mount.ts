/**
 * Which mount serves a KV path, and which version it is. Every KV client asks this first.
 * Source: Vault API, /sys/internal/ui/mounts/:path.
 */
import { type Context, member, text } from "../../context.ts";
import { cleanPath, mountPath } from "../../input/path.ts";
import { CommandError } from "../../io.ts";
import { type Flags, flagText } from "../register.ts";

export interface KvPath {
  /** With its trailing slash: "secret/". */
  readonly mount: string;
  /** Below the mount: "app/db"; "" for the mount itself. */
  readonly below: string;
  readonly version: 1 | 2;
}

/** @throws ApiError when the token may see nothing there */
export async function kvMountOf(
  context: Context,
  path: string,
): Promise<{ path: string; version: 1 | 2; type: string }> {
  const reply = await context.api({ method: "GET", path: `sys/internal/ui/mounts/${path}`, ahead: true });
  const data = member(reply.body, "data");
  const version = text(member(data, "options"), "version") === "2" ? 2 : 1;
  return { path: text(data, "path"), version, type: text(data, "type") };
}

/** "-mount=secret app/db" or "secret/app/db". */
export async function kvPath(context: Context, path: string, flags: Flags): Promise<KvPath> {
  const mount = flagText(flags, "mount");
  const whole =
    mount === undefined ? cleanPath(path) : `${mountPath(mount)}${path.replace(/^\/+/, "").replace(/\/+$/, "")}`;
  const found = await kvMountOf(context, whole);
  return { mount: found.path, below: `${whole}/`.slice(found.path.length).replace(/\/+$/, ""), version: found.version };
}

/** The API path of `kind` ("data", "metadata", …): version 1 has none in between. */
export function apiPath(at: KvPath, kind: string): string {
  return at.version === 2 ? `${at.mount}${kind}/${at.below}` : `${at.mount}${at.below}`;
}

/** @throws CommandError 1 in Vault's words when the mount is no version 2 */
export function needVersion2(at: KvPath, command: string): void {
  if (at.version !== 2)
    throw new CommandError(1, `${command} is not supported on KV version 1: ${at.mount} keeps no versions`);
}
