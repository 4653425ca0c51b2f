/** The core and the store with a meter around them, and sys/metrics without a token where a listener allows it. */
import type { Clock } from "../../lib/clock.ts";
import { toFault } from "../../lib/fault.ts";
import type { Answer, Core } from "../contract/answer.ts";
import type { Call } from "../contract/call.ts";
import type { Mount } from "../contract/engine.ts";
import type { Metrics } from "../contract/server-info.ts";
import type { Storage, Transaction } from "../contract/storage.ts";
import type { Meter } from "./meter.ts";

/** @param find the mount that serves a path */
export function meteredCore(
  core: Core,
  meter: Pick<Meter, "served">,
  { clock, find }: { readonly clock: Pick<Clock, "monotonic">; readonly find: (path: string) => Mount | undefined },
): Core {
  const note = (call: Call, begun: number, status: number): void => {
    const mount = find(call.path);
    const took = clock.monotonic() - begun;
    const { operation } = call;
    meter.served({ mount: mount?.path ?? "", type: mount?.type ?? "none", operation, status, took });
  };
  return {
    handle: async (call) => {
      const begun = clock.monotonic();
      try {
        const answer = await core.handle(call);
        note(call, begun, answer.reply?.status ?? 200);
        return answer;
      } catch (error) {
        note(call, begun, toFault(error).status);
        throw error;
      }
    },
  };
}

/** A core that answers sys/metrics to whoever comes without a token, sealed or not; nothing of that is audited, as in Vault. */
export function withOpenMetrics(core: Core, metrics: Metrics): Core {
  return {
    handle: async (call) => {
      if (call.path !== "sys/metrics" || call.operation !== "read" || call.token !== undefined)
        return core.handle(call);
      const prometheus = call.data.get("format") === "prometheus";
      const reply: Answer["reply"] = prometheus ? { text: await metrics.text() } : { bare: await metrics.json() };
      return { reply, issued: undefined, mountType: "system" };
    },
  };
}

/** Counts what is read and committed below the barrier. */
export function meteredStorage(storage: Storage, meter: Pick<Meter, "stored">): Storage {
  return {
    get: (key) => {
      meter.stored("get");
      return storage.get(key);
    },
    list: (prefix) => {
      meter.stored("list");
      return storage.list(prefix);
    },
    transact: (work) => {
      meter.stored("transact");
      return storage.transact((tx) => work(metered(tx, meter)));
    },
    snapshot: () => storage.snapshot(),
  };
}

function metered(tx: Transaction, meter: Pick<Meter, "stored">): Transaction {
  return {
    get: (key) => {
      meter.stored("get");
      return tx.get(key);
    },
    list: (prefix) => {
      meter.stored("list");
      return tx.list(prefix);
    },
    put: (key, value) => {
      meter.stored("put");
      tx.put(key, value);
    },
    delete: (key) => {
      meter.stored("delete");
      tx.delete(key);
    },
  };
}
