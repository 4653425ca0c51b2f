/**
 * Removes access-list entries of instances that are gone for good. It never re-opens first use: an entry goes only
 * when AWS answers that its instance is terminated, or unknown to the very account it belongs to.
 * Source: Vault API, AWS auth method, "Tidy identity access list entries".
 */
import { schedule } from "node-cron";
import { untilAborted } from "../../../lib/daemon.ts";
import { toSeconds } from "../../../lib/duration.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { deleteRecord, flagIn, nothingHere, numberIn, readRecord, recordBytes } from "../record.ts";
import { ACCESS_LIST, type Entry, entryKey, namesOf, readEntry } from "./access-list.ts";
import { accessFor } from "./config-sts.ts";
import { isTerminated } from "./instance.ts";
import type { AwsState, Place } from "./state.ts";

const KEY = "config/tidy/identity-accesslist";
/** 72 hours. */
const SAFETY_BUFFER = 259_200_000;
/** Questions to EC2 at one time: they share calls. */
const AT_ONCE = 100;

export class Tidy {
  readonly #state: AwsState;
  #running = false;

  constructor(state: AwsState) {
    this.#state = state;
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
    const config = await readConfig(place.storage);
    if (config?.disabled !== true) this.start(place, config?.safetyBuffer ?? SAFETY_BUFFER, signal);
  }

  async #run(place: Place, safetyBuffer: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      const removed = await tidyAccessList(this.#state, place, safetyBuffer, signal);
      if (removed > 0) this.#state.env.log("info", "access list tidied", { removed });
    } catch (error) {
      this.#state.env.log("warn", "tidy of the access list failed", { error: error as Error });
    }
  }
}

/** @returns how many entries were removed */
async function tidyAccessList(
  state: AwsState,
  { storage }: Place,
  safetyBuffer: number,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  const due: Entry[] = [];
  const flush = async (): Promise<void> => {
    const results = await Promise.all(due.splice(0).map((entry) => removeIfGone(state, storage, entry)));
    removed += results.filter(Boolean).length;
  };
  for (const folder of await storage.list(ACCESS_LIST)) {
    for (const name of await namesOf(storage, folder.replace(/\/$/, ""))) {
      if (signal?.aborted === true) return removed;
      const entry = await readEntry(storage, name);
      if (entry !== undefined && state.env.clock.now() > entry.expirationTime + safetyBuffer) due.push(entry);
      if (due.length >= AT_ONCE) await flush();
    }
  }
  await flush();
  return removed;
}

async function removeIfGone(state: AwsState, storage: Place["storage"], entry: Entry): Promise<boolean> {
  const access = await accessFor(storage, entry.accountId, entry.region);
  try {
    if (!(await isTerminated(state, access, entry))) return false;
  } catch (error) {
    state.env.log("warn", "access-list entry kept: AWS gives no answer", {
      instance_id: entry.instanceId,
      error: error as Error,
    });
    return false;
  }
  return storage.transact(async (tx) => {
    const now = await readEntry(tx, entry);
    if (now?.lastUpdatedTime !== entry.lastUpdatedTime) return false;
    tx.delete(entryKey(entry));
    return true;
  });
}

interface TidyConfig {
  /** Milliseconds. */
  readonly safetyBuffer: number;
  readonly disabled: boolean;
}

async function readConfig(reader: Reader): Promise<TidyConfig | undefined> {
  const record = await readRecord(reader, KEY);
  if (record === undefined) return undefined;
  return { safetyBuffer: numberIn(record, "safetyBuffer", SAFETY_BUFFER), disabled: flagIn(record, "disabled") };
}

export function tidyRoutes(tidy: Tidy): readonly Route[] {
  return ["identity-accesslist", "identity-whitelist"].flatMap((name) => [configRoute(name), runRoute(name, tidy)]);
}

const BUFFER = {
  type: "duration",
  about: "Time that must have passed since an entry expired",
  default: toSeconds(SAFETY_BUFFER),
} as const;

function configRoute(name: string): Route {
  return route({
    path: `config/tidy/${name}`,
    about: "The hourly tidy of the access list",
    fields: {
      safety_buffer: BUFFER,
      disable_periodic_tidy: { type: "bool", about: "Leave it off", default: false },
    },
    exists: async (_, { storage }) => (await readConfig(storage)) !== undefined,
    on: {
      read: {
        about: "Reads the settings",
        run: async (_, { storage }) => {
          const config = await readConfig(storage);
          if (config === undefined) throw nothingHere();
          return {
            data: { safety_buffer: toSeconds(config.safetyBuffer), disable_periodic_tidy: config.disabled },
          };
        },
      },
      update: {
        about: "Changes the settings that are sent",
        run: async ({ safety_buffer: buffer, disable_periodic_tidy: disable }, { storage }) => {
          await storage.transact(async (tx) => {
            const before = await readConfig(tx);
            const safetyBuffer = buffer ?? before?.safetyBuffer ?? SAFETY_BUFFER;
            tx.put(KEY, recordBytes({ safetyBuffer, disabled: disable ?? before?.disabled ?? false }));
          });
          return undefined;
        },
      },
      delete: {
        about: "Back to the defaults",
        run: async (_, { storage }) => {
          await deleteRecord(storage, KEY);
          return undefined;
        },
      },
    },
  });
}

function runRoute(name: string, tidy: Tidy): Route {
  return route({
    path: `tidy/${name}`,
    about: "Tidies the access list now",
    fields: { safety_buffer: BUFFER },
    on: {
      update: {
        about: "Starts it in the background",
        run: ({ safety_buffer: buffer }, { storage, mount }): Promise<Reply> => {
          const started = tidy.start({ storage, mount }, buffer ?? SAFETY_BUFFER);
          const note = started
            ? "Tidy operation successfully started. Any information from the operation will be printed to the server logs."
            : "Tidy operation already in progress.";
          return Promise.resolve({ status: 202, warnings: [note] });
        },
      },
    },
  });
}
