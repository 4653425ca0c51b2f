/**
 * Audit entries into a file or FIFO. Appends; notices that the file was removed before it acknowledges, and that another
 * took its place within a second; takes back what was written in part (a full disk); never waits on a full pipe
 * longer than the deadline. Source of what can go wrong: hashicorp/vault issues 18943, 31718, 5361.
 */
import { lstat } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { closeFile, codeOf, statFile, truncateFile, writeFile } from "./fs.ts";
import { openAuditFile } from "./opening.ts";
import type { Target } from "./queue.ts";

/** Milliseconds between two looks at what lies under the path. */
const LOOK_AGAIN = 1000;
/** Milliseconds between two tries on a full pipe. */
const TRY_AGAIN = 10;

export interface FileOptions {
  readonly path: string;
  /** undefined leaves the mode of an existing file alone. */
  readonly mode: number | undefined;
  /** Milliseconds for one write on a pipe that is full. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly log: Log;
}

export function fileTarget(options: FileOptions): Target {
  return new FileTarget(options);
}

class FileTarget implements Target {
  readonly #options: FileOptions;
  #fd: number | undefined;
  #stale = false;
  #looked = 0;
  /** A line on the FIFO was cut short: the next one begins on a line of its own. */
  #torn = false;

  constructor(options: FileOptions) {
    this.#options = options;
  }

  async put(bytes: Buffer): Promise<void> {
    if (this.#stale) await this.close();
    this.#stale = false;
    // Twice: a file that was removed is made anew, and what went into the removed one is written again.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      this.#fd ??= await this.#open();
      await this.#append(this.#fd, bytes);
      if (await this.#isThere(this.#fd)) return;
      this.#options.log("warn", "audit file was removed: making it anew", { path: this.#options.path });
      await this.close();
    }
    throw new Error("the file is removed as soon as it is made");
  }

  stale(): void {
    this.#stale = true;
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await closeFile(fd);
  }

  async #open(): Promise<number> {
    const { path, mode, log, clock } = this.#options;
    this.#looked = clock.monotonic();
    return openAuditFile(path, mode, (bytes) => {
      log("warn", "audit file ended in a torn line: cut it off", { path, bytes });
    });
  }

  async #append(fd: number, line: Buffer): Promise<void> {
    const bytes = this.#torn ? Buffer.concat([Buffer.from("\n"), line]) : line;
    let written = 0;
    try {
      const late = this.#options.clock.monotonic() + this.#options.deadline;
      while (written < bytes.length) written += await this.#some(fd, bytes, written, late);
      this.#torn = false;
    } catch (error) {
      if (written > 0) await this.#takeBack(fd, written);
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  async #some(fd: number, bytes: Buffer, offset: number, late: number): Promise<number> {
    try {
      return await writeFile(fd, bytes, offset);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      if (this.#options.clock.monotonic() >= late) throw new Error("nobody empties the pipe", { cause: error });
      await this.#options.clock.sleep(TRY_AGAIN, new AbortController().signal);
      return 0;
    }
  }

  /** Cuts off what is there of an entry that did not fit; where even that fails, opening the file again does it. */
  async #takeBack(fd: number, written: number): Promise<void> {
    try {
      const stats = await statFile(fd);
      if (stats.isFile()) await truncateFile(fd, stats.size - written);
      else this.#torn = true;
    } catch (error) {
      this.#options.log("error", "audit file keeps a torn line until it is opened again", {
        path: this.#options.path,
        error: error instanceof Error ? error : undefined,
      });
    }
  }

  async #isThere(fd: number): Promise<boolean> {
    const stats = await statFile(fd);
    if (stats.nlink === 0) return false;
    const now = this.#options.clock.monotonic();
    if (now - this.#looked < LOOK_AGAIN) return true;
    this.#looked = now;
    // Renamed: the entries are safe where they are, the next ones go to the path.
    const there = await lstat(this.#options.path).catch(() => undefined);
    if (there?.ino !== stats.ino || there.dev !== stats.dev) this.#stale = true;
    return true;
  }
}

/** The program's standard output, as it is: nothing to open, nothing to take back. */
export function stdoutTarget(): Target {
  return {
    async put(bytes) {
      let written = 0;
      while (written < bytes.length) written += await writeFile(1, bytes, written);
    },
    stale: () => undefined,
    close: () => Promise.resolve(),
  };
}
