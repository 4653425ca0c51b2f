/** sys/seal-status, sys/unseal, sys/seal. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { SealStatus } from "../../contract/seal.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "operator" | "version" | "storageType">;

export function sealRoutes(ports: Ports): readonly Route[] {
  return [statusRoute(ports), unsealRoute(ports), sealRoute(ports)];
}

function statusRoute(ports: Ports): Route {
  return route({
    path: "seal-status",
    about: "Whether the server is sealed, and how far an unseal has come",
    fields: {},
    unauthenticated: true,
    whenSealed: true,
    neverAudited: true,
    on: {
      read: {
        about: "Reads the seal's status",
        run: async () => ({ bare: statusBody(await ports.operator.status(), ports) }),
      },
    },
  });
}

function unsealRoute(ports: Ports): Route {
  const { operator } = ports;
  return route({
    path: "unseal",
    about: "Takes the shares of the key, one at a time",
    fields: {
      key: { type: "string", about: "One share, in hex or base64", sensitive: true },
      reset: { type: "bool", about: "Forgets the shares entered so far" },
      migrate: { type: "bool", about: "Not served: there is one kind of seal" },
    },
    unauthenticated: true,
    whenSealed: true,
    neverAudited: true,
    on: {
      update: {
        about: "Enters one share; at the threshold the server is unsealed",
        run: async ({ key, reset, migrate }) => {
          if (migrate === true) throw new Fault("invalid", "migrate is not served here: there is one kind of seal");
          if (reset === true) {
            operator.reset();
            return { bare: statusBody(await operator.status(), ports) };
          }
          if (key === undefined || key === "") {
            throw new Fault("invalid", "'key' must be specified in request body as JSON, or 'reset' set to true");
          }
          return { bare: statusBody(await operator.unseal(new Secret(key)), ports) };
        },
      },
    },
  });
}

function sealRoute({ operator }: Ports): Route {
  return route({
    path: "seal",
    about: "Seals the server: its keys leave memory",
    fields: {},
    sudo: true,
    on: {
      update: {
        about: "Seals the server",
        run: () => Promise.resolve({ afterwards: () => operator.seal() }),
      },
    },
  });
}

function statusBody(status: SealStatus, { operator, version, storageType }: Ports): EncodableRecord {
  const cluster = operator.cluster();
  return {
    type: status.type,
    initialized: status.initialized,
    sealed: status.sealed,
    t: status.t,
    n: status.n,
    progress: status.progress,
    nonce: status.nonce,
    version,
    build_date: "",
    migration: false,
    cluster_name: cluster?.name,
    cluster_id: cluster?.id,
    recovery_seal: false,
    storage_type: storageType,
  };
}
