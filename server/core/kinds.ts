/** From the type a client names ("kv", "kv-v2", "aws") to the engine that serves it. */
import { Fault } from "../../lib/fault.ts";
import type { EngineKind } from "../contract/engine.ts";
import type { MountRecord } from "./table.ts";

/** All that can be mounted, with those of sys/ and auth/token/. Versions of one engine are kinds named "kv-v1", "kv-v2". */
export type Kinds = readonly EngineKind[];

export interface Resolved {
  readonly kind: EngineKind;
  /** As the mount shows it: "kv" for "kv-v2". */
  readonly type: string;
  readonly options: ReadonlyMap<string, string>;
}

/** @throws Fault "invalid" for a type or version that nothing serves */
export function resolveKind(kinds: Kinds, wanted: Pick<MountRecord, "type" | "options" | "kind">): Resolved {
  const version = /^(.+)-v(\d+)$/.exec(wanted.type);
  const type = version?.[1] ?? wanted.type;
  const options = version === null ? wanted.options : new Map([...wanted.options, ["version", version[2] ?? ""]]);
  const of = (name: string): EngineKind | undefined => kinds.find((k) => k.type === name && k.kind === wanted.kind);
  const kind = of(`${type}-v${options.get("version") ?? "1"}`) ?? of(type);
  if (kind === undefined)
    throw new Fault("invalid", `no ${noun(wanted.kind)} of type "${wanted.type}" is known${hint(kinds, wanted.kind)}`);
  return { kind, type, options };
}

function noun(kind: MountRecord["kind"]): string {
  return kind === "auth" ? "auth method" : "secrets engine";
}

function hint(kinds: Kinds, kind: MountRecord["kind"]): string {
  const names = kinds.filter((k) => k.kind === kind && k.type !== "system" && k.type !== "token").map((k) => k.type);
  return names.length === 0 ? "" : `: there are ${names.sort().join(", ")}`;
}
