/** The system engine, mounted at sys/: a table made of one file per group of routes. Source: Vault's API pages "/sys/…". */
import type { EngineKind } from "../../contract/engine.ts";
import { auditRoutes } from "./audit.ts";
import { capabilityRoutes } from "./capabilities.ts";
import { generateRootRoutes } from "./generate-root.ts";
import { healthRoutes } from "./health.ts";
import { inFlightRoutes } from "./in-flight.ts";
import { initRoutes } from "./init.ts";
import { leaderRoutes } from "./leader.ts";
import { leaseRoutes } from "./leases.ts";
import { lockedUserRoutes } from "./locked-users.ts";
import { moreRoutes } from "./more.ts";
import { mountRoutes } from "./mounts.ts";
import { policyRoutes } from "./policies.ts";
import type { SystemPorts } from "./ports.ts";
import { quotaRoutes } from "./quotas.ts";
import { rekeyRoutes } from "./rekey.ts";
import { remountRoutes } from "./remount.ts";
import { rotateRoutes } from "./rotate.ts";
import { sealRoutes } from "./seal.ts";
import { uiMountRoutes } from "./ui-mounts.ts";
import { wrappingRoutes } from "./wrapping.ts";

export function systemKind(ports: SystemPorts): EngineKind {
  return {
    type: "system",
    about: "Control, policy and debugging of the server itself",
    kind: "secret",
    create: (env) => ({
      routes: [
        ...initRoutes(ports),
        ...sealRoutes(ports),
        ...healthRoutes(ports, env.clock),
        ...leaderRoutes(ports),
        ...rekeyRoutes(ports),
        ...generateRootRoutes(ports),
        ...rotateRoutes(ports),
        ...mountRoutes(ports, "secret"),
        ...mountRoutes(ports, "auth"),
        ...remountRoutes(ports),
        ...policyRoutes(ports),
        ...capabilityRoutes(ports),
        ...auditRoutes(ports),
        ...uiMountRoutes(ports),
        ...wrappingRoutes(ports),
        ...quotaRoutes(ports),
        ...lockedUserRoutes(ports),
        ...inFlightRoutes(ports),
        ...leaseRoutes(ports, env),
        ...moreRoutes(ports, env),
      ],
    }),
  };
}
