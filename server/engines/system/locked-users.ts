/** sys/locked-users: who is locked out, and a way back in. Source: Vault's API page "/sys/locked-users". */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "mounts" | "lockedUsers">;

export function lockedUserRoutes(ports: Ports): readonly Route[] {
  return [listRoute(ports), unlockRoute(ports)];
}

function listRoute({ mounts, lockedUsers }: Ports): Route {
  return route({
    path: "locked-users",
    about: "The names that are locked out",
    fields: { mount_accessor: { type: "string", about: "Of one auth mount; without it all of them" } },
    on: {
      read: {
        about: "Lists them by mount, the mount with the most first",
        run: ({ mount_accessor: wanted }) => {
          if (wanted !== undefined && wanted !== "") mustBeMount(mounts, wanted);
          const shown = [...lockedUsers.locked()]
            .filter(([accessor]) => wanted === undefined || wanted === "" || accessor === wanted)
            .map(([mount_accessor, names]) => ({ mount_accessor, counts: names.length, alias_identifiers: names }))
            .sort((a, b) => b.counts - a.counts);
          const total = shown.reduce((sum, { counts }) => sum + counts, 0);
          const namespace = { namespace_id: "root", namespace_path: "", counts: total, mount_accessors: shown };
          return Promise.resolve({ data: { by_namespace: total === 0 ? [] : [namespace], total } });
        },
      },
    },
  });
}

function unlockRoute({ mounts, lockedUsers }: Ports): Route {
  return route({
    path: "locked-users/:mount_accessor/unlock/*alias_identifier",
    about: "One locked name",
    fields: {
      mount_accessor: { type: "string", about: "Of the auth mount", required: true },
      alias_identifier: { type: "string", about: "The user name, or the role id", required: true },
    },
    on: {
      update: {
        about: "Unlocks it; no error when it is not locked",
        run: async ({ mount_accessor, alias_identifier }) => {
          mustBeMount(mounts, mount_accessor);
          if (alias_identifier === "") throw new Fault("invalid", "missing alias_identifier: name the user to unlock");
          await lockedUsers.unlock(mount_accessor, alias_identifier);
          return undefined;
        },
      },
    },
  });
}

function mustBeMount(mounts: Mounts, accessor: string): void {
  if (mounts.list("auth").some((mount) => mount.accessor === accessor)) return;
  throw new Fault("invalid", `invalid mount accessor ${JSON.stringify(accessor)}: sys/auth shows those there are`);
}
