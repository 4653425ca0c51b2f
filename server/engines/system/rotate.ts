/** A new key for what is written from now on, and when that happens by itself. Source: Vault's API pages "/sys/rotate" and "/sys/rotate/config". */
import { toSeconds } from "../../../lib/duration.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "operator">;

/** OpenBao's names beside Vault's. */
export function rotateRoutes(ports: Ports): readonly Route[] {
  return [
    rotateRoute(ports, "rotate"),
    rotateRoute(ports, "rotate/keyring"),
    configRoute(ports, "rotate/config"),
    configRoute(ports, "rotate/keyring/config"),
    rootRoute(ports),
  ];
}

function rotateRoute({ operator }: Ports, path: string): Route {
  return route({
    path,
    about: "The key that encrypts the storage",
    fields: {},
    sudo: true,
    on: {
      update: {
        about: "Makes a new one for all writes from now on",
        run: async () => {
          await operator.rotate();
          return undefined;
        },
      },
    },
  });
}

function configRoute({ operator }: Ports, path: string): Route {
  return route({
    path,
    about: "When the key that encrypts the storage is replaced by itself",
    fields: {
      enabled: { type: "bool", about: "Whether it is, before the limit of the cipher" },
      max_operations: { type: "int", about: "After so many encryptions: 1000000 to 3865470566" },
      interval: { type: "duration", about: "After so long: at least 24h, 0 for never" },
    },
    on: {
      read: {
        about: "Reads the settings",
        run: () => {
          const { enabled, maxOperations, interval } = operator.rotation.read();
          return Promise.resolve({
            data: { enabled, interval: toSeconds(interval), max_operations: maxOperations },
          });
        },
      },
      update: {
        about: "Changes what is given, leaves the rest",
        run: async ({ enabled, max_operations, interval }) => {
          await operator.rotation.write({
            ...(enabled !== undefined && { enabled }),
            ...(max_operations !== undefined && { maxOperations: max_operations }),
            ...(interval !== undefined && { interval }),
          });
          return undefined;
        },
      },
    },
  });
}

function rootRoute({ operator }: Ports): Route {
  return route({
    path: "rotate/root",
    about: "The root key, which wraps the keyring",
    fields: {},
    sudo: true,
    on: {
      update: {
        about: "Makes a new one; the shares stay",
        run: async () => {
          await operator.rotateRoot();
          return undefined;
        },
      },
    },
  });
}
