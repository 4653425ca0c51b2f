/** What a mount may be: free and sensible paths, TTLs in order. Source: Vault's API page "/sys/mounts". */
import { formatDuration } from "../../lib/duration.ts";
import { Fault } from "../../lib/fault.ts";
import type { Mount } from "../contract/engine.ts";
import type { MountRecord } from "./table.ts";

/** A mount that is there always: never disabled, never moved. */
export interface Pinned {
  readonly path: string;
  readonly kind: Mount["kind"];
  readonly type: string;
  readonly description: string;
  /** Whether …/tune may change it. */
  readonly tunable: boolean;
}

/** Made at init; at an unseal of an older store those that are missing. A type that no kind serves is left out. */
export const PINNED: readonly Pinned[] = [
  {
    path: "sys/",
    kind: "secret",
    type: "system",
    description: "system endpoints used for control, policy and debugging",
    tunable: false,
  },
  { path: "auth/token/", kind: "auth", type: "token", description: "token based credentials", tunable: true },
  {
    path: "cubbyhole/",
    kind: "secret",
    type: "cubbyhole",
    description: "per-token private secret storage",
    tunable: false,
  },
  { path: "identity/", kind: "secret", type: "identity", description: "identity store", tunable: true },
];

export function pinnedAt(path: string): Pinned | undefined {
  return PINNED.find((one) => one.path === path);
}

/** First segments that no secrets engine may take. */
const RESERVED: ReadonlySet<string> = new Set(["auth", "sys", "cubbyhole", "identity", "audit"]);
/** Bytes: leaves room for the mount's own keys in the 1,000 that storage takes. */
const LONGEST = 256;

/** @throws Fault "invalid" */
export function checkPath({ path, kind }: Pick<MountRecord, "path" | "kind">): void {
  if (kind === "secret" && RESERVED.has(path.split("/", 1)[0] ?? ""))
    throw new Fault("invalid", `cannot mount "${path}": it is reserved`);
  const below = kind === "auth" ? path.slice("auth/".length) : path;
  if (!path.endsWith("/") || (kind === "auth") !== path.startsWith("auth/")) throw bad(path, "has no such form");
  const segments = below.slice(0, -1).split("/");
  if (segments.some((segment) => !/^[!-~](?:[ -~]*[!-~])?$/.test(segment) || segment === "." || segment === "..")) {
    throw bad(path, "has an empty segment, a dot segment or a character that is not printable ASCII");
  }
  if (/[*+\\?#%]/.test(below))
    throw bad(path, "has one of the characters * + \\ ? # %, which mean something in paths and policies");
  if (Buffer.byteLength(path) > LONGEST) throw bad(path.slice(0, 32), `is longer than ${String(LONGEST)} bytes`);
}

function bad(path: string, why: string): Fault {
  return new Fault("invalid", `mount path ${JSON.stringify(path)} ${why}`);
}

/** @throws Fault "invalid" when `path` is that of a mount, above one or below one */
export function checkFree(path: string, records: readonly MountRecord[]): void {
  const taken = records.find((record) => record.path.startsWith(path) || path.startsWith(record.path));
  if (taken === undefined) return;
  throw new Fault(
    "invalid",
    `path is already in use at ${taken.path}${taken.leaving ? " (which is being disabled)" : ""}`,
  );
}

/** @throws Fault "invalid" when the default TTL that was set is above the greatest */
export function checkTtls({ tune, maxTtl }: Mount): void {
  if (tune.defaultLeaseTtl <= maxTtl) return;
  const [given, max] = [formatDuration(tune.defaultLeaseTtl), formatDuration(maxTtl)];
  throw new Fault(
    "invalid",
    `default_lease_ttl ${given} is above the effective max_lease_ttl ${max}: lower it, or raise max_lease_ttl`,
  );
}
