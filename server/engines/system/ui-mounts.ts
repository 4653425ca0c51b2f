/**
 * sys/internal/ui/mounts: which mounts a client may know of. Every KV client asks it before it reads ("is this version
 * 2?"). Source: Vault's API page "/sys/internal/ui/mounts".
 */
import { Fault } from "../../../lib/fault.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Context, type Mount, type Route, route } from "../../contract/engine.ts";
import type { Acl } from "../../contract/policy.ts";
import { effectiveAcl } from "./effective.ts";
import { mountInfo, optionsOf, shownPath } from "./mount-info.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "mounts" | "policies" | "identity" | "runningVersion">;

export function uiMountRoutes(ports: Ports): readonly Route[] {
  return [listRoute(ports), oneRoute(ports)];
}

function listRoute(ports: Ports): Route {
  return route({
    path: "internal/ui/mounts",
    about: "The mounts a client may know of",
    fields: {},
    unauthenticated: true,
    on: {
      read: {
        about: "Lists the mounts that are open to all, and those the calling token may reach",
        run: async (_values, context) => {
          const acl = await aclOf(ports, context);
          return { data: { auth: visible(ports, "auth", acl), secret: visible(ports, "secret", acl) } };
        },
      },
    },
  });
}

function oneRoute(ports: Ports): Route {
  return route({
    path: "internal/ui/mounts/*path",
    about: "The mount that serves a path",
    fields: { path: { type: "string", about: "Any path below the mount", required: true } },
    unauthenticated: true,
    on: {
      read: {
        about: "Reads the mount, if the calling token may reach anything in it",
        run: async ({ path }, context) => {
          const acl = await aclOf(ports, context);
          if (acl === undefined) throw new Fault("denied", "permission denied");
          const mount = ports.mounts.find(path);
          if (mount === undefined || !acl.grantsBelow(mount.path)) throw preflight(path);
          return { data: { ...mountInfo(mount, ports.runningVersion), path: mount.path } };
        },
      },
    },
  });
}

async function aclOf(ports: Ports, { token }: Context): Promise<Acl | undefined> {
  return token === undefined ? undefined : effectiveAcl(ports, token);
}

/** Worded as Vault words it: the CLI shows it to people. Also for a mount that is not there, which a client must not learn. */
function preflight(path: string): Fault {
  const shown = path.replace(/\/+$/, "");
  return new Fault(
    "denied",
    `preflight capability check returned 403, please ensure client's policies grant access to path "${shown}/"`,
  );
}

function visible(ports: Ports, kind: Mount["kind"], acl: Acl | undefined): ReadonlyMap<string, EncodableRecord> {
  const out = new Map<string, EncodableRecord>();
  for (const mount of ports.mounts.list(kind)) {
    const reached = acl?.grantsBelow(mount.path) === true;
    if (!reached && mount.tune.listingVisibility !== "unauth") continue;
    const { type, description } = mount;
    const short = { description, options: optionsOf(mount), type };
    out.set(shownPath(mount), acl === undefined ? short : mountInfo(mount, ports.runningVersion));
  }
  return out;
}
