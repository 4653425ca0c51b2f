/** sys/audit and sys/audit-hash. Source: Vault's API pages of these names. */
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import type { AuditDeviceInfo } from "../../contract/audit.ts";
import { type Route, route } from "../../contract/engine.ts";
import { withSlash } from "./paths.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "audit">;

export function auditRoutes(ports: Ports): readonly Route[] {
  return [devicesRoute(ports), deviceRoute(ports), hashRoute(ports)];
}

function devicesRoute({ audit }: Ports): Route {
  return route({
    path: "audit",
    about: "The audit devices",
    fields: {},
    sudo: true,
    on: {
      read: {
        about: "Lists the audit devices",
        run: () =>
          Promise.resolve({ data: new Map(audit.list().map((info) => [info.path, show(info)])), alsoBare: true }),
      },
    },
  });
}

function show({ path, type, description, options }: AuditDeviceInfo): EncodableRecord {
  return { type, description, options, local: false, path };
}

function deviceRoute({ audit }: Ports): Route {
  return route({
    path: "audit/*path",
    about: "One audit device",
    fields: {
      path: { type: "string", about: "The device's name", required: true },
      type: { type: "string", about: 'The kind of device: "file"', required: true },
      description: { type: "string", about: "For people" },
      options: { type: "texts", about: "The device's own options: file_path, mode, …" },
      local: { type: "bool", about: "Without meaning here: there is no replication" },
    },
    sudo: true,
    on: {
      update: {
        about: "Enables the device",
        run: async ({ path, type, description, options }) => {
          const name = withSlash(path);
          await audit.enable({ path: name, type, description: description ?? "", options: options ?? new Map() });
          return undefined;
        },
      },
      delete: {
        about: "Disables the device",
        run: async ({ path }) => {
          await audit.disable(withSlash(path));
          return undefined;
        },
      },
    },
  });
}

function hashRoute({ audit }: Ports): Route {
  return route({
    path: "audit-hash/*path",
    about: "A value as a device writes it",
    fields: {
      path: { type: "string", about: "The device's name", required: true },
      input: { type: "string", about: "The value to hash", required: true, sensitive: true },
    },
    on: {
      update: {
        about: "Hashes the value with the device's salt",
        run: async ({ path, input }) => ({ data: { hash: await audit.hash(withSlash(path), input) }, alsoBare: true }),
      },
    },
  });
}
