/** What is measured: a bare node:http echo, our own server on LMDB with a file audit device, or a server that is given. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Json } from "../lib/wire/json.ts";
import { freePort } from "../test/fakes/free-port.ts";
import { clientOf } from "./client.ts";
import type { Target } from "./load.ts";

export interface Subject {
  readonly name: string;
  readonly target: Target;
  /** Whose CPU is counted. */
  readonly pid: number | undefined;
  readonly auditFile: string | undefined;
  readonly stop: () => Promise<void>;
}

export interface OwnServer extends Subject {
  readonly rootToken: string;
}

const FIXTURES = new URL("../test/fixtures/tls/", import.meta.url).pathname;
/** Self-signed for 127.0.0.1, so it is also what a client must trust. */
export const CERTIFICATE = join(FIXTURES, "one.cert.pem");
const KEY = join(FIXTURES, "one.key.pem");

const ANSWER = `(q, s) => { q.resume(); q.on("end", () => s.end('{"ok":true}')); }`;
const ECHO = `require("node:http").createServer(${ANSWER}).listen(+process.argv[1], "127.0.0.1")`;
const TLS_ECHO = `const { readFileSync: r } = require("node:fs"), [, port, cert, key] = process.argv;
require("node:https").createServer({ cert: r(cert), key: r(key) }, ${ANSWER}).listen(+port, "127.0.0.1")`;

export function addressOf({ tls, host, port }: Target): string {
  return `${tls ? "https" : "http"}://${host}:${String(port)}`;
}

/** A benchmark that breaks off takes its programs with it. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

export async function startEcho(tls: boolean): Promise<Subject> {
  const port = await freePort();
  const child = spawn(process.execPath, ["-e", tls ? TLS_ECHO : ECHO, String(port), CERTIFICATE, KEY], {
    stdio: "inherit",
  });
  endWithUs(child);
  await answers(port, child);
  return {
    name: tls ? "node:https" : "node:http",
    target: { tls, host: "127.0.0.1", port },
    pid: child.pid,
    auditFile: undefined,
    stop: () => stop(child),
  };
}

/** @returns our server, initialized and unsealed, its data in a folder that `stop` removes */
export async function startServer(tls: boolean): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), "oksae-bench-"));
  const port = await freePort();
  const auditFile = join(folder, "audit.log");
  const config = join(folder, "server.hcl");
  writeFileSync(config, serverConfig({ folder, port, auditFile, tls }));
  const program = new URL("./server.mjs", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, "-config", config], { stdio: "inherit" });
  endWithUs(child);
  await answers(port, child);
  const target = { tls, host: "127.0.0.1", port };
  return {
    name: tls ? "oksae (TLS)" : "oksae",
    target,
    pid: child.pid,
    auditFile,
    rootToken: await open(addressOf(target)),
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Setting {
  readonly folder: string;
  readonly port: number;
  readonly auditFile: string;
  readonly tls: boolean;
}

function serverConfig({ folder, port, auditFile, tls }: Setting): string {
  const listener = tls ? `tls_cert_file = "${CERTIFICATE}"\n  tls_key_file = "${KEY}"` : "tls_disable = true";
  return `storage "lmdb" {
  path = "${folder}/data"
}
listener "tcp" {
  address = "127.0.0.1:${String(port)}"
  ${listener}
}
audit "file" "file" {
  options {
    file_path = "${auditFile}"
  }
}
log_level = "error"
`;
}

/** Inits with one key share, unseals. @returns the root token */
async function open(address: string): Promise<string> {
  const client = clientOf(address, "");
  const init = await client.call("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
  const [key = ""] = init.get("keys") as readonly Json[];
  await client.call("PUT", "sys/unseal", { key });
  client.close();
  return init.get("root_token") as string;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (child.exitCode !== null) throw new Error("the program ended before it listened: see above");
    if (await takesConnection(port)) return;
    await wait(25);
  }
  throw new Error(`nothing listens on port ${String(port)}`);
}

function takesConnection(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => {
      resolve(false);
    });
  });
}
