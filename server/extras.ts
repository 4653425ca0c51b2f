/** The system engine's small parts put together: settings, version history, meters, what is told of the process. */
import type { Clock } from "../lib/clock.ts";
import type { AuditBroker } from "./audit/broker.ts";
import type { Directory } from "./contract/directory.ts";
import type { Leases } from "./contract/leases.ts";
import type { Seal } from "./contract/seal.ts";
import type { ServerInfo } from "./contract/server-info.ts";
import type { Storage } from "./contract/storage.ts";
import type { Tokens } from "./contract/tokens.ts";
import { type Settings, settingsStore } from "./engines/system/settings.ts";
import { type VersionHistory, versionHistory } from "./engines/system/version-history.ts";
import { type Meter, meter, type Sources } from "./metrics/meter.ts";

/** Where nobody tells more: a test, an embedded server. */
export const PLAIN_INFO: ServerInfo = {
  sanitized: {},
  levels: { level: () => "info", set: () => undefined, reset: () => undefined },
  host: { collect: () => Promise.resolve({}) },
  reloadListeners: () => Promise.resolve(),
};

export interface Kept {
  readonly settings: Settings;
  readonly versions: VersionHistory;
  /** Opened at unseal, in this order. */
  readonly others: readonly { readonly name: string; open(): Promise<void>; forget(): void }[];
}

/** @param storageAt the decrypted storage below a prefix */
export function keptParts(storageAt: (prefix: string) => Storage, clock: Clock, version: string): Kept {
  const settings = settingsStore(storageAt("core/config/"));
  const versions = versionHistory(storageAt("core/versions/"), clock, version);
  const forgetSettings = (): void => {
    settings.forget();
  };
  return {
    settings,
    versions,
    others: [
      { name: "settings", open: () => settings.open(), forget: forgetSettings },
      { name: "version history", open: () => versions.open(), forget: () => undefined },
    ],
  };
}

export async function countEntities(directory: Pick<Directory, "eachEntity">): Promise<number> {
  let count = 0;
  await directory.eachEntity(() => {
    count += 1;
  });
  return count;
}

interface Parts {
  readonly seal: Pick<Seal, "status">;
  readonly tokens: Pick<Tokens, "count">;
  readonly leases: Pick<Leases, "count">;
  readonly audit: Pick<AuditBroker, "counters">;
}

/** @param parts asked at each scrape, never before: they may be made later */
export function meterOver(parts: () => Parts, clock: Clock): Meter {
  const sources: Sources = {
    unsealed: async () => !(await parts().seal.status()).sealed,
    tokens: () => parts().tokens.count(),
    leases: () => parts().leases.count(),
    audit: () => parts().audit.counters(),
    process: () => {
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      return { rss, heapUsed, cpuSeconds: (user + system) / 1e6, uptime: process.uptime() };
    },
  };
  return meter(sources, () => clock.now());
}
