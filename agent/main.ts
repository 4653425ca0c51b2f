/** The program `oksae agent`: the composition root. Everything it takes from the machine, it takes here. */
import { writeFileSync } from "node:fs";
import { systemClock } from "../lib/clock.ts";
import { Fault, toFault } from "../lib/fault.ts";
import { harden } from "../lib/hygiene.ts";
import type { Level, Log } from "../lib/log.ts";
import { systemRandom } from "../lib/random.ts";
import { type Arguments, parseArguments, USAGE } from "./arguments.ts";
import { runAgentCommand } from "./commands.ts";

/** sysexits.h EX_CONFIG: the unit does not restart on it. */
const EXIT_CONFIG = 78;

const warnings = guarded(() =>
  harden({
    execArgv: process.execArgv,
    env: process.env,
    umask: (mask) => process.umask(mask),
    on: (signal, handler) => process.on(signal, handler),
    writeFile: (path, text) => {
      writeFileSync(path, text);
    },
  }),
);
// As `oksae agent …` the first word is the program's; run directly there is none.
const words = process.argv.slice(2);
const args = guarded(() => parseArguments(words[0] === "agent" ? words.slice(1) : words));
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    stop.abort();
  });
}
// A terminal that went away is no reason to stop, and the configuration is read once.
process.on("SIGHUP", () => undefined);

try {
  process.exitCode = await main(args);
} catch (error) {
  process.exitCode = fail(error);
}

async function main(given: Arguments): Promise<number> {
  if (given.command === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const env = new Map(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return runAgentCommand(
    given,
    {
      clock: systemClock,
      random: systemRandom(),
      env,
      uid: process.getuid?.() ?? -1,
      pid: process.pid,
      isAlive,
      print: (text) => {
        process.stdout.write(text);
      },
      openLog: async (level: Level, format: "json" | "text"): Promise<Log> => {
        const { winstonLog } = await import("../lib/winston.ts");
        const log = winstonLog({ level, format, stream: process.stderr, clock: systemClock });
        for (const warning of warnings) log("warn", warning);
        return log;
      },
    },
    stop.signal,
  );
}

/** EPERM: it lives and is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    process.exit(fail(error));
  }
}

function fail(error: unknown): number {
  const fault = toFault(error);
  const { cause } = fault;
  const why = fault.message === "internal error" && cause instanceof Error ? `: ${cause.message}` : "";
  process.stderr.write(`oksae agent: ${fault.message}${why}\n`);
  return error instanceof Fault && error.kind === "invalid" ? EXIT_CONFIG : 1;
}
