/** The command of an item: its own process group, a bounded time, bounded output without secrets, almost no environment. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import { scrub } from "./scrub.ts";
import type { CommandResult, Placement, PlacePorts } from "./types.ts";

const DEFAULT_TIMEOUT = 30_000;
/** Milliseconds between SIGTERM and SIGKILL. */
const GRACE = 2_000;
/** Milliseconds for output to arrive after the command has ended: a daemon it started may hold the pipe for ever. */
const LAST_OUTPUT = 200;
/** Bytes of output that are looked at, the last ones. */
const CAPTURED = 65_536;
const SHOWN = 2_048;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type Ports = Pick<PlacePorts, "clock" | "secrets" | "signal">;

/**
 * Also for trying a command again that failed: the file it is about is in its place already.
 * The command sees PATH, LANG and OKSAE_FILE, the path of the file; its working directory is `/`.
 * @throws Fault "invalid" when it cannot be started at all
 */
export async function runCommand(
  { path, command, commandTimeout = DEFAULT_TIMEOUT }: Placement,
  ports: Ports,
): Promise<CommandResult> {
  const [program, ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : (command ?? []);
  if (program === undefined || program === "") throw new Fault("invalid", `the command for ${path} is empty`);
  const child = spawn(program, args, {
    cwd: "/",
    env: { PATH, LANG: "C.UTF-8", OKSAE_FILE: path },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = new Tail(CAPTURED);
  const streams = [child.stdout, child.stderr];
  for (const stream of streams)
    stream.on("data", (chunk: Buffer) => {
      output.push(chunk);
    });
  const ended = new AbortController();
  const exit = exitOf(child, path, program);
  const timer = endInTime(child, commandTimeout, ports, ended.signal);
  try {
    const { code, signal } = await exit;
    ended.abort();
    await drain(streams, ports);
    return { exitCode: code, signal, timedOut: await timer, output: shown(output, ports) };
  } finally {
    ended.abort();
    for (const stream of streams) stream.destroy();
  }
}

function exitOf(
  child: ChildProcess,
  path: string,
  program: string,
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const why = errorCode(cause) || "unknown error";
      reject(
        new Fault("invalid", `cannot run ${JSON.stringify(program)}, the command for ${path} (${why})`, { cause }),
      );
    });
    child.once("exit", (code, signal) => {
      resolve({ code, signal });
    });
  });
}

/** Ends the whole process group when the time is up or the agent stops. @returns whether the time was up */
async function endInTime(
  child: ChildProcess,
  ms: number,
  { clock, signal }: Ports,
  ended: AbortSignal,
): Promise<boolean> {
  const early = signal === undefined ? ended : AbortSignal.any([ended, signal]);
  const timedOut = await clock.sleep(ms, early).then(
    () => true,
    () => false,
  );
  if (ended.aborted) return false;
  killGroup(child, "SIGTERM");
  await clock.sleep(GRACE, ended).catch(() => undefined);
  // The command itself may be gone and its children not.
  killGroup(child, "SIGKILL");
  return timedOut;
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended meanwhile.
  }
}

async function drain(streams: readonly Readable[], { clock }: Ports): Promise<void> {
  const stop = new AbortController();
  const closed = Promise.all(
    streams.map(
      (stream) =>
        new Promise<void>((resolve) => {
          if (stream.destroyed || stream.readableEnded) resolve();
          else {
            stream.once("close", resolve);
          }
        }),
    ),
  );
  await Promise.race([closed, clock.sleep(LAST_OUTPUT, stop.signal).catch(() => undefined)]);
  stop.abort();
}

function shown(output: Tail, { secrets = [] }: Ports): string {
  return scrub(output.text, secrets, output.isCut).slice(-SHOWN);
}

/** The last bytes of a stream. */
class Tail {
  readonly #most: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #cut = false;

  constructor(most: number) {
    this.#most = most;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= this.#most * 2) return;
    this.#chunks = [this.#last()];
    this.#size = this.#most;
    this.#cut = true;
  }

  get text(): string {
    return this.#last().toString("utf8");
  }

  get isCut(): boolean {
    return this.#cut || this.#size > this.#most;
  }

  #last(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-this.#most);
  }
}
