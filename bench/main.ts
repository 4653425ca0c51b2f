/**
 * The server's benchmark, for any server that speaks Vault's API:
 *   BASE_URL=http://127.0.0.1:8200 TOKEN=… SERVER_PID=… AUDIT_FILE=… node dist/bench.mjs
 * Without BASE_URL it starts our own server on LMDB with a file audit device, plain and with TLS. Beside it runs a bare
 * node:http echo in the same run, the ratio to which is what can be compared between machines. SECONDS and WARM_UP shorten it.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { casesOf } from "./cases.ts";
import { generate, type Result, type Target } from "./load.ts";
import { prepare } from "./prepare.ts";
import { cpuSeconds } from "./process.ts";
import { type Subject, startEcho, startServer } from "./subjects.ts";

const CONNECTIONS = 16;
const measure = Number(process.env["SECONDS"] ?? "30") * 1000;
const warmUp = Number(process.env["WARM_UP"] ?? "10") * 1000;

interface Row {
  readonly server: string;
  readonly name: string;
  readonly result: Result;
  /** Microseconds of CPU a request, all threads; undefined when the process is not ours to see. */
  readonly cpu: number | undefined;
  readonly auditLines: number | undefined;
}

async function measureCase(subject: Subject, name: string, next: () => Buffer): Promise<Row> {
  let cpuBefore = 0;
  let auditedBefore = 0;
  const result = await generate({
    target: subject.target,
    connections: CONNECTIONS,
    warmUp,
    measure,
    next,
    onMeasure: () => {
      cpuBefore = subject.pid === undefined ? 0 : cpuSeconds(subject.pid);
      auditedBefore = subject.auditFile === undefined ? 0 : statSync(subject.auditFile).size;
    },
  });
  const cpu = subject.pid === undefined ? undefined : ((cpuSeconds(subject.pid) - cpuBefore) * 1e6) / result.requests;
  const auditLines = subject.auditFile === undefined ? undefined : countLines(subject.auditFile, auditedBefore);
  return { server: subject.name, name, result, cpu, auditLines };
}

/** Lines from byte `offset` to the end, read in pieces: the file outgrows what a string may hold. */
function countLines(file: string, offset: number): number {
  const handle = openSync(file, "r");
  const piece = Buffer.alloc(1 << 20);
  let lines = 0;
  for (let at = offset; ; ) {
    const size = readSync(handle, piece, 0, piece.length, at);
    if (size === 0) break;
    at += size;
    for (const byte of piece.subarray(0, size)) if (byte === 10) lines += 1;
  }
  closeSync(handle);
  return lines;
}

function print(row: Row, echo: number): void {
  const { result } = row;
  const rate = result.requests / result.seconds;
  const cells = [
    row.server.padEnd(12),
    row.name.padEnd(13),
    `${rate.toFixed(0)} req/s`.padStart(13),
    `p50 ${result.p50.toFixed(2)} ms`.padStart(13),
    `p99 ${result.p99.toFixed(2)} ms`.padStart(13),
    row.cpu === undefined ? "".padStart(17) : `${row.cpu.toFixed(1)} µs CPU/req`.padStart(17),
    row.cpu === undefined ? "" : `${(row.cpu / echo).toFixed(2)}× echo`.padStart(12),
    row.auditLines === undefined ? "" : `${(row.auditLines / result.requests).toFixed(2)} audit lines/req`,
    result.failures === 0 ? "" : `${String(result.failures)} FAILED`,
  ];
  process.stdout.write(`${cells.join(" ")}\n`);
}

async function measureAll(subject: Subject, token: string, echo: number): Promise<void> {
  const prepared = await prepare(subject, token);
  for (const { name, next } of casesOf(prepared)) print(await measureCase(subject, name, next), echo);
}

function targetOf(url: string): Target {
  const parsed = new URL(url);
  const tls = parsed.protocol === "https:";
  if (!["127.0.0.1", "localhost", "::1", "[::1]"].includes(parsed.hostname))
    throw new Error("load goes to this machine only");
  return { tls, host: parsed.hostname, port: Number(parsed.port || (tls ? 443 : 80)) };
}

process.stdout.write(
  `${process.version}, ${String(cpus().length)} cores, ${String(measure / 1000)} s a case, ${String(CONNECTIONS)} connections\n`,
);
const echoServer = await startEcho();
const get = Buffer.from("GET /v1/sys/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const echo = await measureCase(echoServer, "echo", () => get);
await echoServer.stop();
const perEcho = echo.cpu ?? 1;
print(echo, perEcho);

const { BASE_URL, TOKEN, SERVER_PID, AUDIT_FILE } = process.env;
if (BASE_URL !== undefined) {
  const pid = SERVER_PID === undefined ? undefined : Number(SERVER_PID);
  await measureAll(
    { name: "given", target: targetOf(BASE_URL), pid, auditFile: AUDIT_FILE, stop: () => Promise.resolve() },
    TOKEN ?? "",
    perEcho,
  );
} else {
  for (const tls of [false, true]) {
    const server = await startServer(tls);
    await measureAll(server, server.rootToken, perEcho);
    await server.stop();
  }
}
