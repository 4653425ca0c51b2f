/** A server from its configuration to its end: store, core, listeners; reload at SIGHUP, an orderly stop at SIGTERM. */
import { unlink, writeFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { Fault, toFault } from "../lib/fault.ts";
import type { Level, Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import { approleAuth } from "./auth/approle/approle.ts";
import { awsAuth, awsEc2Auth } from "./auth/aws/aws.ts";
import { githubAuth } from "./auth/github/github.ts";
import { jwtAuth, oidcAuth } from "./auth/jwt/jwt.ts";
import { ldapAuth } from "./auth/ldap/ldap.ts";
import { userpassAuth } from "./auth/userpass/userpass.ts";
import { awsPorts } from "./clients/aws.ts";
import { bcryptPasswords } from "./clients/bcrypt.ts";
import { githubClient } from "./clients/github.ts";
import { hostInfo } from "./clients/host.ts";
import { issuerDocuments } from "./clients/jwks.ts";
import { ldapDirectory } from "./clients/ldap.ts";
import { type Composed, compose } from "./compose.ts";
import { sanitizedConfig } from "./config/sanitized.ts";
import type { ServerConfig, StorageConfig } from "./config/types.ts";
import type { LogLevels } from "./contract/server-info.ts";
import type { Store } from "./contract/storage.ts";
import type { RunningCore } from "./core/core.ts";
import { bodyMemory, httpHandler } from "./http/handler.ts";
import { type Listening, listen } from "./listen/listen.ts";
import { withOpenMetrics } from "./metrics/metered.ts";
import { openLmdbStore } from "./storage/lmdb.ts";
import { memoryStore } from "./storage/memory.ts";

/** Milliseconds that requests in flight have at the end; the whole stop takes at most two seconds more. */
const GRACE = 8_000;

export interface Machine {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pid: number;
  readonly uid: number;
  /** Of `log`, where it can be changed. */
  readonly levels?: LogLevels;
}

export interface RunningServer {
  readonly core: RunningCore;
  readonly addresses: readonly string[];
  /** Certificates and audit files anew. What fails is logged, the old goes on. */
  reload(): Promise<void>;
  /** Requests in flight finish, then everything is sealed and closed. */
  stop(): Promise<void>;
}

/** @throws Fault "invalid" or "unavailable" naming what does not open; nothing is left open then */
export async function startServer(config: ServerConfig, machine: Machine): Promise<RunningServer> {
  const { log } = machine;
  for (const warning of config.warnings) log("warn", warning);
  const store = await openStore(config.storage, machine);
  const listening: Listening[] = [];
  try {
    const composed = composeFrom(config, { store, machine, listening });
    const memory = bodyMemory();
    for (const listener of config.listeners) {
      const core =
        listener.unauthenticatedMetrics === true ? withOpenMetrics(composed.core, composed.metrics) : composed.core;
      const handler = httpHandler(core, { ...machine, ...composed.http, limits: listener, memory });
      listening.push(await listen(listener, handler, machine));
    }
    if (config.pidFile !== undefined) await writePid(config.pidFile, machine.pid);
    const addresses = listening.map(({ address }) => address);
    for (const address of addresses) log("info", "listening", { address });
    log("info", "server started", { version: VERSION, storage: config.storage.type });
    return {
      core: composed.core,
      addresses,
      reload: () => reload(composed, listening, log),
      stop: () => stop({ composed, listening, store, pidFile: config.pidFile, log }),
    };
  } catch (error) {
    await Promise.all(listening.map((one) => one.close(0)));
    await store.close();
    throw error;
  }
}

interface Opened {
  readonly store: Store;
  readonly machine: Machine;
  /** Filled later. */
  readonly listening: readonly Listening[];
}

function composeFrom(config: ServerConfig, { store, machine, listening }: Opened): Composed {
  const { clock, random, log } = machine;
  const { defaultLeaseTtl, maxLeaseTtl, clusterName, apiAddr } = config;
  const aws = awsPorts(clock, random);
  const documents = issuerDocuments();
  return compose({
    clock,
    random,
    log,
    store,
    storageType: config.storage.type === "memory" ? "inmem" : config.storage.type,
    declared: config.audit,
    kinds: [
      awsAuth(aws),
      awsEc2Auth(aws),
      approleAuth,
      userpassAuth(bcryptPasswords()),
      ldapAuth(ldapDirectory()),
      githubAuth(githubClient(clock)),
      jwtAuth(documents),
      oidcAuth(documents),
    ],
    clusterName,
    apiAddr,
    info: {
      sanitized: sanitizedConfig(config),
      host: hostInfo(clock),
      reloadListeners: async () => {
        for (const one of listening) await one.reload();
      },
      ...(machine.levels === undefined ? undefined : { levels: machine.levels }),
    },
    defaultLeaseTtl,
    maxLeaseTtl,
  });
}

async function openStore(storage: StorageConfig, { pid, uid, random, log }: Machine): Promise<Store> {
  return storage.type === "memory" ? memoryStore() : openLmdbStore({ path: storage.path, pid, uid, random, log });
}

async function writePid(path: string, pid: number): Promise<void> {
  try {
    await writeFile(path, `${String(pid)}\n`, { mode: 0o644 });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Fault("invalid", `pid_file ${path} cannot be written: ${code}`, { cause: error });
  }
}

async function reload({ audit }: Composed, listening: readonly Listening[], log: Log): Promise<void> {
  const work = [...listening.map((one) => () => one.reload()), () => audit.reopen()];
  let failed = 0;
  for (const one of work) {
    await one().catch((error: unknown) => {
      failed += 1;
      log("error", "reload failed, what was in use goes on", { error: toFault(error) });
    });
  }
  if (failed === 0) log("info", "reloaded");
}

interface Stopping {
  readonly composed: Composed;
  readonly listening: readonly Listening[];
  readonly store: Store;
  readonly pidFile: string | undefined;
  readonly log: Log;
}

/** Every step is tried, whatever the one before it did. */
async function stop({ composed, listening, store, pidFile, log }: Stopping): Promise<void> {
  const steps: readonly (() => Promise<unknown>)[] = [
    () => Promise.all(listening.map((one) => one.close(GRACE))),
    () => composed.core.close(),
    () => store.close(),
    () => (pidFile === undefined ? Promise.resolve() : unlink(pidFile)),
  ];
  for (const step of steps) {
    await step().catch((error: unknown) => {
      log("error", "a step of stopping failed", { error: toFault(error) });
    });
  }
  log("info", "server stopped");
}

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log whose level can be changed while running. */
export interface Levelled {
  readonly log: Log;
  level: Level;
  /** What the configuration says: `levels.reset` goes back to it. */
  configured: Level;
  readonly levels: LogLevels;
}

/** @param all takes everything from "debug" up */
export function levelled(all: Log, level: Level): Levelled {
  const out: Levelled = {
    level,
    configured: level,
    log: (at, message, fields) => {
      if (RANK[at] >= RANK[out.level]) all(at, message, fields);
    },
    levels: {
      level: () => out.level,
      set: (next) => {
        out.level = next;
      },
      reset: () => {
        out.level = out.configured;
      },
    },
  };
  return out;
}
