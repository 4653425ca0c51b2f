/** The groups of routes beside seal, mounts and policies: configuration, tools, reports, and what is always the same. */
import type { EngineEnv, Route } from "../../contract/engine.ts";
import { headerRoutes } from "./config-headers.ts";
import { stateRoutes } from "./config-state.ts";
import { counterRoutes } from "./counters.ts";
import { explainRoute } from "./explain.ts";
import { fixedRoutes } from "./fixed.ts";
import { helpRoute } from "./help.ts";
import { metricsRoute } from "./metrics.ts";
import { passwordPolicyRoutes } from "./password-policies.ts";
import { pluginRoutes } from "./plugins.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";
import { resultantAclRoute } from "./resultant-acl.ts";
import { specsRoute } from "./specs.ts";
import { toolRoutes } from "./tools.ts";
import { versionRoute } from "./version-history.ts";

export function moreRoutes(ports: SystemPorts & MorePorts, { random }: EngineEnv): readonly Route[] {
  return [
    ...passwordPolicyRoutes(random),
    ...headerRoutes(ports),
    ...stateRoutes(ports),
    ...counterRoutes(ports),
    ...toolRoutes(random),
    ...pluginRoutes(ports, random),
    resultantAclRoute(ports),
    explainRoute(ports),
    specsRoute(ports),
    helpRoute(ports),
    metricsRoute(ports),
    versionRoute(ports),
    ...fixedRoutes(),
  ];
}
