/** A real server of our own: the built bundle as a process, on a folder and a port of its own, spoken to over HTTP. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../fakes/free-port.ts";

export const PROGRAM = join(import.meta.dirname, "../../dist/oksae.mjs");

export interface HouseReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One program that runs until it is killed; both its outputs go to `log`. */
export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly log: string;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

export interface HouseOptions {
  /** What the server is started under, such as strace with its arguments; it may write the file "strace". */
  readonly under?: (log: string) => readonly string[];
  readonly arguments?: readonly string[];
}

/** Close it at the end: it holds a folder and processes. */
export class House {
  readonly folder = mkdtempSync(join(tmpdir(), "oksae-house-"));
  readonly #options: HouseOptions;
  readonly #programs = new Set<Program>();
  #config = "";
  #agent = new Agent({ keepAlive: true });
  server: Program | undefined;
  port = 0;
  rootToken = "";
  keys: readonly string[] = [];

  constructor(options: HouseOptions = {}) {
    this.#options = options;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Beside storage and listener, from the next start on. */
  configure(text: string): void {
    this.#config = text;
  }

  /** Starts the server on the same folder and port each time, and waits until it answers. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    writeFileSync(
      this.path("server.hcl"),
      `storage "lmdb" { path = "${this.path("data")}" }
listener "tcp" {
  address     = "127.0.0.1:${this.port}"
  tls_disable = true
}
${this.#config}`,
      { mode: 0o600 },
    );
    const args = ["server", "-config", this.path("server.hcl"), ...(this.#options.arguments ?? [])];
    this.server = this.spawn("server", args, this.#options.under?.(this.path("strace")));
    await this.until("the server answers", 20, async () => {
      if (this.server?.child.exitCode !== null) throw new Error(`the server ended: ${this.logOf("server")}`);
      return (await this.health()) !== undefined;
    });
  }

  /** With one share; unsealed. */
  async init(): Promise<void> {
    const made = await this.must("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
    this.keys = made["keys_base64"] as string[];
    this.rootToken = made["root_token"] as string;
    await this.unseal();
  }

  async unseal(): Promise<void> {
    for (const key of this.keys) await this.must("PUT", "sys/unseal", { key });
  }

  /** SIGKILL, and the connections with it. */
  async kill(): Promise<void> {
    await this.server?.kill("SIGKILL");
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }

  /** As the root token unless `token` says otherwise ("" = none); `path` below /v1/. */
  request(method: string, path: string, data?: unknown, token = this.rootToken): Promise<HouseReply> {
    return send(this.#agent, `${this.address}/v1/${path}`, method, data, token);
  }

  /** @returns the reply's body. @throws what the server said when it is no success */
  async must(method: string, path: string, data?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const reply = await this.request(method, path, data);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body;
  }

  /** @returns the status, undefined when nobody answers */
  async health(): Promise<number | undefined> {
    try {
      return (await this.request("GET", "sys/health", undefined, "")).status;
    } catch {
      return undefined;
    }
  }

  /** A program of ours. `log` in the folder is appended to. */
  spawn(
    name: string,
    args: readonly string[],
    under: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Program {
    const log = this.path(`${name}.log`);
    const file = openSync(log, "a", 0o600);
    const [command = "", ...rest] = [...under, process.execPath, PROGRAM, ...args];
    const child = spawn(command, rest, {
      stdio: ["ignore", file, file],
      env: { PATH: process.env["PATH"] ?? "", HOME: this.folder, ...env },
    });
    closeSync(file);
    const gone = new Promise<void>((resolve) => {
      child.once("exit", () => {
        this.#programs.delete(program);
        resolve();
      });
    });
    const program: Program = {
      child,
      pid: child.pid ?? 0,
      log,
      kill: async (signal) => {
        child.kill(signal);
        await gone;
      },
    };
    this.#programs.add(program);
    return program;
  }

  logOf(name: string): string {
    return existsSync(this.path(`${name}.log`)) ? readFileSync(this.path(`${name}.log`), "utf8") : "";
  }

  async until(what: string, seconds: number, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!(await isTrue())) {
      if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
      await wait(20);
    }
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await Promise.all([...this.#programs].map((program) => program.kill("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function send(agent: Agent, url: string, method: string, data: unknown, token: string): Promise<HouseReply> {
  const headers = token === "" ? {} : { "X-Vault-Token": token };
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body, text });
      });
    });
    sent.on("error", reject).end(data === undefined ? undefined : JSON.stringify(data));
  });
}
