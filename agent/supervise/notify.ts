/**
 * Tells systemd how the agent is. Node has no datagram socket of the unix family, so `systemd-notify` sends the
 * messages; the unit needs NotifyAccess=all. Source: sd_notify(3), systemd-notify(1).
 */
import { spawn } from "node:child_process";
import type { Clock } from "../../lib/clock.ts";
import { Doorbell } from "../../lib/doorbell.ts";
import type { Log } from "../../lib/log.ts";

/** Sends one message of VARIABLE=VALUE fields. @returns whether it went out; must not throw */
export type Send = (fields: Readonly<Record<string, string>>) => Promise<boolean>;

const SEND_LIMIT = 10_000;

/** @param env what `systemd-notify` gets: NOTIFY_SOCKET and PATH */
export function systemdNotify(env: Readonly<Record<string, string>>): Send {
  return (fields) =>
    new Promise((resolve) => {
      const args = Object.entries(fields).map(([name, value]) => `${name}=${value.replace(/[\p{Cc}]+/gu, " ")}`);
      const child = spawn("systemd-notify", args, { env, stdio: "ignore", timeout: SEND_LIMIT });
      child.once("error", () => {
        resolve(false);
      });
      child.once("exit", (code) => {
        resolve(code === 0);
      });
    });
}

export interface ReadinessOptions {
  readonly send: Send;
  readonly clock: Clock;
  readonly log: Log;
  /** Why the agent is not ready yet, in one line; undefined = it is. */
  readonly blocker: () => string | undefined;
  /** One line for `systemctl status` once it is ready. */
  readonly summary: () => string;
  /** Milliseconds within which systemd wants a sign of life; undefined = it does not. */
  readonly watchdog: number | undefined;
}

/** While it is not ready: asked for again every `EXTEND_EVERY`, each time for `EXTEND_BY`. */
const EXTEND_EVERY = 15_000;
const EXTEND_BY = 60_000;
/** Between two messages that only tell news: each costs a process. */
const NEWS_GAP = 1_000;

export class Readiness {
  readonly #options: ReadinessOptions;
  readonly #bell = new Doorbell();
  #ready = false;
  #said = "";
  #warned = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Something has changed that `blocker` or `summary` may show. */
  look(): void {
    this.#bell.ring();
  }

  /** Runs until `signal` aborts; then says STOPPING. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#tell();
        await this.#wait(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.#send({ STOPPING: "1", STATUS: "stopping" });
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { clock, watchdog } = this.#options;
    const beat = Math.min(watchdog === undefined ? Infinity : watchdog / 2, this.#ready ? Infinity : EXTEND_EVERY);
    const rung = await this.#bell.wait(clock, beat, signal);
    // What unblocks goes out at once; all else that happens within a second is one message.
    if (rung && (this.#ready || this.#options.blocker() !== undefined)) await clock.sleep(NEWS_GAP, signal);
  }

  async #tell(): Promise<void> {
    const { blocker, summary, watchdog } = this.#options;
    const blocked = this.#ready ? undefined : blocker();
    const status = blocked ?? summary();
    const fields: Record<string, string> = watchdog === undefined ? {} : { WATCHDOG: "1" };
    if (status !== this.#said) fields["STATUS"] = status;
    if (blocked !== undefined) fields["EXTEND_TIMEOUT_USEC"] = String(EXTEND_BY * 1000);
    if (!this.#ready && blocked === undefined) fields["READY"] = "1";
    if (Object.keys(fields).length === 0) return;
    const sent = await this.#send(fields);
    if (!sent) return;
    this.#said = status;
    if (blocked === undefined) this.#ready = true;
  }

  async #send(fields: Readonly<Record<string, string>>): Promise<boolean> {
    const sent = await this.#options.send(fields);
    if (!sent && !this.#warned) {
      this.#warned = true;
      this.#options.log("warn", "systemd cannot be told: is systemd-notify installed?");
    }
    return sent;
  }
}
