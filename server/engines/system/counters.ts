/**
 * sys/internal/counters: tokens and entities are counted, clients are not (Vault bills by them). Source: Vault's API page
 * "/sys/internal/counters".
 */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, type Route, route } from "../../contract/engine.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "tokens"> & Pick<MorePorts, "entities">;

export function counterRoutes(ports: Ports): readonly Route[] {
  return [
    counted("tokens", "service_tokens", "Live service tokens", async () =>
      [...(await ports.tokens.count()).values()].reduce((sum, one) => sum + one, 0),
    ),
    counted("entities", "entities", "Entities", () => ports.entities()),
    route({
      path: "internal/counters/requests",
      about: "Requests by month, which nobody counts any more",
      fields: {},
      on: { read: { about: "Reads an empty list", run: () => Promise.resolve({ data: { counters: [] } }) } },
    }),
    ...["activity", "activity/monthly", "activity/export"].map(activity),
    configRoute(),
  ];
}

function counted(path: string, name: string, about: string, count: () => Promise<number>): Route {
  return route({
    path: `internal/counters/${path}`,
    about,
    fields: {},
    on: {
      read: {
        about: "Counts them",
        run: async () => ({ data: { counters: new Map([[name, { total: await count() }]]) } }),
      },
    },
  });
}

const periodFields = {
  start_time: { type: "string", about: "Without meaning here" },
  end_time: { type: "string", about: "Without meaning here" },
  limit_namespaces: { type: "int", about: "Without meaning here" },
  current_billing_period: { type: "bool", about: "Without meaning here" },
  format: { type: "string", about: "Without meaning here" },
} as const satisfies Fields;

/** As Vault answers while nothing has been counted: 204. */
function activity(path: string): Route {
  return route({
    path: `internal/counters/${path}`,
    about: "Clients by month, which are not counted here",
    fields: periodFields,
    on: { read: { about: "Reads nothing", run: () => Promise.resolve(undefined) } },
  });
}

function configRoute(): Route {
  return route({
    path: "internal/counters/config",
    about: "How clients are counted: not at all",
    fields: {
      enabled: { type: "string", about: '"disable" or "default"' },
      default_report_months: { type: "int", about: "Without meaning here" },
      retention_months: { type: "int", about: "Without meaning here" },
    },
    on: {
      read: {
        about: "Reads the settings",
        run: () =>
          Promise.resolve({
            data: {
              billing_start_timestamp: null,
              default_report_months: 12,
              enabled: "default-disable",
              minimum_retention_months: 0,
              queries_available: false,
              reporting_enabled: false,
              retention_months: 24,
            },
          }),
      },
      update: {
        about: "Takes what switches the count off",
        run: ({ enabled, retention_months }) => {
          if (enabled !== undefined && enabled !== "disable" && enabled !== "default") {
            throw new Fault("invalid", 'field "enabled" must be "disable" or "default": clients are not counted here');
          }
          if ((retention_months ?? 0) < 0)
            throw new Fault("invalid", "retention_months must be greater than or equal to 0");
          return Promise.resolve(undefined);
        },
      },
    },
  });
}
