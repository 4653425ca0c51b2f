/**
 * What tidies the two lists has in common: its settings, its hourly turn, and the routes that start it at once.
 * Source: Vault API, AWS auth method, "Configure identity access list tidy operation" and the three after it.
 */
import { schedule } from "node-cron";
import { untilAborted } from "../../../lib/daemon.ts";
import { toSeconds } from "../../../lib/duration.ts";
import { mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, flagIn, nothingHere, numberIn, readRecord, recordBytes } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { AwsState, Place } from "./state.ts";

/** Of one run, whatever the list. Milliseconds: 72 hours. */
const SAFETY_BUFFER = 259_200_000;

/** One list and how it is tidied. */
export interface Chore {
  /** Vault's name for it and the one it had before; the first names the settings in storage. */
  readonly names: readonly [string, string];
  /** For the log. */
  readonly what: string;
  /** Of the hourly run. Milliseconds after its expiry that an entry is left alone. */
  readonly safetyBuffer: number;
  /** @returns how many entries were removed; ends early when `signal` aborts */
  readonly sweep: (state: AwsState, place: Place, safetyBuffer: number, signal?: AbortSignal) => Promise<number>;
}

export class Tidy {
  readonly #state: AwsState;
  readonly chore: Chore;
  #running = false;

  constructor(state: AwsState, chore: Chore) {
    this.#state = state;
    this.chore = chore;
  }

  /** @returns false when one is under way already. Ends by itself; what goes wrong is in the log. */
  start(place: Place, safetyBuffer: number, signal?: AbortSignal): boolean {
    if (this.#running) return false;
    this.#running = true;
    void this.#run(place, safetyBuffer, signal).finally(() => {
      this.#running = false;
    });
    return true;
  }

  /** Once an hour, at a minute of its own, while `signal` lasts. */
  async hourly(place: Place, signal: AbortSignal): Promise<void> {
    const minute = Math.floor(this.#state.env.random.fraction() * 60);
    const task = schedule(`${String(minute)} * * * *`, () => this.periodic(place, signal), { noOverlap: true });
    await untilAborted(signal);
    await task.destroy();
  }

  async periodic(place: Place, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const config = await readConfig(place.storage, this.chore);
    if (config?.disabled !== true) this.start(place, config?.safetyBuffer ?? this.chore.safetyBuffer, signal);
  }

  async #run(place: Place, safetyBuffer: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      const removed = await this.chore.sweep(this.#state, place, safetyBuffer, signal);
      if (removed > 0) this.#state.env.log("info", "list tidied", { list: this.chore.what, removed });
    } catch (error) {
      this.#state.env.log("warn", "tidy failed", { list: this.chore.what, error: error as Error });
    }
  }
}

interface TidyConfig {
  /** Milliseconds. */
  readonly safetyBuffer: number;
  readonly disabled: boolean;
}

const configKey = ({ names: [name] }: Chore): string => `config/tidy/${name}`;

async function readConfig(reader: Reader, chore: Chore): Promise<TidyConfig | undefined> {
  const record = await readRecord(reader, configKey(chore));
  if (record === undefined) return undefined;
  return { safetyBuffer: numberIn(record, "safetyBuffer", chore.safetyBuffer), disabled: flagIn(record, "disabled") };
}

export function tidyRoutes(tidy: Tidy): readonly Route[] {
  return tidy.chore.names.flatMap((name) => [configRoute(name, tidy.chore), runRoute(name, tidy)]);
}

const buffer = (ms: number) =>
  ({
    type: "duration",
    about: "Time that must have passed since an entry expired",
    default: toSeconds(ms),
  }) as const;

function configRoute(name: string, chore: Chore): Route {
  const key = configKey(chore);
  return route({
    path: `config/tidy/${name}`,
    about: `The hourly tidy of the ${chore.what}`,
    fields: {
      safety_buffer: buffer(chore.safetyBuffer),
      disable_periodic_tidy: { type: "bool", about: "Leave it off", default: false },
    },
    exists: async (_, { storage }) => (await readConfig(storage, chore)) !== undefined,
    on: {
      read: {
        about: "Reads the settings",
        run: async (_, { storage }) => {
          const config = await readConfig(storage, chore);
          if (config === undefined) throw nothingHere();
          return {
            data: { safety_buffer: toSeconds(config.safetyBuffer), disable_periodic_tidy: config.disabled },
          };
        },
      },
      update: {
        about: "Changes the settings that are sent",
        run: async ({ safety_buffer: sent, disable_periodic_tidy: disable }, { storage, call }) => {
          await storage.transact(async (tx) => {
            const before = await readConfig(tx, chore);
            mustStillBe(call, before !== undefined);
            const safetyBuffer = sent ?? before?.safetyBuffer ?? chore.safetyBuffer;
            tx.put(key, recordBytes({ safetyBuffer, disabled: disable ?? before?.disabled ?? false }));
          });
          return undefined;
        },
      },
      delete: {
        about: "Back to the defaults",
        run: async (_, { storage }) => {
          await deleteRecord(storage, key);
          return undefined;
        },
      },
    },
  });
}

function runRoute(name: string, tidy: Tidy): Route {
  return route({
    path: `tidy/${name}`,
    about: `Tidies the ${tidy.chore.what} now`,
    fields: { safety_buffer: buffer(SAFETY_BUFFER) },
    on: {
      update: {
        about: "Starts it in the background",
        run: ({ safety_buffer: sent }, { storage, mount }): Promise<Reply> => {
          const started = tidy.start({ storage, mount }, sent ?? SAFETY_BUFFER);
          const note = started
            ? "Tidy operation successfully started. Any information from the operation will be printed to the server logs."
            : "Tidy operation already in progress.";
          return Promise.resolve({ status: 202, warnings: [note] });
        },
      },
    },
  });
}
