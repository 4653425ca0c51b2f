/**
 * Load while the audit breaks, for a broker alone or a whole server: requests go on and on while `breaking` does its
 * work, and what counts afterwards is whether each one that was served is in the log.
 */
import { readFileSync, readSync } from "node:fs";

export interface Subject {
  /** One request. @returns its id when it was answered with data, undefined when it was refused */
  readonly serve: () => Promise<string | undefined>;
  /** Something that needs no audit and must go on answering. */
  readonly health: () => Promise<void>;
}

export interface Outcome {
  readonly served: ReadonlySet<string>;
  readonly refused: number;
  /** Milliseconds. */
  readonly slowestHealth: number;
}

const CLIENTS = 16;
/** Replies with data without which a run says nothing. */
export const LEAST_SERVED = 100;

/** @param breaking runs beside the load; it begins once enough was served, or at the first refusal */
export async function underLoad(subject: Subject, breaking: () => Promise<void>): Promise<Outcome> {
  const served = new Set<string>();
  let refused = 0;
  let slowestHealth = 0;
  let going = true;
  const client = async (): Promise<void> => {
    while (going) {
      const id = await subject.serve();
      if (id === undefined) refused += 1;
      else served.add(id);
      await pause(1);
    }
  };
  const probe = async (): Promise<void> => {
    while (going) {
      const start = performance.now();
      await subject.health();
      slowestHealth = Math.max(slowestHealth, performance.now() - start);
      await pause(5);
    }
  };
  const work = [...Array.from({ length: CLIENTS }, client), probe()];
  try {
    while (served.size <= LEAST_SERVED && refused === 0) await pause(5);
    await breaking();
    while (served.size <= LEAST_SERVED && (await subject.serve()) !== undefined) await pause(5);
  } finally {
    going = false;
    await Promise.all(work);
  }
  return { served, refused, slowestHealth };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ids of the response entries. @throws SyntaxError when a line is no JSON: the file must always parse */
export function auditedIds(texts: readonly string[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const text of texts) {
    if (text !== "" && !text.endsWith("\n")) throw new SyntaxError("the file ends in a torn line");
    for (const line of text.split("\n").filter((l) => l !== "")) {
      const entry = JSON.parse(line) as { type: string; request: { id: string } };
      if (entry.type === "response") ids.add(entry.request.id);
    }
  }
  return ids;
}

export const textOf = (file: string): string => readFileSync(file, "utf8");

/** All that `fd` gives without waiting. */
export function readAll(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let text = "";
  try {
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) text += buffer.toString("utf8", 0, n);
  } catch (error) {
    if (!String(error).includes("EAGAIN")) throw error;
  }
  return text;
}

export function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
