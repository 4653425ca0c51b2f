/** sys/config/state/sanitized, sys/config/reload, sys/loggers, sys/host-info. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { type Level, LOG_LEVELS } from "../../../lib/log.ts";
import { type Fields, type Reply, type Route, route } from "../../contract/engine.ts";
import type { MorePorts } from "./ports.ts";

type Ports = Pick<MorePorts, "info">;

/** The one log there is, by a name that Vault has too. */
const LOGGER = "core";

export function stateRoutes(ports: Ports): readonly Route[] {
  return [sanitizedRoute(ports), reloadRoute(ports), loggersRoute(ports), loggerRoute(ports), hostRoute(ports)];
}

function sanitizedRoute(ports: Ports): Route {
  return route({
    path: "config/state/sanitized",
    about: "The server's configuration without what is secret in it",
    fields: {},
    on: {
      read: { about: "Reads it", run: () => Promise.resolve({ data: ports.info.sanitized }) },
    },
  });
}

function reloadRoute(ports: Ports): Route {
  return route({
    path: "config/reload/:subsystem",
    about: "Reads one part of the configuration again",
    fields: {
      subsystem: {
        type: "string",
        about: '"listener" (certificates), "log_level", "license" (nothing)',
        required: true,
      },
    },
    on: {
      update: {
        about: "Reads it again",
        run: async ({ subsystem }) => {
          if (subsystem === "listener") await ports.info.reloadListeners();
          else if (subsystem === "log_level") ports.info.levels.reset();
          else if (subsystem !== "license") {
            throw new Fault("invalid", 'unknown subsystem: there are "listener", "log_level" and "license"');
          }
          return undefined;
        },
      },
    },
  });
}

const level = { type: "string", about: '"trace", "debug", "info", "warn" or "error"', required: true } as const;

function loggersRoute(ports: Ports): Route {
  return route({
    path: "loggers",
    about: "How much is logged",
    fields: { level },
    on: {
      read: { about: "Reads the level of each log", run: () => Promise.resolve(shown(ports)) },
      update: {
        about: "Sets the level of all logs, until a reload or restart",
        run: (given) => {
          ports.info.levels.set(levelOf(given.level));
          return Promise.resolve(undefined);
        },
      },
      delete: { about: "Goes back to the configured level", run: () => reset(ports) },
    },
  });
}

function loggerRoute(ports: Ports): Route {
  const fields = { name: { type: "string", about: `The log's name: "${LOGGER}"`, required: true }, level } as const;
  return route({
    path: "loggers/:name",
    about: "How much one log says",
    fields: fields satisfies Fields,
    on: {
      read: {
        about: "Reads its level",
        run: ({ name }) => {
          check(name);
          return Promise.resolve(shown(ports));
        },
      },
      update: {
        about: "Sets its level, until a reload or restart",
        run: (given) => {
          check(given.name);
          ports.info.levels.set(levelOf(given.level));
          return Promise.resolve(undefined);
        },
      },
      delete: {
        about: "Goes back to the configured level",
        run: ({ name }) => {
          check(name);
          return reset(ports);
        },
      },
    },
  });
}

const shown = (ports: Ports): Reply => ({ data: new Map([[LOGGER, ports.info.levels.level()]]) });

function reset(ports: Ports): Promise<undefined> {
  ports.info.levels.reset();
  return Promise.resolve(undefined);
}

function check(name: string): void {
  if (name !== LOGGER) throw new Fault("not-found", `logger not found: the one here is "${LOGGER}"`);
}

function levelOf(text: string): Level {
  const word = text.toLowerCase();
  if (Object.hasOwn(LOG_LEVELS, word)) return LOG_LEVELS[word as keyof typeof LOG_LEVELS];
  throw new Fault("invalid", `invalid level provided; known: ${Object.keys(LOG_LEVELS).join(", ")}`);
}

function hostRoute(ports: Ports): Route {
  return route({
    path: "host-info",
    about: "The machine this server runs on",
    fields: {},
    on: {
      read: {
        about: "Reads processor, memory, disks and system",
        run: async () => ({ data: await ports.info.host.collect() }),
      },
    },
  });
}
