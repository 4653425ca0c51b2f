/**
 * What every program does before it touches a secret: files closed to others, no debugger, no core dump.
 * Source: Node documentation, "SIGUSR1" (opens the inspector unless it is handled) and NODE_OPTIONS; core(5) for
 * /proc/PID/coredump_filter; umask(2).
 */
import { Fault } from "./fault.ts";

/** The parts of the process that this touches; main.ts hands them in. */
export interface HardenedProcess {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  umask(mask: number): number;
  on(signal: "SIGUSR1", handler: () => void): unknown;
  /** Writes a file at once. @throws when it cannot */
  writeFile(path: string, text: string): void;
}

/** Flags that open a debugger, dump the heap (every secret is in it) or run code of others, and the forms "--flag=…". */
const FORBIDDEN_FLAGS: readonly string[] = [
  "--inspect",
  "--inspect-brk",
  "--inspect-port",
  "--inspect-wait",
  "--inspect-publish-uid",
  "--debug-port",
  "--heapsnapshot-signal",
  "--heapsnapshot-near-heap-limit",
  "--heap-prof",
  "--cpu-prof",
  "--prof",
  "--report-on-signal",
  "--report-on-fatalerror",
  "--report-uncaught-exception",
  "--diagnostic-dir",
  "--abort-on-uncaught-exception",
  "--require",
  "-r",
  "--import",
  "--loader",
  "--experimental-loader",
  "--tls-keylog",
  "--trace-sigint",
];

/**
 * Call it first. It stays in force for the life of the process.
 * @returns warnings to be logged: what this machine did not allow
 * @throws Fault "invalid" when NODE_OPTIONS is set or node was started with a flag of the list
 */
export function harden(program: HardenedProcess): readonly string[] {
  program.umask(0o077);
  program.on("SIGUSR1", () => undefined);
  const options = program.env["NODE_OPTIONS"];
  if (options !== undefined && options.trim() !== "") {
    throw new Fault("invalid", "NODE_OPTIONS is set: unset it, it can open a debugger or load other code");
  }
  const flag = program.execArgv.map(flagName).find((name) => FORBIDDEN_FLAGS.includes(name));
  if (flag !== undefined) throw new Fault("invalid", `node was started with ${flag}: start it without`);
  try {
    program.writeFile("/proc/self/coredump_filter", "0");
    return [];
  } catch {
    return ["core dumps could not be emptied: /proc/self/coredump_filter cannot be written"];
  }
}

/** "--inspect_brk=0.0.0.0:9229" is "--inspect-brk": node takes underscores for dashes. */
function flagName(argument: string): string {
  const [name = ""] = argument.split("=");
  return name.startsWith("--") ? `--${name.slice(2).replaceAll("_", "-")}` : name;
}
