/**
 * The agent's benchmark: memory above bare Node in the same run, idle CPU, start to rendered, with ten items against our
 * own server with TLS, or any given one (it must be able to reach this machine, where EC2's stand-in listens):
 *   BASE_URL=https://127.0.0.1:8200 TOKEN=… node dist/bench-agent.mjs
 * MINUTES (default 5) is how long the agent runs before its memory is read, STARTS (default 9) how often it is started.
 */
import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { BUDGETS, judge } from "../budget.ts";
import { clientOf } from "../client.ts";
import { cpuSeconds, residentBytes } from "../process.ts";
import { addressOf, startServer, stop } from "../subjects.ts";
import { type Fleet, ITEMS, startFleet } from "./fleet.ts";

const { BASE_URL, TOKEN, MINUTES = "5", STARTS = "9" } = process.env;
const MIB = 2 ** 20;
/** Milliseconds after the files are in place: what a start costs is not idle. */
const SETTLE = 5_000;

async function measureStarts(fleet: Fleet): Promise<{ readonly first: number; readonly rendered: number }> {
  const firsts: number[] = [];
  const rendered: number[] = [];
  for (let i = 0; i < Number(STARTS); i += 1) {
    const boot = await fleet.boot();
    await stop(boot.agent);
    firsts.push(boot.first);
    rendered.push(boot.rendered);
  }
  return { first: median(firsts), rendered: median(rendered) };
}

interface Resting {
  /** Bytes, children included. */
  readonly agent: number;
  readonly bare: number;
  /** Share of one core. */
  readonly idle: number;
}

/** Agent and bare Node side by side, for the same time. */
async function measureResting(fleet: Fleet): Promise<Resting> {
  const bare = spawn(process.execPath, ["-e", "setInterval(() => undefined, 60_000)"], { stdio: "ignore" });
  const { agent } = await fleet.boot();
  try {
    const pid = agent.pid ?? 0;
    await wait(SETTLE);
    const [from, cpu] = [performance.now(), cpuSeconds(pid)];
    await wait(Math.max(1000, Number(MINUTES) * 60_000 - SETTLE));
    const seconds = (performance.now() - from) / 1000;
    const used = cpuSeconds(pid) - cpu;
    return { agent: residentBytes(pid), bare: residentBytes(bare.pid ?? 0), idle: used / seconds };
  } finally {
    await stop(agent);
    await stop(bare);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function measureAll(address: string, token: string): Promise<boolean> {
  const client = clientOf(address, token);
  const fleet = await startFleet(client.call, address);
  try {
    process.stdout.write(`${process.version}, ${String(ITEMS)} items, ${MINUTES} minutes, ${address}\n`);
    const starts = await measureStarts(fleet);
    process.stdout.write(
      `start to first file ${starts.first.toFixed(0)} ms, to all ${starts.rendered.toFixed(0)} ms\n`,
    );
    const { agent, bare, idle } = await measureResting(fleet);
    process.stdout.write(`agent ${(agent / MIB).toFixed(1)} MiB, bare Node ${(bare / MIB).toFixed(1)} MiB\n`);
    const verdicts = [
      judge(BUDGETS.memory, (agent - bare) / MIB),
      judge(BUDGETS.idle, idle * 100),
      judge(BUDGETS.start, starts.rendered),
    ];
    return verdicts.every((good) => good);
  } finally {
    client.close();
    await fleet.close();
  }
}

async function measureOwn(): Promise<boolean> {
  const server = await startServer(true);
  try {
    return await measureAll(addressOf(server.target), server.rootToken);
  } finally {
    await server.stop();
  }
}

process.exitCode = (await (BASE_URL === undefined ? measureOwn() : measureAll(BASE_URL, TOKEN ?? ""))) ? 0 : 1;
