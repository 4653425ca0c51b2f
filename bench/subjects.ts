/** What is measured: a bare node:http echo, and our own server on LMDB with a file audit device. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { systemClock } from "../lib/clock.ts";
import { Secret } from "../lib/secret.ts";
import { type WireClient, wireClient } from "../lib/wire/client.ts";
import type { Json } from "../lib/wire/json.ts";
import type { Target } from "./load.ts";

export interface Subject {
  readonly name: string;
  readonly target: Target;
  /** Whose CPU is counted. */
  readonly pid: number | undefined;
  readonly auditFile: string | undefined;
  readonly stop: () => Promise<void>;
}

const ECHO = `require("node:http").createServer((q, s) => { q.resume(); q.on("end", () => s.end('{"ok":true}')); }).listen(+process.argv[1], "127.0.0.1")`;

export async function startEcho(): Promise<Subject> {
  const port = await freePort();
  const child = spawn(process.execPath, ["-e", ECHO, String(port)], { stdio: "inherit" });
  await answers(port);
  return {
    name: "node:http",
    target: { tls: false, host: "127.0.0.1", port },
    pid: child.pid,
    auditFile: undefined,
    stop: () => stop(child),
  };
}

/** @returns our server, initialized and unsealed, its data in a folder that `stop` removes */
export async function startServer(tls: boolean): Promise<Subject & { readonly rootToken: string }> {
  const folder = mkdtempSync(join(tmpdir(), "oksae-bench-"));
  const port = await freePort();
  const fixtures = new URL("../test/fixtures/tls/", import.meta.url).pathname;
  const listener = tls
    ? `tls_cert_file = "${fixtures}server.crt"\n  tls_key_file = "${fixtures}server.key"`
    : "tls_disable = true";
  const auditFile = join(folder, "audit.log");
  const config = join(folder, "server.hcl");
  writeFileSync(
    config,
    `storage "lmdb" {\n  path = "${folder}/data"\n}\nlistener "tcp" {\n  address = "127.0.0.1:${String(port)}"\n  ${listener}\n}\naudit "file" "file" {\n  file_path = "${auditFile}"\n}\nlog_level = "error"\n`,
  );
  const child = spawn(process.execPath, [new URL("./server.mjs", import.meta.url).pathname, "-config", config], {
    stdio: "inherit",
  });
  await answers(port);
  const address = `${tls ? "https" : "http"}://127.0.0.1:${String(port)}`;
  const client = wireClient({ address, clock: systemClock, tls: { skipVerify: true } });
  const rootToken = await open(client);
  client.close();
  return {
    name: tls ? "oksae (TLS)" : "oksae",
    target: { tls, host: "127.0.0.1", port },
    pid: child.pid,
    auditFile,
    rootToken,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function open(client: WireClient): Promise<string> {
  const never = new AbortController().signal;
  const init = await client.request(
    { method: "PUT", path: "sys/init", body: { secret_shares: 1, secret_threshold: 1 } },
    never,
  );
  const keys = init.body?.get("keys") as readonly Json[];
  await client.request({ method: "PUT", path: "sys/unseal", body: { key: keys[0] as string } }, never);
  return init.body?.get("root_token") as string;
}

/** The client that `prepare` speaks through. */
export function clientOf(
  subject: Subject,
  token: string,
): (method: "GET" | "POST", path: string, body?: Json | Record<string, Json>) => Promise<ReadonlyMap<string, Json>> {
  const { tls, host, port } = subject.target;
  const client = wireClient({
    address: `${tls ? "https" : "http"}://${host}:${String(port)}`,
    clock: systemClock,
    tls: { skipVerify: true },
  });
  const never = new AbortController().signal;
  return async (method, path, body) => {
    const reply = await client.request(
      { method, path, token: new Secret(token), ...(body === undefined ? {} : { body }) },
      never,
    );
    return reply.body ?? new Map<string, Json>();
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answers(port: number): Promise<void> {
  const { connect } = await import("node:net");
  for (let tries = 0; tries < 200; tries += 1) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => {
        resolve(false);
      });
    });
    if (up) return;
    await wait(50);
  }
  throw new Error(`nothing listens on port ${String(port)}`);
}
