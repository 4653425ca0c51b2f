/**
 * The program `oksae server`: argv, environment, clock, signals. Loaded as dist/server.mjs, either directly
 * (`node dist/server.mjs -dev`) or by the program `oksae` in its own process (`oksae server -dev`).
 * Exit codes: 0 after SIGTERM or SIGINT, 1 for a command line or configuration that is wrong, 2 when it could not run.
 */
import { writeFileSync } from "node:fs";
import { systemClock } from "../lib/clock.ts";
import { toFault } from "../lib/fault.ts";
import { harden } from "../lib/hygiene.ts";
import { systemRandom } from "../lib/random.ts";
import { describeError, winstonLog } from "../lib/winston.ts";
import { readServerConfig } from "./config/read.ts";
import type { ServerConfig } from "./config/types.ts";
import { devConfig, openDev } from "./dev.ts";
import { type Flags, parseFlags, USAGE } from "./flags.ts";
import { type Levelled, levelled, type RunningServer, startServer } from "./run.ts";

/** After a signal to stop, everything is over by then. */
const LAST = 10_000;

await main();

async function main(): Promise<void> {
  let flags: Flags;
  let config: ServerConfig;
  let exposed: readonly string[];
  try {
    exposed = hardenThis();
    // Else the SDK writes a paragraph about Node's versions between the lines of the log; engines in package.json say which we run on.
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
    flags = parseFlags(process.argv.slice(2), process.env);
    if (flags.help) {
      process.stdout.write(USAGE);
      return;
    }
    config = await readConfig(flags);
  } catch (error) {
    fail(1, error);
    return;
  }
  const log = levelled(
    winstonLog({ level: "debug", format: config.logFormat, stream: process.stderr, clock: systemClock }),
    flags.logLevel ?? config.logLevel,
  );
  for (const warning of exposed) log.log("warn", warning);
  try {
    const server = await startServer(config, {
      clock: systemClock,
      random: systemRandom(),
      log: log.log,
      levels: log.levels,
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
    });
    onSignals(server, flags, log);
    if (flags.dev !== undefined) process.stdout.write(await openDev(server, flags.dev));
  } catch (error) {
    fail(2, error);
  }
}

function hardenThis(): readonly string[] {
  return harden({
    execArgv: process.execArgv,
    env: process.env,
    umask: (mask) => process.umask(mask),
    on: (signal, handler) => process.on(signal, handler),
    writeFile: writeFileSync,
  });
}

function readConfig(flags: Flags): Promise<ServerConfig> {
  if (flags.dev === undefined) return readServerConfig(flags.config);
  return Promise.resolve(devConfig(flags.dev));
}

function onSignals(server: RunningServer, flags: Flags, log: Levelled): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.log("info", "stopping", { signal });
    setTimeout(() => {
      log.log("error", "not everything has ended in time");
      process.exit(2);
    }, LAST).unref();
    void server.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => {
    void reread(flags, log).then(() => server.reload());
  });
}

/** The level is what a reload takes from the configuration; the rest needs a restart. */
async function reread(flags: Flags, log: Levelled): Promise<void> {
  try {
    log.configured = flags.logLevel ?? (await readConfig(flags)).logLevel;
    log.levels.reset();
  } catch (error) {
    log.log("error", "the configuration was not reloaded", { error: toFault(error) });
  }
}

function fail(code: number, error: unknown): void {
  const fault = toFault(error);
  const why = fault.kind === "internal" && fault.cause instanceof Error ? describeError(fault.cause) : fault.message;
  process.stderr.write(`oksae server: ${why}\n`);
  process.exitCode = code;
  if (code === 2) process.exit(code);
}
