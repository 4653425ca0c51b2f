/** `subkeys/:path`: the shape of a secret, its values replaced by null. */
import { isJsonMap, type Json, type JsonMap, parseJsonMap } from "../../../lib/wire/json.ts";
import { type Route, route } from "../../contract/engine.ts";
import { readablePath } from "./paths.ts";
import { isGone, type KvStore } from "./store.ts";
import { describeVersion } from "./versions.ts";

const STORED_LIMITS = { depth: 1000, members: Number.MAX_SAFE_INTEGER };
/** Deeper than Vault shows (its own limit is 100), keys count as leaves. */
const DEEPEST = 100;

export function subkeysRoute(store: KvStore): Route {
  return route({
    path: "subkeys/*path",
    about: "The keys of a secret without their values",
    fields: {
      path: { type: "string", about: "Where the secret lies" },
      version: { type: "int", about: "Of this version; 0 is the current one", default: 0 },
      depth: { type: "int", about: "Show so many levels; 0 shows all", default: 0 },
    },
    on: {
      read: {
        about: "Reads the shape of the secret",
        run: async ({ path, version, depth }, { storage }) => {
          const loaded = await store.mustLoad(storage, readablePath(path), Math.max(0, version ?? 0));
          const metadata = describeVersion(loaded.meta, loaded.number, loaded.version);
          if (loaded.text === undefined || isGone(loaded, store.clock.now())) {
            return { status: 404, data: { subkeys: null, metadata } };
          }
          const most = depth === undefined || depth <= 0 ? DEEPEST : Math.min(depth, DEEPEST);
          return { data: { subkeys: withoutValues(parseJsonMap(loaded.text, STORED_LIMITS), most), metadata } };
        },
      },
    },
  });
}

function withoutValues(data: JsonMap, levels: number): JsonMap {
  const shape = new Map<string, Json>();
  for (const [name, value] of data) {
    const deeper = isJsonMap(value) && value.size > 0 && levels > 1;
    shape.set(name, deeper ? withoutValues(value, levels - 1) : null);
  }
  return shape;
}
