/** A toy core behind the real handler behind the real listener, on loopback; and raw HTTP to talk to it. */
import { connect } from "node:net";
import { systemClock } from "../../../lib/clock.ts";
import type { LogFields } from "../../../lib/log.ts";
import { systemRandom } from "../../../lib/random.ts";
import { type WireOptions, wireClient } from "../../../lib/wire/client.ts";
import type { ListenerConfig } from "../../../server/contract/listener.ts";
import { type HttpHandler, type HttpOptions, httpHandler } from "../../../server/http/handler.ts";
import { type Listening, listen } from "../../../server/listen/listen.ts";
import { type ToyCore, toyCore } from "../../fakes/toy-core.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface Serving {
  readonly core: ToyCore;
  readonly handler: HttpHandler;
  readonly listening: Listening;
  readonly lines: LogLine[];
  readonly client: ReturnType<typeof wireClient>;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export async function serving(
  config: ListenerConfig = { kind: "tcp", host: "127.0.0.1", port: 0 },
  options: Partial<HttpOptions> = {},
  clientOptions: Partial<WireOptions> = {},
): Promise<Serving> {
  const lines: LogLine[] = [];
  const log = (level: string, message: string, fields: LogFields = {}): void => {
    lines.push({ level, message, fields });
  };
  const core = toyCore();
  const ports = { log, clock: systemClock };
  const handler = httpHandler(core, { ...ports, random: systemRandom(), limits: config, ...options });
  const listening = await listen(config, handler, ports);
  const client = wireClient({ address: listening.address, clock: systemClock, ...clientOptions });
  const port = Number(/:(\d+)$/.exec(listening.address)?.[1] ?? "0");
  const stop = async (): Promise<void> => {
    client.close();
    await listening.close(1000);
  };
  return { core, handler, listening, lines, client, port, stop };
}

export interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly all: string;
}

/** Sends `text` as it is and reads a whole reply, or until the server closes, or `ms` pass without a byte. */
export function raw(port: number, text: string | Buffer, ms = 20_000): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const isHead = text.toString().startsWith("HEAD ");
    let all = "";
    socket.on("data", (chunk) => {
      all += chunk.toString("utf8");
      if (complete(all, isHead)) finish();
    });
    const finish = (): void => {
      socket.destroy();
      resolve(parse(all));
    };
    socket.setTimeout(ms, finish);
    socket.on("error", finish);
    socket.on("close", finish);
    socket.write(text);
  });
}

function complete(all: string, isHead: boolean): boolean {
  const end = all.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (isHead) return true;
  const length = /^content-length: (\d+)$/im.exec(all.slice(0, end))?.[1];
  return length === undefined
    ? all.slice(0, 20).includes(" 204 ")
    : Buffer.byteLength(all.slice(end + 4)) >= Number(length);
}

function parse(all: string): RawReply {
  const end = all.indexOf("\r\n\r\n");
  const [status = "", ...lines] = all.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  return { status: Number(status.split(" ")[1] ?? "0"), headers, body: all.slice(end + 4), all };
}

/** One request's text. */
export function http(method: string, target: string, headers: readonly string[] = [], body = ""): string {
  const length = body === "" ? [] : [`Content-Length: ${String(Buffer.byteLength(body))}`];
  return [`${method} ${target} HTTP/1.1`, "Host: x", ...headers, ...length, "", body].join("\r\n");
}
