/** A whole agent in the test's process: fake server, fake clock, real files in a folder of its own. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAgentConfig } from "../../agent/config/read.ts";
import { newScope } from "../../agent/config/scope.ts";
import type { AgentConfig, CommandConfig, TargetConfig } from "../../agent/config/types.ts";
import { dueCommands } from "../../agent/local/due.ts";
import { grantFromLogin } from "../../agent/login/method.ts";
import { placing } from "../../agent/placing.ts";
import { rendererOf } from "../../agent/renderer.ts";
import { Agent, type Machine } from "../../agent/run.ts";
import { parseConfig } from "../../lib/hcl/parse.ts";
import type { LogFields } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import { type FakeClock, fakeClock } from "../fakes/clock.ts";
import { fixedRandom } from "../fakes/random.ts";
import { type FakeVault, fakeVault } from "../fakes/vault.ts";

export interface Lab {
  readonly vault: FakeVault;
  readonly clock: FakeClock;
  readonly agent: Agent;
  readonly folder: string;
  readonly lines: string[];
  /** Commands run, by the last word of each. */
  readonly commands: string[];
  /** Ends the agent and removes the folder. */
  stop(): Promise<void>;
  /** Resolves when the agent has ended by itself. */
  readonly ended: Promise<void>;
  read(name: string): Promise<string>;
  mtime(name: string): Promise<bigint | undefined>;
}

export interface LabOptions {
  /** FOLDER in it stands for the lab's own. */
  readonly config: string;
  readonly prepare?: (vault: FakeVault) => void;
  readonly place?: (
    target: TargetConfig,
    text: Secret,
    usual: (t: TargetConfig, s: Secret) => Promise<boolean>,
  ) => Promise<boolean>;
  readonly runCommand?: (command: CommandConfig, signal: AbortSignal) => Promise<void>;
}

export async function startLab(options: LabOptions): Promise<Lab> {
  const vault = fakeVault();
  options.prepare?.(vault);
  const clock = fakeClock(1_700_000_000_000);
  const folder = await mkdtemp(join(tmpdir(), "oksae-lab-"));
  const lines: string[] = [];
  const commands: string[] = [];
  const text = options.config.replaceAll("FOLDER", folder);
  const config: AgentConfig = readAgentConfig([parseConfig(text, "lab.hcl")], newScope(new Map(), undefined));
  const place = options.place ?? ((target, secret, usual) => usual(target, secret));
  // Names of temporary files must differ, also those of fifty items.
  const real = placing(clock, systemRandom());
  const machine: Machine = {
    api: vault.api,
    method: {
      name: "fake",
      login: async (signal) => {
        const body = { pkcs7: "p", nonce: "n" };
        return grantFromLogin("login", await vault.api({ method: "POST", path: "auth/aws/login", body, signal }));
      },
    },
    clock,
    random: fixedRandom(),
    log: (level, message, fields: LogFields = {}) => {
      lines.push(`${level} ${message} ${Object.values(fields).map(String).join(" ")}`);
    },
    renderer: (item) => rendererOf(item, { clock, env: new Map() }),
    place: (target, secret, beforeSwap) => place(target, secret, (t, s) => real.place(t, s, beforeSwap)),
    due: dueCommands(join(folder, "status.json"), () => undefined),
    runCommand: async (command, _target, signal) => {
      commands.push(command.argv.at(-1) ?? "");
      await options.runCommand?.(command, signal);
    },
  };
  const agent = new Agent(config, machine);
  const stop = new AbortController();
  const ended = agent.run(stop.signal);
  return {
    vault,
    clock,
    agent,
    folder,
    lines,
    commands,
    ended,
    stop: async () => {
      stop.abort();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
    read: (name) => readFile(join(folder, name), "utf8"),
    mtime: async (name) => {
      try {
        return (await stat(join(folder, name), { bigint: true })).mtimeNs;
      } catch {
        return undefined;
      }
    },
  };
}

/** Real files take real time: waits, without moving the clock, until `done`. */
export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 10_000; i += 1) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  throw new Error("it did not happen within 40 s");
}
