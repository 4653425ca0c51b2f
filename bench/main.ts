/**
 * The server's benchmark, for any server that speaks Vault's API:
 *   BASE_URL=http://127.0.0.1:8200 TOKEN=… [SERVER_PID=…] [AUDIT_FILE=…] [EC2_PORT=…] node dist/bench.mjs
 * SERVER_PID and AUDIT_FILE add CPU and audit lines; EC2_PORT adds logins (0 = any port): there our EC2 stand-in
 * listens, and an aws method of its own, mounted beside what is there, is pointed at it. Without BASE_URL our own server
 * runs on LMDB with a file audit device, plain and with TLS. Beside each runs a bare node:http (node:https) echo in the
 * same run: the ratio to it is what can be compared between machines.
 * SECONDS and WARM_UP shorten it, CASES=read picks cases by a part of their name.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { BUDGETS, judge } from "./budget.ts";
import { type Case, casesOf } from "./cases.ts";
import { clientOf } from "./client.ts";
import { startCloud } from "./cloud.ts";
import { generate, type Result, type Target } from "./load.ts";
import { prepare } from "./prepare.ts";
import { cpuSeconds } from "./process.ts";
import { addressOf, type Subject, startEcho, startServer } from "./subjects.ts";

const CONNECTIONS = 16;
const { BASE_URL, TOKEN, SERVER_PID, AUDIT_FILE, EC2_PORT, CASES = "", SECONDS = "30", WARM_UP = "10" } = process.env;
const measure = Number(SECONDS) * 1000;
const warmUp = Number(WARM_UP) * 1000;

interface Row {
  readonly server: string;
  readonly measured: Case;
  readonly result: Result;
  /** Microseconds of CPU a request, all threads; undefined when the process is not ours to see. */
  readonly cpu: number | undefined;
  /** A request. */
  readonly auditLines: number | undefined;
}

async function measureCase(subject: Subject, measured: Case): Promise<Row> {
  const { pid, auditFile, target, name } = subject;
  let cpuBefore = 0;
  let auditedBefore = 0;
  const result = await generate({
    target,
    connections: CONNECTIONS,
    warmUp,
    measure,
    next: measured.next,
    onMeasure: () => {
      cpuBefore = pid === undefined ? 0 : cpuSeconds(pid);
      auditedBefore = auditFile === undefined ? 0 : statSync(auditFile).size;
    },
  });
  const { requests } = result;
  const cpu = pid === undefined ? undefined : ((cpuSeconds(pid) - cpuBefore) * 1e6) / requests;
  const auditLines = auditFile === undefined ? undefined : countLines(auditFile, auditedBefore) / requests;
  return { server: name, measured, result, cpu, auditLines };
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

/**
 * @param rows those before it
 * @returns whether every request was answered and audited as it must be
 */
function print({ server, measured, result, cpu, auditLines }: Row, echo: number, rows: readonly Row[] = []): boolean {
  const rate = result.requests / result.seconds;
  // A request in flight when the counting begins or ends may have its lines on the other side.
  const edge = (4 * CONNECTIONS) / result.requests;
  const complete = auditLines === undefined || Math.abs(auditLines - measured.audited) <= edge;
  const plain = rows.find((row) => row.measured.name === measured.beside)?.cpu;
  const cells = [
    server.padEnd(12),
    measured.name.padEnd(18),
    `${rate.toFixed(0)} req/s`.padStart(13),
    `p50 ${result.p50.toFixed(2)} ms`.padStart(13),
    `p99 ${result.p99.toFixed(2)} ms`.padStart(13),
    (cpu === undefined ? "" : `${cpu.toFixed(1)} µs CPU/req`).padStart(19),
    (cpu === undefined ? "" : `${(cpu / echo).toFixed(2)}× echo`).padStart(12),
    auditLines === undefined ? "" : ` ${auditLines.toFixed(2)} audit lines/req`,
    cpu === undefined || plain === undefined ? "" : ` ${(cpu / plain).toFixed(2)}× ${String(measured.beside)}`,
    complete ? "" : ` MUST BE ${String(measured.audited)}`,
    result.failures === 0 ? "" : ` ${String(result.failures)} FAILED`,
  ];
  process.stdout.write(`${cells.join(" ").trimEnd()}\n`);
  return complete && result.failures === 0;
}

/** @returns the echo's CPU a request, microseconds */
async function measureEcho(tls: boolean): Promise<number> {
  const echo = await startEcho(tls);
  const bytes = Buffer.from("GET /v1/sys/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const row = await measureCase(echo, { name: "echo", audited: 0, next: () => bytes });
  await echo.stop();
  const cpu = row.cpu ?? Number.NaN;
  print(row, cpu);
  return cpu;
}

interface Measured {
  readonly good: boolean;
  /** Microseconds of CPU for a kv-v2 read; undefined when it was not measured. */
  readonly read: number | undefined;
}

async function measureAll(subject: Subject, token: string, ec2Port: number | undefined): Promise<Measured> {
  const echo = await measureEcho(subject.target.tls);
  const client = clientOf(addressOf(subject.target), token);
  const prepared = await prepare(client.call);
  const cloud = ec2Port === undefined ? undefined : await startCloud(client.call, ec2Port);
  const rows: Row[] = [];
  let good = true;
  for (const one of casesOf({ ...prepared, cloud }).filter(({ name }) => name.includes(CASES))) {
    await one.around?.set();
    const row = await measureCase(subject, one);
    await one.around?.unset();
    good = print(row, echo, rows) && good;
    rows.push(row);
  }
  client.close();
  await cloud?.close();
  return { good, read: rows.find(({ measured }) => measured.name === "kv-v2 read")?.cpu };
}

function targetOf(url: string): Target {
  const parsed = new URL(url);
  const tls = parsed.protocol === "https:";
  if (!["127.0.0.1", "localhost", "[::1]"].includes(parsed.hostname)) {
    throw new Error("load goes to this machine only: run the benchmark beside the server");
  }
  return { tls, host: parsed.hostname.replace(/[[\]]/g, ""), port: Number(parsed.port || (tls ? 443 : 80)) };
}

async function measureGiven(url: string): Promise<boolean> {
  const pid = SERVER_PID === undefined ? undefined : Number(SERVER_PID);
  const subject = { name: "given", target: targetOf(url), pid, auditFile: AUDIT_FILE, stop: () => Promise.resolve() };
  const { good } = await measureAll(subject, TOKEN ?? "", EC2_PORT === undefined ? undefined : Number(EC2_PORT));
  return good;
}

/** The budget is for the plain listener: what TLS adds is the echo's too. */
async function measureOwn(): Promise<boolean> {
  let good = true;
  let read: number | undefined;
  for (const tls of [false, true]) {
    const server = await startServer(tls);
    try {
      const measured = await measureAll(server, server.rootToken, 0);
      good = measured.good && good;
      if (!tls) read = measured.read;
    } finally {
      await server.stop();
    }
  }
  return read === undefined ? good : judge(BUDGETS.read, read) && good;
}

process.stdout.write(
  `${process.version}, ${String(cpus().length)} cores, ${SECONDS} s a case, ${String(CONNECTIONS)} connections\n`,
);
process.exitCode = (await (BASE_URL === undefined ? measureOwn() : measureGiven(BASE_URL))) ? 0 : 1;
