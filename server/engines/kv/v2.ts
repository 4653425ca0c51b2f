/** KV version 2: the route table. Source: Vault's "KV secrets engine, version 2 (API)". */
import type { Engine, EngineEnv } from "../../contract/engine.ts";
import { KvStore } from "./store.ts";
import { Upgrade } from "./upgrade.ts";
import { configRoute } from "./v2-config.ts";
import { dataRoute } from "./v2-data.ts";
import { detailedRoute, metadataRoute } from "./v2-metadata.ts";
import { subkeysRoute } from "./v2-subkeys.ts";
import { versionRoutes } from "./v2-versions.ts";

export function kvV2Engine(env: EngineEnv): Engine {
  const store = new KvStore(env.clock);
  const upgrade = new Upgrade(env);
  return {
    routes: upgrade.guard([
      configRoute(),
      dataRoute(store),
      metadataRoute(store),
      detailedRoute(),
      ...versionRoutes(store),
      subkeysRoute(store),
    ]),
    run: (place, signal) => upgrade.run(place, signal),
    forget: () => {
      store.forget();
    },
  };
}
