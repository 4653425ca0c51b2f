/** Who leads, for one node that always does: sys/leader, sys/ha-status, sys/step-down. Source: Vault's API pages of these names. */
import { type Route, route } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "version" | "apiAddr">;

export function leaderRoutes(ports: Ports): readonly Route[] {
  return [leaderRoute(), haStatusRoute(ports), stepDownRoute()];
}

function leaderRoute(): Route {
  return route({
    path: "leader",
    about: "Which node leads",
    fields: {},
    unauthenticated: true,
    whenSealed: true,
    neverAudited: true,
    on: {
      read: {
        about: "Reads who leads",
        run: () =>
          Promise.resolve({
            bare: {
              ha_enabled: false,
              is_self: false,
              active_time: "0001-01-01T00:00:00Z",
              leader_address: "",
              leader_cluster_address: "",
              performance_standby: false,
              performance_standby_last_remote_wal: 0,
            },
          }),
      },
    },
  });
}

function haStatusRoute({ version, apiAddr = "" }: Ports): Route {
  const node = {
    hostname: apiAddr === "" ? "" : new URL(apiAddr).hostname,
    api_address: apiAddr,
    cluster_address: "",
    active_node: true,
    last_echo: null,
    version,
  };
  return route({
    path: "ha-status",
    about: "The nodes of the cluster",
    fields: {},
    on: { read: { about: "Lists this one", run: () => Promise.resolve({ data: { nodes: [node] }, alsoBare: true }) } },
  });
}

function stepDownRoute(): Route {
  return route({
    path: "step-down",
    about: "Gives up the lead",
    fields: {},
    sudo: true,
    on: { update: { about: "Without effect: there is no other node", run: () => Promise.resolve(undefined) } },
  });
}
