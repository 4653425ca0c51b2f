/** sys/internal/specs/openapi: the document of the mounts that the caller may know of. Source: Vault's API page of this name. */
import { type Context, type Handler, type Mount, type Route, route } from "../../contract/engine.ts";
import { effectiveAcl } from "./effective.ts";
import { openApiOf } from "./openapi.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";

type Ports = Pick<MorePorts, "tables" | "identity"> & Pick<SystemPorts, "policies" | "version">;

const fields = {
  context: { type: "string", about: "Without meaning here: nothing in the document depends on it" },
  generic_mount_paths: { type: "bool", about: "Mount paths as parameters instead of as they are" },
} as const;

export function specsRoute(ports: Ports): Route {
  const handler: Handler<typeof fields> = {
    about: "Makes the document",
    run: async ({ generic_mount_paths }, context) => {
      const sees = await sight(ports, context);
      const tables = ports.tables.all().filter(({ mount }) => sees(mount));
      return { bare: openApiOf(tables, { version: ports.version, generic: generic_mount_paths ?? false }) };
    },
  };
  return route({
    path: "internal/specs/openapi",
    about: "The API as an OpenAPI 3 document",
    fields,
    unauthenticated: true,
    on: { read: handler, update: handler },
  });
}

/** As sys/internal/ui/mounts: what the token may reach, and mounts that are shown to all. */
async function sight(ports: Ports, { token }: Context): Promise<(mount: Mount) => boolean> {
  const acl = token === undefined ? undefined : await effectiveAcl(ports, token);
  return ({ path, tune }) => tune.listingVisibility === "unauth" || acl?.grantsBelow(path) === true;
}
