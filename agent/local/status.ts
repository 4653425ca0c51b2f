/**
 * The daemon's state as a small file that `oksae agent status` reads: what is in place, what is wrong, since when. It
 * holds names, times and sentences, never a value, a token or a nonce.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import { Doorbell } from "../../lib/doorbell.ts";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { type EncodableRecord, type JsonMap, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";

const STATUS_FORMAT = 1;
/** Between two writes. */
const GAP = 1_000;

export interface StatusFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What is written; plain data. */
  readonly snapshot: () => EncodableRecord;
}

/** Keeps the file up to date, at most once a second; a folder that cannot be written to is worth one warning. */
export class StatusFile {
  readonly #options: StatusFileOptions;
  readonly #bell = new Doorbell();
  #last = "";
  #warned = false;

  constructor(options: StatusFileOptions) {
    this.#options = options;
  }

  look(): void {
    this.#bell.ring();
  }

  /** Runs until `signal` aborts; the file goes away then. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, path } = this.#options;
    try {
      for (;;) {
        await this.#write();
        await this.#bell.wait(clock, Infinity, signal);
        await clock.sleep(GAP, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async #write(): Promise<void> {
    const { clock, log, path, snapshot } = this.#options;
    const state = stringifyJson({ format: STATUS_FORMAT, ...snapshot() });
    if (state === this.#last) return;
    const text = stringifyJson({ format: STATUS_FORMAT, written: clock.now(), ...snapshot() });
    try {
      await replace(path, `${text}\n`);
      this.#last = state;
    } catch (error) {
      if (!this.#warned) log("warn", "status file cannot be written", { path, reason: describeErrno(error).text });
      this.#warned = true;
    }
  }
}

async function replace(path: string, text: string): Promise<void> {
  const staged = `${path}.new`;
  await rm(staged, { force: true });
  const handle = await open(staged, "wx", 0o640);
  try {
    await handle.writeFile(text, "utf8");
  } finally {
    await handle.close();
  }
  await rename(staged, path);
}

/** @throws Fault "not-found" when no agent runs here, "invalid" when the file is none of ours */
export async function readStatus(path: string): Promise<JsonMap> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, text: reason } = describeErrno(error);
    if (code === "ENOENT") throw new Fault("not-found", `no agent runs here: there is no ${path}`);
    throw new Fault("unavailable", `${path}: ${reason}`);
  }
  const status = parseJsonMap(text);
  const format = status.get("format");
  if (stringifyJson(format ?? null) !== String(STATUS_FORMAT)) {
    throw new Fault("invalid", `${path} has another format: use the oksae that runs as agent`);
  }
  return status;
}
