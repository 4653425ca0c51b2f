/** sys/version-history: which versions have run on this storage. Source: Vault's API page "/sys/version-history". */
import type { Clock } from "../../../lib/clock.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { isJsonList, isJsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import { type Route, route } from "../../contract/engine.ts";
import { readRecord, recordBytes } from "../../contract/record.ts";
import type { Reader, Storage } from "../../contract/storage.ts";

interface Installed {
  readonly version: string;
  /** Wall-clock milliseconds of the first unseal with it. */
  readonly time: number;
}

export interface VersionHistory {
  /** Oldest first. */
  list(): Promise<readonly Installed[]>;
  /** Notes the version that runs, once: at unseal. */
  open(): Promise<void>;
}

const KEY = "versions";
/** The oldest go first. */
const MOST = 100;

/** @param storage this part's own view */
export function versionHistory(storage: Storage, clock: Clock, version: string): VersionHistory {
  return {
    list: () => readAll(storage),
    open: () =>
      storage.transact(async (tx) => {
        const known = await readAll(tx);
        if (known.at(-1)?.version === version) return;
        const others = known.filter((one) => one.version !== version);
        const versions = [...others, { version, time: clock.now() }].slice(-MOST);
        tx.put(KEY, recordBytes({ versions: versions.map((one) => ({ ...one })) }));
      }),
  };
}

async function readAll(reader: Reader): Promise<readonly Installed[]> {
  const list = (await readRecord(reader, KEY))?.get("versions");
  if (!isJsonList(list)) return [];
  return list.flatMap((json) => {
    const [version, time] = isJsonMap(json) ? [json.get("version"), json.get("time")] : [];
    return typeof version === "string" && time instanceof JsonNumber ? [{ version, time: Number(time.text) }] : [];
  });
}

export function versionRoute(ports: { readonly versions: VersionHistory }): Route {
  return route({
    path: "version-history",
    about: "The versions that have run on this storage",
    fields: {},
    on: {
      list: {
        about: "Lists them, the oldest first",
        run: async () => {
          const all = await ports.versions.list();
          const info = all.map(({ version, time }, i) => {
            const previous_version = all[i - 1]?.version ?? null;
            return [version, { build_date: "", previous_version, timestamp_installed: formatTime(time) }] as const;
          });
          return { data: { keys: all.map(({ version }) => version), key_info: new Map(info) } };
        },
      },
    },
  });
}
