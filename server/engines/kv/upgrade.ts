/**
 * A mount of version 1 that has become version 2: every secret that still lies under version 1's keys becomes the next
 * version of itself, one transaction each, so that a crash in between leaves each secret in exactly one of the two. Until
 * none is left the mount answers nothing else. Source: Vault's page "KV secrets engine, version 2", "Upgrade from version 1".
 */

import type { Clock } from "../../../lib/clock.ts";
import { Fault, toFault } from "../../../lib/fault.ts";
import type { Log } from "../../../lib/log.ts";
import { decodeStored } from "../../../lib/stored.ts";
import type { EngineEnv, Handler, Place, Route } from "../../contract/engine.ts";
import { upgrading } from "../../contract/mounts.ts";
import type { Storage, Transaction } from "../../contract/storage.ts";
import { dataKey, encodeData, encodeMeta, META_ROOT, newMeta, readConfig, readMeta } from "./record.ts";
import { V1_FORMAT, V1_ROOT } from "./v1.ts";
import { addVersion } from "./versions.ts";

export class Upgrade {
  readonly #clock: Clock;
  readonly #log: Log;
  #done = false;
  #found: Promise<boolean> | undefined;

  constructor({ clock, log }: Pick<EngineEnv, "clock" | "log">) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `Engine.run`: ends when nothing of version 1 is left. */
  async run({ storage, mount }: Place, signal: AbortSignal): Promise<void> {
    if (await this.#pending(storage)) {
      const count = await this.#convertAll(storage, signal);
      if (signal.aborted) return;
      this.#log("info", "secrets of version 1 were taken over", { path: mount.path, count });
    }
    this.#done = true;
  }

  /** The same routes, which refuse while there is something of version 1. */
  guard(routes: readonly Route[]): readonly Route[] {
    return routes.map((route) => {
      const { exists } = route;
      const on = Object.entries(route.on).map(([operation, handler]) => [operation, this.#guarded(handler)] as const);
      return {
        ...route,
        on: Object.fromEntries(on),
        ...(exists && {
          exists: async (values, context) => {
            await this.#check(context.storage);
            return exists(values, context);
          },
        }),
      };
    });
  }

  #guarded<H extends Handler<Route["fields"]>>(handler: H): H {
    return {
      ...handler,
      run: async (values, context) => {
        await this.#check(context.storage);
        return handler.run(values, context);
      },
    };
  }

  async #check(storage: Storage): Promise<void> {
    if (!this.#done && (await this.#pending(storage))) throw upgrading();
  }

  /** Looked up once; what version 1 is still writing then waits for the next start. */
  async #pending(storage: Storage): Promise<boolean> {
    if (this.#done) return false;
    this.#found ??= storage.list(V1_ROOT).then((names) => names.length > 0);
    try {
      const found = await this.#found;
      if (!found) this.#done = true;
      return found && !this.#done;
    } catch (error) {
      this.#found = undefined;
      throw error;
    }
  }

  async #convertAll(storage: Storage, signal: AbortSignal): Promise<number> {
    const folders = [""];
    let count = 0;
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const name of await storage.list(V1_ROOT + folder)) {
        if (signal.aborted) return count;
        if (name.endsWith("/")) folders.push(folder + name);
        else count += await this.#convert(storage, folder + name);
      }
    }
    return count;
  }

  /** A path that is too long with version 2's prefix stays where it is, and the log says so. @returns 0 then, else 1 */
  async #convert(storage: Storage, path: string): Promise<number> {
    try {
      await storage.transact((tx) => takeOver(tx, path, this.#clock.now()));
      return 1;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
      this.#log("error", "a secret of version 1 cannot be taken over", { path, error: toFault(error) });
      return 0;
    }
  }
}

async function takeOver(tx: Transaction, path: string, now: number): Promise<void> {
  const key = V1_ROOT + path;
  const bytes = await tx.get(key);
  if (bytes === undefined) return;
  const text = decodeStored(V1_FORMAT, bytes, "secret");
  const before = (await readMeta(tx, path)) ?? newMeta(now);
  const { meta, dropped } = addVersion(before, await readConfig(tx), now);
  tx.put(dataKey(path, meta.current), encodeData(text));
  for (const number of dropped) tx.delete(dataKey(path, number));
  tx.put(META_ROOT + path, encodeMeta(meta));
  tx.delete(key);
}
