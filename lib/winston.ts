/** The log as winston writes it: one JSON object a line, or one line of text, on a stream. */
import type { Writable } from "node:stream";
import { createLogger, format } from "winston";
import Transport from "winston-transport";
import type { Clock } from "./clock.ts";
import type { Level, Log, LogFields } from "./log.ts";

export interface LogOptions {
  readonly level: Level;
  readonly format: "json" | "text";
  readonly stream: Writable;
  readonly clock: Clock;
}

/** @returns a `Log`; a stream that fails (a full disk, a closed pipe) loses lines and never stops the program. */
export function winstonLog(options: LogOptions): Log {
  const form = options.format === "json" ? format.json({ deterministic: false }) : format.printf(asText);
  const logger = createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: form,
    transports: [new StreamTransport(options.stream)],
    exitOnError: false,
  });
  options.stream.on("error", () => undefined);
  return (level, message, fields = {}) => {
    const shown: Record<string, unknown> = { time: new Date(options.clock.now()).toISOString(), level, message };
    for (const [name, value] of Object.entries(fields)) shown[name] = showField(value);
    logger.log(shown as { level: string; message: string });
  };
}

/** Where winston keeps the finished line (triple-beam's MESSAGE). */
const LINE = Symbol.for("message");

class StreamTransport extends Transport {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    super();
    this.#stream = stream;
  }

  override log(info: Readonly<Record<symbol, unknown>>, next: () => void): void {
    this.#stream.write(`${String(info[LINE])}\n`);
    next();
  }
}

function showField(value: LogFields[string]): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "object" ? value.toString() : value;
}

/** Name, message and cause chain; an error's own fields (requests, buffers) are never shown. */
export function describeError(error: Error): string {
  const text = `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${text} <- ${describeError(error.cause)}` : text;
}

function asText(info: Readonly<Record<string, unknown>>): string {
  const { time, level, message, ...fields } = info;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${quote(String(value))}`);
  return `${String(time)} ${String(level).toUpperCase()} ${String(message)}${rest.join("")}`;
}

function quote(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
