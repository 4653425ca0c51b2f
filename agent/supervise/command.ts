/**
 * Runs an item's command after its file has changed. The command gets its own process group, so that a time-out ends
 * what it started too; its output is thrown away, since it may show secrets.
 */
import { spawn } from "node:child_process";
import type { Clock } from "../../lib/clock.ts";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";

export interface CommandOptions {
  readonly argv: readonly string[];
  /** Milliseconds until SIGTERM goes to the group; SIGKILL follows after five seconds. */
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

const GRACE = 5_000;

type End = { readonly error: Error } | { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** @throws Fault "unavailable" when it cannot be started, ends with another status than 0, or takes too long */
export async function runCommand(options: CommandOptions, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const [program = "", ...args] = options.argv;
  const child = spawn(program, args, { env: options.env, stdio: "ignore", detached: true, cwd: "/" });
  const ended = new Promise<End>((resolve) => {
    child.once("error", (error) => {
      resolve({ error });
    });
    child.once("exit", (code, exitSignal) => {
      resolve({ code, signal: exitSignal });
    });
  });
  const done = new AbortController();
  let late = false;
  const limit = options.clock.sleep(options.timeout, AbortSignal.any([signal, done.signal])).then(
    () => {
      late = true;
    },
    () => undefined,
  );
  try {
    const first = await Promise.race([ended, limit]);
    if (first === undefined) await endGroup(child.pid, ended, options.clock);
    signal.throwIfAborted();
    check(await ended, late, options);
  } finally {
    done.abort();
  }
}

async function endGroup(pid: number | undefined, ended: Promise<End>, clock: Clock): Promise<void> {
  killGroup(pid, "SIGTERM");
  const stop = new AbortController();
  const grace = clock.sleep(GRACE, stop.signal).then(
    () => true,
    () => false,
  );
  const stubborn = await Promise.race([ended.then(() => false), grace]);
  stop.abort();
  if (stubborn) killGroup(pid, "SIGKILL");
  await ended;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

function check(end: End, late: boolean, { argv, timeout }: CommandOptions): void {
  const name = JSON.stringify(argv[0] === "/bin/sh" && argv[1] === "-c" ? "sh -c …" : argv[0]);
  if (late)
    throw new Fault("unavailable", `command ${name} was ended: it took longer than ${String(timeout / 1000)} s`);
  if ("error" in end) throw new Fault("unavailable", `command ${name} cannot be run: ${describeErrno(end.error).text}`);
  if (end.signal !== null) throw new Fault("unavailable", `command ${name} was ended by ${end.signal}`);
  if (end.code !== 0) throw new Fault("unavailable", `command ${name} ended with status ${String(end.code)}`);
}
