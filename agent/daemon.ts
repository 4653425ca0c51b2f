/** `oksae agent`: the whole of the program behind `main.ts`, with the machine handed in. */
import { rm, writeFile } from "node:fs/promises";
import { describeErrno } from "../lib/errno.ts";
import { Fault } from "../lib/fault.ts";
import type { Body } from "../lib/hcl/body.ts";
import type { EncodableRecord } from "../lib/wire/json.ts";
import type { AgentConfig } from "./config/types.ts";
import { connect } from "./connect.ts";
import { dueCommands } from "./local/due.ts";
import { StatusFile } from "./local/status.ts";
import { removeStaleTemps } from "./place/stale.ts";
import type { Placing } from "./placing.ts";
import { rendererOf } from "./renderer.ts";
import { Agent, type AgentStatus } from "./run.ts";
import { type Draft, methodOf, type Surroundings, settle } from "./setup.ts";
import { Readiness, systemdNotify } from "./supervise/notify.ts";

export interface DaemonOptions extends Surroundings {
  readonly pid: number;
  readonly placing: Placing;
  /** What the command line changes in a configuration. */
  readonly change: (config: AgentConfig) => AgentConfig;
}

/** Runs until `signal` aborts, or with `exit_after_auth` until everything is in place. */
export async function runDaemon(
  bodies: readonly Body[],
  start: Draft,
  options: DaemonOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, env } = options;
  const stop = new AbortController();
  let agent: Agent | undefined;
  let problem = "reading the instance metadata";
  const status = (): AgentStatus | undefined => agent?.status;
  const socket = env.get("NOTIFY_SOCKET");
  const readiness =
    socket === undefined
      ? undefined
      : new Readiness({
          send: systemdNotify({ NOTIFY_SOCKET: socket, PATH: env.get("PATH") ?? "/usr/bin:/bin" }),
          clock,
          log,
          blocker: () => (agent === undefined ? problem : status()?.blocker),
          summary: () => summaryOf(status()),
          watchdog: watchdogOf(options),
        });
  const telling = readiness?.run(stop.signal) ?? Promise.resolve();
  const onProblem = (now: string): void => {
    problem = now;
    readiness?.look();
  };
  try {
    const config = options.change(await settle(bodies, start, options, onProblem, signal));
    await withAgent(config, options, signal, (made, file) => {
      agent = made;
      made.subscribe(() => {
        file.look();
        readiness?.look();
      });
      readiness?.look();
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await telling;
  }
}

async function withAgent(
  config: AgentConfig,
  options: DaemonOptions,
  signal: AbortSignal,
  onMade: (agent: Agent, file: StatusFile) => void,
): Promise<void> {
  const { clock, random, log, env, placing, pid } = options;
  const connection = await connect(config.vault, clock);
  const agent = new Agent(config, {
    api: connection.api,
    method: methodOf(config, connection.api, options),
    clock,
    random,
    log,
    renderer: (item) => rendererOf(item, { clock, env }),
    due: dueCommands(config.statusFile, log),
    ...placing,
  });
  const snapshot = (): EncodableRecord => snapshotOf(agent.status, config, pid);
  const destinations = [...config.items, ...config.sinks].map(({ target }) => target.path);
  const stale = await removeStaleTemps(destinations);
  if (stale > 0) log("warn", "half-written files of an earlier run were removed", { count: stale });
  const file = new StatusFile({ path: config.statusFile, clock, log, snapshot });
  onMade(agent, file);
  const done = new AbortController();
  const writing = file.run(done.signal);
  try {
    if (config.pidFile !== undefined) await writePid(config.pidFile, pid);
    await agent.run(signal);
  } finally {
    done.abort();
    await writing;
    connection.close();
    if (config.pidFile !== undefined) await rm(config.pidFile, { force: true }).catch(() => undefined);
  }
}

async function writePid(path: string, pid: number): Promise<void> {
  try {
    await writeFile(path, `${String(pid)}\n`, { mode: 0o644 });
  } catch (error) {
    throw new Fault("unavailable", `pid file ${path}: ${describeErrno(error).text}`, { cause: error });
  }
}

/** @returns milliseconds; systemd names the process it watches, and a child must not answer for it */
function watchdogOf({ env, pid }: DaemonOptions): number | undefined {
  const owner = env.get("WATCHDOG_PID");
  const usec = Number(env.get("WATCHDOG_USEC") ?? "0");
  if (!Number.isFinite(usec) || usec <= 0 || (owner !== undefined && owner !== String(pid))) return undefined;
  return usec / 1000;
}

function summaryOf(status: AgentStatus | undefined): string {
  if (status === undefined) return "starting";
  const bad = status.items.filter(({ state }) => state !== "placed");
  const [first] = bad;
  if (status.token.problem !== "") return `files in place; ${status.token.problem}`;
  if (first === undefined) return `${String(status.items.length)} files in place`;
  return `${String(bad.length)} of ${String(status.items.length)} files in trouble: ${first.name}: ${first.problem}`;
}

function snapshotOf({ token, items, blocker }: AgentStatus, config: AgentConfig, pid: number): EncodableRecord {
  return {
    pid,
    server: config.vault.address,
    method: config.method.kind,
    blocker,
    token: {
      phase: token.phase,
      accessor: token.accessor,
      policies: token.policies.join(","),
      expires_at: token.expiresAt === Infinity ? undefined : token.expiresAt,
      last_login: token.lastLogin,
      logins: token.logins,
      problem: token.problem,
    },
    items: items.map(({ placedAt: placed_at, changedAt: changed_at, ...item }) => ({ ...item, placed_at, changed_at })),
  };
}
