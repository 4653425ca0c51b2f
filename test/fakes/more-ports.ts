/** What the system engine's smaller routes reach, where a test does not look at them. */
import type { Clock } from "../../lib/clock.ts";
import type { MorePorts } from "../../server/engines/system/ports.ts";
import { settingsStore } from "../../server/engines/system/settings.ts";
import { versionHistory } from "../../server/engines/system/version-history.ts";
import { PLAIN_INFO } from "../../server/extras.ts";
import { memoryStore } from "../../server/storage/memory.ts";

export function plainMore(clock: Clock): Omit<MorePorts, "tables"> {
  const store = memoryStore();
  return {
    settings: settingsStore(store),
    versions: versionHistory(store, clock, "1.15.0"),
    info: PLAIN_INFO,
    metrics: {
      text: () => Promise.resolve({ contentType: "text/plain", body: "" }),
      json: () => Promise.resolve({}),
    },
    identity: { subject: () => Promise.resolve(undefined) },
    entities: () => Promise.resolve(0),
    kinds: () => [],
  };
}
