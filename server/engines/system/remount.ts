/** sys/remount: a mount moves to another path with its data; what was handed out under the old one ends. Source: Vault's API page "/sys/remount". */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import { withSlash } from "./paths.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "mounts">;

export function remountRoutes({ mounts }: Ports): readonly Route[] {
  return [
    route({
      path: "remount",
      about: "Moves of mounts",
      fields: {
        from: { type: "string", about: 'The mount as it is, such as "secret" or "auth/approle"' },
        to: { type: "string", about: "Where it is to be" },
      },
      sudo: true,
      on: {
        update: {
          about: "Begins to move a mount; its leases and tokens are revoked",
          run: ({ from = "", to = "" }) => {
            if (from === "" || to === "") {
              return Promise.reject(new Fault("invalid", "both 'from' and 'to' path must be specified as a string"));
            }
            const migration_id = mounts.remount(withSlash(from), withSlash(to));
            return Promise.resolve({ data: { migration_id }, alsoBare: true });
          },
        },
      },
    }),
    route({
      path: "remount/status/:migration_id",
      about: "How a move has gone",
      fields: { migration_id: { type: "string", about: "As sys/remount answered it", required: true } },
      on: {
        read: {
          about: "Reads whether it is done",
          run: ({ migration_id }) => {
            const found = mounts.migration(migration_id);
            if (found === undefined) {
              return Promise.reject(new Fault("not-found", "migration with the given ID not found", { errors: [] }));
            }
            const { from, to, status } = found;
            const migration_info = { source_mount: from, target_mount: to, status };
            return Promise.resolve({ data: { migration_id, migration_info }, alsoBare: true });
          },
        },
      },
    }),
  ];
}
