/** sys/plugins: a read-only list of what is built in; nothing can be added. Source: Vault's API page "/sys/plugins/catalog". */
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Fields, type Handler, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";

type Ports = Pick<MorePorts, "kinds"> & Pick<SystemPorts, "runningVersion">;

interface Builtin {
  readonly name: string;
  readonly type: "auth" | "secret";
}

const NAME = { type: "string", about: "The plugin's name", required: true } as const;
const TYPE = { type: "string", about: '"auth", "secret" or "database"', required: true } as const;
const registerFields = {
  sha256: { type: "string", about: "Not served" },
  command: { type: "string", about: "Not served" },
  args: { type: "strings", about: "Not served" },
  env: { type: "strings", about: "Not served" },
  version: { type: "string", about: "Not served" },
  oci_image: { type: "string", about: "Not served" },
} as const satisfies Fields;

export function pluginRoutes(ports: Ports, random: Random): readonly Route[] {
  return [catalog(ports), byType(ports), byName(ports), reload(ports, random), runtimes(), runtime()];
}

function builtins({ kinds }: Ports): readonly Builtin[] {
  const all = kinds()
    .filter(({ type }) => type !== "system" && type !== "token" && type !== "cubbyhole" && type !== "identity")
    .map(({ type, kind }): Builtin => ({ name: type.replace(/-v\d+$/, ""), type: kind }));
  const byName = new Map(all.map((one) => [`${one.type}/${one.name}`, one]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function namesOf(ports: Ports, type: string): readonly string[] {
  return builtins(ports)
    .filter((one) => one.type === type)
    .map(({ name }) => name);
}

function catalog(ports: Ports): Route {
  return route({
    path: "plugins/catalog",
    about: "What is built in",
    fields: {},
    on: {
      read: {
        about: "Lists all of it",
        run: () => {
          const detailed = builtins(ports).map(({ name, type }) => ({
            builtin: true,
            deprecation_status: "supported",
            name,
            type,
            version: ports.runningVersion,
          }));
          const data = { auth: namesOf(ports, "auth"), database: [], secret: namesOf(ports, "secret"), detailed };
          return Promise.resolve({ data });
        },
      },
    },
  });
}

const refuse = (): Promise<never> =>
  Promise.reject(new Fault("invalid", "plugin directory is not configured: what is built in is all there is"));

/** The older form "catalog/:name" shares its pattern with a LIST of one type. */
function byType(ports: Ports): Route {
  return route({
    path: "plugins/catalog/:name",
    about: "What is built in, of one type; or one plugin, in the older form",
    fields: { ...registerFields, name: NAME, type: { type: "string", about: "Not served" } },
    sudo: true,
    on: {
      list: {
        about: "Lists those of one type",
        run: ({ name }) => {
          if (name !== "database" && name !== "auth" && name !== "secret") {
            throw new Fault("invalid", 'unknown plugin type: there are "auth", "secret" and "database"');
          }
          return Promise.resolve({ data: { keys: namesOf(ports, name) } });
        },
      },
      read: { about: "Reads one", run: ({ name }) => Promise.resolve(shown(ports, name)) },
      update: { about: "Refuses", run: refuse },
      delete: { about: "Refuses", run: refuse },
    },
  });
}

function byName(ports: Ports): Route {
  return route({
    path: "plugins/catalog/:type/:name",
    about: "One plugin",
    fields: { ...registerFields, name: NAME, type: TYPE },
    sudo: true,
    on: {
      read: { about: "Reads it", run: ({ type, name }) => Promise.resolve(shown(ports, name, type)) },
      update: { about: "Refuses", run: refuse },
      delete: { about: "Refuses", run: refuse },
    },
  });
}

function shown(ports: Ports, name: string, type?: string): { readonly data: EncodableRecord } {
  const found = builtins(ports).find((one) => one.name === name && (type === undefined || one.type === type));
  if (found === undefined) throw nothingHere();
  const data = {
    args: [],
    builtin: true,
    command: "",
    deprecation_status: "supported",
    name,
    sha256: "",
    version: ports.runningVersion,
  };
  return { data };
}

const reloadFields = {
  plugin: { type: "string", about: "Its name" },
  mounts: { type: "strings", about: "Paths of mounts" },
  scope: { type: "string", about: '"global", without meaning here' },
} as const satisfies Fields;

/** Nothing runs outside this process: there is nothing to start anew. */
function reload(ports: Ports, random: Random): Route {
  return route({
    path: "plugins/reload/backend",
    about: "Starts a plugin anew, which none here needs",
    fields: reloadFields,
    on: {
      update: {
        about: "Checks the names and does nothing",
        run: ({ plugin, mounts }) => {
          const [named, listed] = [plugin ?? "", mounts ?? []];
          if (named === "" && listed.length === 0) throw new Fault("invalid", "plugin or mounts must be provided");
          if (named !== "" && listed.length > 0)
            throw new Fault("invalid", "plugin and mounts cannot be set at the same time");
          if (named !== "" && !builtins(ports).some(({ name }) => name === named)) {
            throw new Fault("invalid", "no plugin of this name: see sys/plugins/catalog");
          }
          return Promise.resolve({ data: { reload_id: random.uuid() } });
        },
      } satisfies Handler<typeof reloadFields>,
    },
  });
}

function runtimes(): Route {
  return route({
    path: "plugins/runtimes/catalog",
    about: "Container runtimes for plugins, of which there are none",
    fields: { type: { type: "string", about: "Without meaning here" } },
    sudo: true,
    on: { list: { about: "Lists them", run: () => Promise.resolve({ data: { runtimes: [] } }) } },
  });
}

function runtime(): Route {
  return route({
    path: "plugins/runtimes/catalog/:type/:name",
    about: "One container runtime for plugins, of which there are none",
    fields: {
      type: TYPE,
      name: NAME,
      oci_runtime: { type: "string", about: "Not served" },
      cgroup_parent: { type: "string", about: "Not served" },
      cpu_nanos: { type: "int", about: "Not served" },
      memory_bytes: { type: "int", about: "Not served" },
    },
    sudo: true,
    on: {
      read: { about: "Reads it", run: () => Promise.reject(nothingHere()) },
      update: { about: "Refuses", run: refuse },
      delete: { about: "Refuses", run: refuse },
    },
  });
}
