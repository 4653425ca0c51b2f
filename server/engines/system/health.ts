/** sys/health for load balancers, sys/key-status. Source: Vault's API pages of these names. */
import type { Clock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { type Field, type Fields, type Route, route, type Values } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "operator" | "version">;

const code = (when: string, status: number): Field & { readonly type: "string" } => ({
  type: "string",
  about: `The status to answer with ${when}`,
  default: String(status),
});

const healthFields = {
  standbyok: { type: "string", about: "A standby answers as the active node does" },
  perfstandbyok: { type: "string", about: "A performance standby answers as the active node does" },
  activecode: code("when active", 200),
  standbycode: code("when standby", 429),
  drsecondarycode: code("when a disaster recovery secondary", 472),
  performancestandbycode: code("when a performance standby", 473),
  uninitcode: code("when not initialized", 501),
  sealedcode: code("when sealed", 503),
} as const satisfies Fields;

export function healthRoutes(ports: Ports, clock: Clock): readonly Route[] {
  return [healthRoute(ports, clock), keyStatusRoute(ports)];
}

function healthRoute({ operator, version }: Ports, clock: Clock): Route {
  return route({
    path: "health",
    about: "The server's health as a status code",
    fields: healthFields,
    unauthenticated: true,
    whenSealed: true,
    neverAudited: true,
    on: {
      read: {
        about: "Reads the health",
        run: async (values) => {
          const codes = readCodes(values);
          const { initialized, sealed } = await operator.status();
          const cluster = operator.cluster();
          const mode = sealed ? "unknown" : "disabled";
          return {
            status: initialized ? (sealed ? codes.sealed : codes.active) : codes.uninit,
            bare: {
              initialized,
              sealed,
              standby: sealed,
              performance_standby: false,
              replication_performance_mode: mode,
              replication_dr_mode: mode,
              server_time_utc: Math.floor(clock.now() / 1000),
              version,
              cluster_name: cluster?.name,
              cluster_id: cluster?.id,
            },
          };
        },
      },
    },
  });
}

interface Codes {
  readonly active: number;
  readonly sealed: number;
  readonly uninit: number;
}

/** All are checked, also those of states that a single node never has, so that a mistake in a probe shows. */
function readCodes(values: Values<typeof healthFields>): Codes {
  readCode("standbycode", values.standbycode, 429);
  readCode("drsecondarycode", values.drsecondarycode, 472);
  readCode("performancestandbycode", values.performancestandbycode, 473);
  return {
    active: readCode("activecode", values.activecode, 200),
    sealed: readCode("sealedcode", values.sealedcode, 503),
    uninit: readCode("uninitcode", values.uninitcode, 501),
  };
}

function readCode(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined || text === "") return otherwise;
  if (!/^[2-5]\d\d$/.test(text)) throw new Fault("invalid", `field "${name}" must be an HTTP status from 200 to 599`);
  return Number(text);
}

function keyStatusRoute({ operator }: Ports): Route {
  return route({
    path: "key-status",
    about: "The key that encrypts the storage",
    fields: {},
    on: {
      read: {
        about: "Reads the key's term, age and use",
        run: async () => {
          const { term, installTime, encryptions } = await operator.keyStatus();
          return { data: { term, install_time: formatTime(installTime), encryptions }, alsoBare: true };
        },
      },
    },
  });
}
