/**
 * Removes secret ids that have ended, and those of deleted roles. What is due is found by time, so a round costs what it
 * removes, not what there is. Source: Vault API, AppRole auth method, "Tidy tokens".
 */
import { type EngineEnv, type Place, type Reply, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, readRecord } from "../../contract/record.ts";
import type { Storage } from "../../contract/storage.ts";
import { type Role, roleFrom } from "./role.ts";
import { GONE } from "./role-store.ts";
import { deleteExpired, deleteSecretId, EXPIRY, endOf, folderOf, hourOf } from "./secret-id.ts";

const EVERY = 60_000;
/** Secret ids that one transaction removes. */
const BATCH = 100;
/** Of one round; the rest waits for the next. */
const MOST = 10_000;

export class Sweep {
  readonly #env: EngineEnv;
  readonly #most: number;
  #running = false;

  /** @param most secret ids that one round removes */
  constructor(env: EngineEnv, most = MOST) {
    this.#env = env;
    this.#most = most;
  }

  /** Once a minute while `signal` lasts. */
  async run({ storage }: Place, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#env.clock.sleep(EVERY, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.start(storage, signal);
    }
  }

  /** @returns undefined when a round is under way already; else its end, and what goes wrong is in the log */
  start(storage: Storage, signal?: AbortSignal): Promise<void> | undefined {
    if (this.#running) return undefined;
    this.#running = true;
    return this.#round(storage, signal).finally(() => {
      this.#running = false;
    });
  }

  async #round(storage: Storage, signal: AbortSignal | undefined): Promise<void> {
    try {
      const removed = await this.#sweep(storage, signal);
      for (const uuid of await storage.list(GONE)) {
        const record = await readRecord(storage, GONE + uuid);
        if (record !== undefined && signal?.aborted !== true) await purge(storage, roleFrom(record));
      }
      if (removed > 0) this.#env.log("info", "secret ids tidied", { removed });
    } catch (error) {
      this.#env.log("warn", "tidy of secret ids failed", { error: error as Error });
    }
  }

  async #sweep(storage: Storage, signal: AbortSignal | undefined): Promise<number> {
    const now = this.#env.clock.now();
    let removed = 0;
    for (const hour of await storage.list(EXPIRY)) {
      if (hour > `${hourOf(now)}/`) break;
      const due = (await storage.list(EXPIRY + hour)).filter((name) => endOf(name) <= now);
      while (due.length > 0) {
        if (signal?.aborted === true || removed >= this.#most) return removed;
        const some = due.splice(0, Math.min(BATCH, this.#most - removed));
        await storage.transact(async (tx) => {
          for (const name of some) await deleteExpired(tx, EXPIRY + hour + name);
        });
        removed += some.length;
      }
    }
    return removed;
  }
}

/** Removes the secret ids of a deleted role, then the note that they have to go. Repeatable. */
export async function purge(storage: Storage, role: Role): Promise<void> {
  const hmacs = await storage.list(folderOf(role));
  for (let at = 0; at < hmacs.length; at += BATCH) {
    const some = hmacs.slice(at, at + BATCH);
    await storage.transact(async (tx) => {
      for (const hmac of some) await deleteSecretId(tx, role, hmac);
    });
  }
  await deleteRecord(storage, GONE + role.uuid);
}

export function tidyRoute(sweep: Sweep): Route {
  return route({
    path: "tidy/secret-id",
    about: "Removes secret ids that have ended now, not within the minute",
    fields: {},
    on: {
      update: {
        about: "Starts it in the background",
        run: (_, { storage }): Promise<Reply> => {
          const started = sweep.start(storage);
          if (started === undefined) return Promise.resolve({ warnings: ["Tidy operation already in progress."] });
          const note =
            "Tidy operation successfully started. Any information from the operation will be printed to the server logs.";
          return Promise.resolve({ status: 202, warnings: [note] });
        },
      },
    },
  });
}
