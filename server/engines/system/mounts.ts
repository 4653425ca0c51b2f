/** sys/mounts and sys/auth: the same routes, for secrets engines and for auth methods. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, type Mount, type Route, route } from "../../contract/engine.ts";
import { NO_TUNE } from "../../contract/mounts.ts";
import { mountInfo, shownPath, tuneInfo } from "./mount-info.ts";
import { withSlash } from "./paths.ts";
import type { SystemPorts } from "./ports.ts";
import { readConfig, readTune, tuneFields } from "./tune.ts";

type Ports = Pick<SystemPorts, "mounts" | "runningVersion">;
type Kind = Mount["kind"];

const PATH = { type: "string", about: "Where it is mounted", required: true } as const;

const enableFields = {
  path: PATH,
  type: { type: "string", about: 'What to mount: "kv", "aws", …' },
  description: { type: "string", about: "For people" },
  config: { type: "map", about: "The members of …/tune" },
  options: { type: "texts", about: 'Options of this type: version = "2" for kv' },
  local: { type: "bool", about: "Kept and shown: there is no replication" },
  seal_wrap: { type: "bool", about: "Kept and shown: everything is encrypted alike" },
  external_entropy_access: { type: "bool", about: "Kept and shown" },
  plugin_name: { type: "string", about: "As `type`, for clients of the older form", deprecated: true },
  plugin_version: { type: "string", about: "Without meaning here: there are no plugins" },
} as const satisfies Fields;

/** "mounts" needs no sudo, "auth" does, as in Vault. */
export function mountRoutes(ports: Ports, kind: Kind): readonly Route[] {
  return [listRoute(ports, kind), tuneRoute(ports, kind), mountRoute(ports, kind)];
}

const rootOf = (kind: Kind): string => (kind === "auth" ? "auth" : "mounts");
const nounOf = (kind: Kind): string => (kind === "auth" ? "auth method" : "secrets engine");
const fullPath = (kind: Kind, path: string): string => withSlash(kind === "auth" ? `auth/${path}` : path);

function listRoute({ mounts, runningVersion }: Ports, kind: Kind): Route {
  return route({
    path: rootOf(kind),
    about: `The ${nounOf(kind)}s`,
    fields: {},
    on: {
      read: {
        about: `Lists the ${nounOf(kind)}s`,
        run: () => {
          const shown = mounts.list(kind).map((mount) => [shownPath(mount), mountInfo(mount, runningVersion)] as const);
          return Promise.resolve({ data: new Map(shown), alsoBare: true });
        },
      },
    },
  });
}

function mountRoute({ mounts, runningVersion }: Ports, kind: Kind): Route {
  return route({
    path: `${rootOf(kind)}/*path`,
    about: `One ${nounOf(kind)}`,
    fields: enableFields,
    sudo: kind === "auth",
    on: {
      read: {
        about: "Reads its configuration",
        run: ({ path }) => {
          const mount = at(mounts, fullPath(kind, path));
          return Promise.resolve({ data: mountInfo(mount, runningVersion), alsoBare: true });
        },
      },
      update: {
        about: "Enables it",
        run: async ({ path, type, plugin_name, description, options, config, ...flags }) => {
          const named = type === "plugin" || type === undefined || type === "" ? plugin_name : type;
          if (named === undefined || named === "")
            throw new Fault("invalid", 'missing field "type": what to mount, such as "kv"');
          const tune = { ...NO_TUNE, ...readConfig(config, { kind, type: named }) };
          const where = { path: fullPath(kind, path), kind };
          await mounts.enable({
            ...where,
            type: named,
            description: description ?? "",
            options: options ?? new Map(),
            tune,
            flags: {
              local: flags.local === true,
              sealWrap: flags.seal_wrap === true,
              externalEntropyAccess: flags.external_entropy_access === true,
            },
          });
          return undefined;
        },
      },
      delete: {
        about: "Disables it: its tokens are revoked, its data is deleted",
        run: async ({ path }) => {
          const full = fullPath(kind, path);
          const mount = mounts.list(kind).find((m) => m.path === full);
          if (mount !== undefined) await mounts.disable(full);
          return undefined;
        },
      },
    },
  });
}

function tuneRoute({ mounts }: Ports, kind: Kind): Route {
  return route({
    path: `${rootOf(kind)}/*path/tune`,
    about: `How one ${nounOf(kind)} is tuned`,
    fields: {
      ...tuneFields,
      path: PATH,
      description: { type: "string", about: "For people" },
      options: { type: "texts", about: "Options of this type" },
    },
    sudo: kind === "auth",
    on: {
      read: {
        about: "Reads what is in force",
        run: ({ path }) => Promise.resolve({ data: tuneInfo(at(mounts, fullPath(kind, path))), alsoBare: true }),
      },
      update: {
        about: "Changes what is given, leaves the rest",
        run: async ({ path, description, options, ...given }) => {
          const mount = at(mounts, fullPath(kind, path));
          const warnings = await mounts.tune(mount.path, {
            ...readTune(given, mount),
            ...(description !== undefined && { description }),
            ...(options !== undefined && { options }),
          });
          return { warnings };
        },
      },
    },
  });
}

/** Auth methods are found below sys/mounts/auth/… too, as in Vault. */
function at(mounts: Ports["mounts"], path: string): Mount {
  const mount = mounts.find(path);
  if (mount?.path !== path) throw new Fault("invalid", `no mount at "${path}"`);
  return mount;
}
