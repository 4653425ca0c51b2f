/** What a tune makes of a mount, and whether that is another version of its engine. Source: Vault's API page "/sys/mounts", "KV secrets engine, upgrading". */
import { Fault } from "../../lib/fault.ts";
import { type Engine, type Route, route } from "../contract/engine.ts";
import { type MountChange, upgrading } from "../contract/mounts.ts";
import { type Kinds, resolveKind } from "./kinds.ts";
import type { MountRecord } from "./table.ts";

const NO_LOCKOUT = { threshold: 0, duration: 0, counterReset: 0, disabled: false };

export const UPGRADE_WARNING =
  "Upgrading mount from version 1 to version 2. This mount will be unavailable for a brief period and will resume service shortly.";

export function changed(record: MountRecord, { description, options, userLockout, ...tune }: MountChange): MountRecord {
  const lockout = userLockout && { ...(record.tune.userLockout ?? NO_LOCKOUT), ...userLockout };
  return {
    ...record,
    description: description ?? record.description,
    options: options === undefined ? record.options : new Map([...record.options, ...options]),
    tune: { ...record.tune, ...tune, userLockout: lockout ?? record.tune.userLockout },
  };
}

/** @returns whether `after` is a later version. @throws Fault "invalid" for an earlier one, or one that nothing serves */
export function upgradeOf(kinds: Kinds, before: MountRecord, after: MountRecord): boolean {
  const [from, to] = [before, after].map(({ options }) => options.get("version") ?? "1");
  if (from === to) return false;
  const old = resolveKind(kinds, before).kind;
  const { kind } = resolveKind(kinds, after);
  if (kind === old) return false;
  if (kind.upgradesFrom?.includes(old.type) === true) return true;
  throw new Fault("invalid", `cannot downgrade mount from version ${String(from)}`);
}

const refuse = { about: "Refused: the mount is being upgraded", run: () => Promise.reject(upgrading()) };

/** Stands in while the requests to the earlier version end. */
export const upgradingEngine: Engine = {
  routes: [
    route({
      path: "*path",
      about: "A mount that is being upgraded",
      fields: { path: { type: "string", about: "Any path below the mount" } },
      openBody: true,
      on: { read: refuse, list: refuse, update: refuse, patch: refuse, delete: refuse },
    }),
  ] satisfies readonly Route[],
};
