/** No acknowledgement before its commit is on disk: seen by strace, then by kill -9. And one writer at a time. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { build } from "esbuild";
import { type Running, surviveKills } from "./durability.ts";
import { requires } from "./requires.ts";
import { type Syscall, syscallsOf } from "./strace.ts";

// Inside the project, so that the bundle finds lmdb.
const bundle = join(import.meta.dirname, "../../node_modules/.cache/oksae-test/storage-server.mjs");
let folder = "";
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "programs/storage-server.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["lmdb"],
  });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-durable-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function launch(prefix: readonly string[] = []): ChildProcess {
  const args = [...prefix.slice(1), ...(prefix.length > 0 ? [process.execPath] : []), bundle, join(folder, "data")];
  return spawn(prefix[0] ?? process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
}

async function portOf(child: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    const port = /port (\d+)\n/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error("the program ended without a port");
}

function call(agent: Agent, port: number, method: string, key: string, body = ""): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: "127.0.0.1", method, path: `/${key}` }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      reply.on("error", reject).on("end", () => {
        if (reply.statusCode === 404) resolve(undefined);
        else if ((reply.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`${String(reply.statusCode)} ${text}`));
      });
    });
    sent.on("error", reject).end(body);
  });
}

async function running(): Promise<Running> {
  const child = launch();
  const port = await portOf(child);
  const agent = new Agent({ keepAlive: true });
  return {
    write: async (key, value) => {
      await call(agent, port, "PUT", key, value);
    },
    read: (key) => call(agent, port, "GET", key),
    kill: async () => {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await gone;
      }
      agent.destroy();
    },
  };
}

interface Trace {
  /** Positions in the log, by key. */
  readonly arrived: ReadonlyMap<string, number>;
  readonly replied: ReadonlyMap<string, number>;
  /** Start and end of each completed sync of the data pages. */
  readonly syncs: readonly Syscall[];
  /** Ends of the writes to the file descriptor that was opened with O_DSYNC: the meta page. */
  readonly metas: readonly number[];
}

function readTrace(log: string): Trace {
  const arrived = new Map<string, number>();
  const replied = new Map<string, number>();
  const syncs: Syscall[] = [];
  const metas: number[] = [];
  let dsync = "none";
  for (const call of syscallsOf(log)) {
    const { text, begin, end } = call;
    dsync = /^openat\(.*O_DSYNC.* = (\d+)$/.exec(text)?.[1] ?? dsync;
    if (/^(fdatasync|fsync|msync)\(/.test(text)) syncs.push({ begin, end, text });
    if (text.startsWith(`pwrite64(${dsync},`)) metas.push(end);
    note(arrived, /^read\(.*"PUT \/([\w/.-]+) HTTP/.exec(text), end);
    // A reply counts from its start: from then on its bytes may leave.
    note(replied, /^(?:write|writev|sendto|sendmsg)\(.*"HTTP\/1\.1 204.*x-key: ([\w/.-]+)/.exec(text), begin);
  }
  return { arrived, replied, syncs, metas };
}

function note(into: Map<string, number>, found: RegExpExecArray | null, at: number): void {
  const key = found?.[1];
  if (key !== undefined && !into.has(key)) into.set(key, at);
}

async function traced(writers: number, each: number): Promise<Trace> {
  const log = join(folder, "strace");
  const calls = "trace=openat,fdatasync,fsync,msync,pwrite64,read,write,writev,sendto,sendmsg";
  const child = launch(["strace", "-f", "-s", "300", "-e", calls, "-o", log]);
  const port = await portOf(child);
  const agent = new Agent({ keepAlive: true, maxSockets: writers });
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      for (let n = 0; n < each; n += 1) await call(agent, port, "PUT", `w${String(w)}-${String(n)}`, "value");
    }),
  );
  agent.destroy();
  const gone = new Promise((resolve) => child.once("exit", resolve));
  // strace itself holds signals back while it writes to a file: end what it watches.
  await call(new Agent(), port, "POST", "quit");
  await gone;
  return readTrace(await readFile(log, "utf8"));
}

/** A sync that began after the request had come and was over before the reply began, and the meta page after it. */
function covered({ arrived, replied, syncs, metas }: Trace, key: string): boolean {
  const from = arrived.get(key) ?? Number.POSITIVE_INFINITY;
  const to = replied.get(key) ?? -1;
  return syncs.some(({ begin, end }) => begin > from && end < to && metas.some((meta) => meta > end && meta < to));
}

requires("strace")(
  "every reply to a write follows a completed sync that covers it; one writer with 50 acknowledgements shows at least 50",
  async () => {
    const trace = await traced(1, 50);
    expect(trace.replied.size).toBe(50);
    expect([...trace.replied.keys()].filter((key) => !covered(trace, key))).toEqual([]);
    const [first = 0] = [...trace.arrived.values()];
    expect(trace.syncs.filter(({ begin }) => begin > first).length).toBeGreaterThanOrEqual(50);
    expect(trace.metas.filter((at) => at > first).length).toBeGreaterThanOrEqual(50);
  },
  60_000,
);

requires("strace")(
  "16 writers share syncs, and still no reply leaves before its own",
  async () => {
    const trace = await traced(16, 20);
    expect(trace.replied.size).toBe(320);
    expect([...trace.replied.keys()].filter((key) => !covered(trace, key))).toEqual([]);
    expect(trace.syncs.length).toBeLessThan(320);
  },
  60_000,
);

test("kill -9, 20 times, under 16 writers: no acknowledged write is lost", async () => {
  expect(await surviveKills({ start: running, cycles: 20, writers: 16 })).toBeGreaterThan(500);
}, 300_000);

test("a second process cannot open the directory, and is told who has it; after a kill it can", async () => {
  const first = launch();
  await portOf(first);
  const second = launch();
  let stderr = "";
  second.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const code = await new Promise((resolve) => second.once("exit", resolve));
  expect(code).not.toBe(0);
  expect(stderr).toContain(`is in use by process ${String(first.pid)}`);
  const gone = new Promise((resolve) => first.once("exit", resolve));
  first.kill("SIGKILL");
  await gone;
  const third = launch();
  expect(await portOf(third)).toBeGreaterThan(0);
  third.kill("SIGKILL");
}, 60_000);
