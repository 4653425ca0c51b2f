/** The demo's stage: folders, the real programs as processes of their own, and AWS's two services as stand-ins. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../fakes/free-port.ts";

const PROGRAM = new URL("./oksae.mjs", import.meta.url).pathname;

/** What a step throws when the story went otherwise. */
class WrongTurn extends Error {
  override readonly name = "WrongTurn";
}

export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new WrongTurn(what);
}

/** A finished command of `oksae`. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A running program of ours; its output goes to a file of the folder. */
export interface Running {
  readonly pid: number;
  readonly log: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<number | null>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "oksae-demo-"));
  readonly #running = new Set<ChildProcess>();
  port = 0;
  rootToken = "";

  get address(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  async open(): Promise<void> {
    this.port = await freePort();
    for (const name of ["agent.d", "out"]) mkdirSync(this.path(name), { mode: 0o700 });
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text, { mode: 0o600 });
    return this.path(name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** "0600" */
  mode(name: string): string {
    return (statSync(this.path(name)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  /** Changes whenever the file is written anew. */
  stamp(name: string): string {
    const { ino, mtimeMs } = statSync(this.path(name));
    return `${String(ino)}/${String(mtimeMs)}`;
  }

  /** Runs `oksae …` as a person would: the token in the environment. */
  run(args: readonly string[], stdin = ""): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [PROGRAM, ...args], {
        env: this.#environment({ OKSAE_TOKEN: this.rootToken }),
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.on("error", reject);
      child.on("close", (code) => {
        resolve({ code: code ?? 1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
      });
      child.stdin.end(stdin);
    });
  }

  /** As `run`, for what must succeed. @returns stdout */
  async must(args: readonly string[], stdin = ""): Promise<string> {
    const ran = await this.run(args, stdin);
    check(ran.code === 0, `oksae ${args.slice(0, 2).join(" ")} ended with ${String(ran.code)}: ${ran.err.trim()}`);
    return ran.out;
  }

  start(name: string, args: readonly string[]): Running {
    const log = this.path(`${name}.log`);
    const file = openSync(log, "a", 0o600);
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ["ignore", file, file],
      env: this.#environment({}),
    });
    closeSync(file);
    this.#running.add(child);
    const ended = new Promise<number | null>((resolve) => {
      child.once("exit", (code) => {
        this.#running.delete(child);
        resolve(code);
      });
    });
    return {
      pid: child.pid ?? 0,
      log,
      ended,
      kill: async (signal) => {
        child.kill(signal);
        await ended;
      },
    };
  }

  /** Waits for something to become true. @throws WrongTurn naming it after `seconds` */
  async until(what: string, seconds: number, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!(await isTrue())) {
      check(performance.now() < end, `${what}: not within ${String(seconds)} s`);
      await wait(50);
    }
  }

  /** The end of each program's log, for a story that went wrong. */
  lastLines(): string {
    const ends = ["server", "agent"].filter((name) => this.exists(`${name}.log`));
    return ends
      .map((name) => `${name}: ${this.read(`${name}.log`).trimEnd().split("\n").slice(-6).join(`\n${name}: `)}`)
      .join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await ended;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }

  #environment(more: Readonly<Record<string, string>>): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", HOME: this.folder, OKSAE_ADDR: this.address, ...more };
  }
}
