/** Start-up hygiene, proven on real processes: a debugger that cannot be opened, core dumps without memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { build } from "esbuild";
import { type HardenedProcess, harden } from "../../lib/hygiene.ts";

const program = join(import.meta.dirname, "../fixtures/hygiene-program.mjs");
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-hygiene-"));
  await build({
    entryPoints: [join(import.meta.dirname, "../../lib/hygiene.ts")],
    outfile: join(folder, "hygiene.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(script: string, flags: readonly string[] = [], env: Record<string, string> = {}): ChildProcess {
  const clean = { ...process.env, NODE_OPTIONS: "", ...env };
  return spawn(process.execPath, [...flags, script, join(folder, "hygiene.mjs")], { env: clean });
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text;
}

async function outcome(child: ChildProcess): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { code, stderr };
}

/** Inodes of the TCP sockets in state LISTEN (0A) that `pid` has open. */
async function listening(pid: number): Promise<string[]> {
  const inodes = new Set<string>();
  for (const table of ["tcp", "tcp6"]) {
    const lines = (await readFile(`/proc/${String(pid)}/net/${table}`, "utf8")).split("\n").slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === "0A" && fields[9] !== undefined) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  const names = await readdir(`/proc/${String(pid)}/fd`);
  const links = await Promise.all(names.map((fd) => readlink(`/proc/${String(pid)}/fd/${fd}`).catch(() => "")));
  return links.filter((link) => inodes.has(link));
}

test("after SIGUSR1 a hardened process lives on and nothing listens", async () => {
  const child = start(program);
  try {
    expect(JSON.parse(await firstLine(child))).toEqual({ warnings: [], umask: 0o077, filter: "00000000" });
    for (let i = 0; i < 3; i += 1) {
      child.kill("SIGUSR1");
      await delay(150);
    }
    expect(await listening(child.pid ?? 0)).toEqual([]);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill("SIGKILL");
  }
});

test("the check sees the debugger of a process that is not hardened", async () => {
  const child = spawn(process.execPath, ["--inspect-port=0", "-e", "console.log('up'); setInterval(() => 0, 1000)"]);
  try {
    await firstLine(child);
    child.kill("SIGUSR1");
    for (let i = 0; i < 40 && (await listening(child.pid ?? 0)).length === 0; i += 1) await delay(50);
    expect(await listening(child.pid ?? 0)).toHaveLength(1);
  } finally {
    child.kill("SIGKILL");
  }
});

test("NODE_OPTIONS ends a real process with a sentence", async () => {
  const { code, stderr } = await outcome(start(program, [], { NODE_OPTIONS: "--no-deprecation" }));
  expect(code).toBe(2);
  expect(stderr).toContain("NODE_OPTIONS is set");
});

test("an inspector flag ends a real process with a sentence", async () => {
  const { code, stderr } = await outcome(start(program, ["--inspect=127.0.0.1:0"]));
  expect(code).toBe(2);
  expect(stderr).toContain("node was started with --inspect");
});

function fake(change: Partial<HardenedProcess>): HardenedProcess {
  return { execArgv: [], env: {}, umask: () => 0, on: () => undefined, writeFile: () => undefined, ...change };
}

test.each([
  ["--inspect", false],
  ["--inspect=0", false],
  ["--inspect-brk", false],
  ["--inspect_brk=127.0.0.1:9229", false],
  ["--heapsnapshot-signal=SIGUSR2", false],
  ["--report_on_signal", false],
  ["-r", false],
  ["--require=./x.js", false],
  ["--import", false],
  ["--disable-warning=ExperimentalWarning", true],
  ["--max-old-space-size=256", true],
  ["--disable-sigusr1", true],
])("node flag %s", (flag, allowed) => {
  const run = (): unknown => harden(fake({ execArgv: ["--no-deprecation", flag] }));
  if (allowed) expect(run()).toEqual([]);
  else expect(run).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test.each([
  [undefined, true],
  ["", true],
  [" ", true],
  ["--no-deprecation", false],
])("NODE_OPTIONS = %j", (value, allowed) => {
  const run = (): unknown => harden(fake({ env: { NODE_OPTIONS: value } }));
  if (allowed) expect(run()).toEqual([]);
  else expect(run).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("a coredump filter that cannot be written is a warning", () => {
  const warnings = harden(
    fake({
      writeFile: () => {
        throw new Error("EROFS");
      },
    }),
  );
  expect(warnings).toHaveLength(1);
});
