/** sys/metrics: what has been counted, for Prometheus or as JSON. Source: Vault's API page "/sys/metrics". */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { MorePorts } from "./ports.ts";

export function metricsRoute(ports: Pick<MorePorts, "metrics">): Route {
  return route({
    path: "metrics",
    about: "What this server counts and measures",
    fields: { format: { type: "string", about: '"prometheus" for its text format; JSON without it' } },
    on: {
      read: {
        about: "Reads the counters",
        run: async ({ format }, { call }) => {
          const accepts = call.headers.get("accept")?.startsWith("application/openmetrics-text") === true;
          if (format === "prometheus" || ((format ?? "") === "" && accepts)) {
            return { text: await ports.metrics.text() };
          }
          if ((format ?? "") !== "") throw new Fault("invalid", 'unsupported metrics format: use "prometheus" or none');
          return { bare: await ports.metrics.json() };
        },
      },
    },
  });
}
