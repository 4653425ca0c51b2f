/** KV version 2: the route table. Source: Vault's "KV secrets engine, version 2 (API)". */
import type { Clock } from "../../../lib/clock.ts";
import type { Engine } from "../../contract/engine.ts";
import { KvStore } from "./store.ts";
import { configRoute } from "./v2-config.ts";
import { dataRoute } from "./v2-data.ts";
import { metadataRoute } from "./v2-metadata.ts";
import { subkeysRoute } from "./v2-subkeys.ts";
import { versionRoutes } from "./v2-versions.ts";

export function kvV2Engine(clock: Clock): Engine {
  const store = new KvStore(clock);
  return {
    routes: [configRoute(), dataRoute(store), metadataRoute(store), ...versionRoutes(store), subkeysRoute(store)],
    forget: () => {
      store.forget();
    },
  };
}
