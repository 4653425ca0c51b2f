/** A load generator that costs little itself: raw sockets, keep-alive, one request in flight on each. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Target {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

export interface Load {
  readonly target: Target;
  readonly connections: number;
  /** Milliseconds before anything is counted. */
  readonly warmUp: number;
  /** Milliseconds that are counted. */
  readonly measure: number;
  /** The bytes of the next request. */
  readonly next: () => Buffer;
  /** Called when the counted time begins. */
  readonly onMeasure: () => void;
}

export interface Result {
  readonly requests: number;
  readonly failures: number;
  /** Seconds that were counted. */
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** @returns what the counted time saw; a status of 400 and above is a failure */
export async function generate(load: Load): Promise<Result> {
  const latencies: number[] = [];
  let failures = 0;
  let counting = false;
  const start = performance.now();
  const end = start + load.warmUp + load.measure;
  const note = (latency: number, status: number): void => {
    if (!counting && performance.now() >= start + load.warmUp) {
      counting = true;
      load.onMeasure();
    }
    if (!counting) return;
    latencies.push(latency);
    if (status >= 400) failures += 1;
  };
  await Promise.all(Array.from({ length: load.connections }, () => drive(load, end, note)));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests: latencies.length, failures, seconds: load.measure / 1000, p50: at(0.5), p99: at(0.99) };
}

function drive(load: Load, end: number, note: (latency: number, status: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dial(load.target);
    let received: Buffer = Buffer.alloc(0);
    let sent = 0;
    const send = (): void => {
      sent = performance.now();
      socket.write(load.next());
    };
    socket.on("error", reject);
    socket.on(load.target.tls ? "secureConnect" : "connect", send);
    socket.on("data", (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const status = finished(received);
      if (status === undefined) return;
      received = Buffer.alloc(0);
      note(performance.now() - sent, status);
      if (performance.now() < end) send();
      else {
        socket.destroy();
        resolve();
      }
    });
  });
}

function dial(target: Target): Socket {
  const place = { host: target.host, port: target.port };
  const socket = target.tls ? connectTls({ ...place, rejectUnauthorized: false }) : connectTcp(place);
  socket.setNoDelay(true);
  return socket;
}

/** @returns the status once the whole reply is there: head, then Content-Length bytes or the last chunk */
function finished(bytes: Buffer): number | undefined {
  const head = bytes.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const text = bytes.toString("latin1", 0, head);
  const status = Number(text.slice(9, 12));
  if (status === 204) return status;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length !== undefined) return bytes.length >= head + 4 + Number(length) ? status : undefined;
  return bytes.subarray(-5).toString("latin1") === "0\r\n\r\n" ? status : undefined;
}
