/** What `oksae agent`, `validate`, `status` and `doctor` do, once the command line is understood. */
import { Fault } from "../lib/fault.ts";
import { type JsonMap, JsonNumber } from "../lib/wire/json.ts";
import type { Arguments } from "./arguments.ts";
import { loadBodies } from "./config/load.ts";
import type { AgentConfig } from "./config/types.ts";
import type { Host } from "./host.ts";
import { type Draft, draft } from "./setup.ts";

/** @returns the exit code @throws Fault "invalid" for a configuration that is wrong */
export async function runAgentCommand(args: Arguments, host: Host, signal: AbortSignal): Promise<number> {
  if (args.command === "validate") return validate(args, host);
  if (args.command === "status") return status(args, host);
  if (args.command === "doctor") return diagnose(args, host, signal);
  return daemon(args, host, signal);
}

/** Also compiles what can be compiled here: a template's own errors are the configuration's. */
async function validate(args: Arguments, host: Host): Promise<number> {
  const bodies = await loadBodies(args.config);
  const { config } = draft(bodies, undefined);
  const { compile } = await import("./renderer.ts");
  for (const item of config.items) {
    try {
      await compile(item, { clock: host.clock, env: new Map() });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault("invalid", `${item.at}: ${error.message}`);
    }
  }
  host.print(
    `the configuration is valid: ${String(config.items.length)} items, ${String(config.sinks.length)} sinks\n`,
  );
  return 0;
}

const DEFAULT_STATUS_FILE = "/run/oksae/status.json";

async function status(args: Arguments, host: Host): Promise<number> {
  const { readStatus } = await import("./local/status.ts");
  const { report } = await import("./local/report.ts");
  const found = await readStatus(await statusFileOf(args, host));
  const { text, good } = report(found, host.clock.now(), host.isAlive(pidOf(found)));
  host.print(text);
  return good ? 0 : 1;
}

/** Whoever may read the state may not be allowed to read the configuration. */
async function statusFileOf(args: Arguments, host: Host): Promise<string> {
  try {
    return draft(await loadBodies(args.config), host.env).config.statusFile;
  } catch (error) {
    if (error instanceof Fault) return DEFAULT_STATUS_FILE;
    throw error;
  }
}

function pidOf(found: JsonMap): number {
  const pid = found.get("pid");
  return pid instanceof JsonNumber ? Number(pid.text) : -1;
}

async function daemon(args: Arguments, host: Host, signal: AbortSignal): Promise<number> {
  const bodies = await loadBodies(args.config);
  const start = withFlags(draft(bodies, host.env), args);
  const log = await host.openLog(start.config.logLevel, start.config.logFormat);
  const [{ runDaemon }, { placing }] = await Promise.all([import("./daemon.ts"), import("./placing.ts")]);
  const change = (config: AgentConfig): AgentConfig => withFlags({ ...start, config }, args).config;
  log("info", "agent starts", { pid: host.pid, server: start.config.vault.address });
  await runDaemon(bodies, start, { ...host, log, placing: placing(host.clock, host.random), change }, signal);
  // Whoever waits for `-exit-after-auth` starts an application on 0: a run that was ended before is no success.
  const early = start.config.exitAfterAuth && signal.aborted;
  log(early ? "warn" : "info", early ? "agent was stopped before everything was in place" : "agent stops");
  return early ? 1 : 0;
}

function withFlags(start: Draft, args: Arguments): Draft {
  const level = (["debug", "info", "warn", "error"] as const).find((name) => name === args.logLevel);
  if (args.logLevel !== undefined && level === undefined) {
    throw new Fault("invalid", "-log-level must be one of: debug, info, warn, error");
  }
  const format = (["text", "json"] as const).find((name) => name === args.logFormat);
  if (args.logFormat !== undefined && format === undefined) {
    throw new Fault("invalid", "-log-format must be one of: text, json");
  }
  const { config } = start;
  return {
    ...start,
    config: {
      ...config,
      exitAfterAuth: config.exitAfterAuth || args.exitAfterAuth,
      logLevel: level ?? config.logLevel,
      logFormat: format ?? config.logFormat,
    },
  };
}

async function diagnose(args: Arguments, host: Host, signal: AbortSignal): Promise<number> {
  const bodies = await loadBodies(args.config);
  const start = draft(bodies, host.env);
  host.print("OK    configuration: read\n");
  const { diagnoseHost } = await import("./diagnosis.ts");
  return (await diagnoseHost(bodies, start, host, signal)) ? 0 : 1;
}
