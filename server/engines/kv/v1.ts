/** KV version 1: the body of a write is the secret. Source: Vault's "KV secrets engine, version 1 (API)". */
import { CoherentCache } from "../../../lib/coherent-cache.ts";
import { parseDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { Serial } from "../../../lib/serial.ts";
import { decodeStored, encodeStored } from "../../../lib/stored.ts";
import { type Json, JsonNumber, parseJsonMap, RawJson, stringifyJson } from "../../../lib/wire/json.ts";
import { type Context, type Engine, mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import { CACHE_CHARACTERS, listBelow, nothingHere, readablePath, writablePath } from "./paths.ts";

/** Of the keys of this version; version 2 takes over what it finds there. */
export const V1_ROOT = "v1/";
export const V1_FORMAT = 1;
const JSON_LIMITS = { depth: 1000, members: Number.MAX_SAFE_INTEGER };

interface Secret1 {
  readonly data: RawJson;
  /** Milliseconds from the secret's own "ttl" or "lease"; undefined = the mount's default. */
  readonly ttl: number | undefined;
  readonly cacheKey: object;
}

export function kvV1Engine(): Engine {
  const cache = new CoherentCache<Secret1>(CACHE_CHARACTERS, (secret) => secret.data.text.length + 100);
  return {
    routes: [secretRoute(cache)],
    forget: () => {
      cache.clear();
    },
  };
}

function secretRoute(cache: CoherentCache<Secret1>): Route {
  // The writers of one path queue up: they read it, so they would only run into each other.
  const writers = new Serial();
  const write = async (path: string | undefined, context: Context): Promise<undefined> => {
    const key = V1_ROOT + writablePath(path);
    const secret = context.call.data;
    if (secret.size === 0) throw new Fault("invalid", "missing data fields");
    const bytes = encodeStored(V1_FORMAT, stringifyJson(secret));
    await writers.run(key, () =>
      cache.write([key], () =>
        context.storage.transact(async (tx) => {
          mustStillBe(context.call, (await tx.get(key)) !== undefined);
          tx.put(key, bytes);
        }),
      ),
    );
    return undefined;
  };
  return route({
    path: "*path",
    about: "A secret, or a folder of secrets",
    fields: { path: { type: "string", about: "Where the secret lies, below the mount" } },
    openBody: true,
    exists: async ({ path }, { storage }) =>
      path !== undefined && path !== "" && (await load(cache, storage, V1_ROOT + path)) !== undefined,
    on: {
      read: { about: "Reads the secret", run: ({ path }, context) => read(cache, path, context) },
      list: { about: "Lists one level of names", run: ({ path }, { storage }) => listBelow(storage, V1_ROOT, path) },
      create: { about: "Writes the secret", run: ({ path }, context) => write(path, context) },
      update: { about: "Replaces the secret", run: ({ path }, context) => write(path, context) },
      delete: {
        about: "Deletes the secret",
        run: async ({ path }, { storage }) => {
          const key = V1_ROOT + writablePath(path);
          await writers.run(key, () =>
            cache.write([key], () =>
              storage.transact((tx) => {
                tx.delete(key);
                return Promise.resolve();
              }),
            ),
          );
          return undefined;
        },
      },
    },
  });
}

async function read(cache: CoherentCache<Secret1>, path: string | undefined, context: Context): Promise<Reply> {
  const secret = await load(cache, context.storage, V1_ROOT + readablePath(path));
  if (secret === undefined) throw nothingHere();
  return {
    data: secret.data,
    leaseDuration: secret.ttl ?? context.mount.defaultTtl,
    cacheKey: secret.cacheKey,
  };
}

function load(
  cache: CoherentCache<Secret1>,
  storage: Context["storage"],
  key: string,
): Promise<Secret1 | undefined> | Secret1 {
  return (
    cache.get(key) ??
    cache.load(key, async () => {
      const bytes = await storage.get(key);
      if (bytes === undefined) return undefined;
      const data = new RawJson(decodeStored(V1_FORMAT, bytes, "secret"));
      const members = parseJsonMap(data.text, JSON_LIMITS);
      return { data, ttl: ownTtl(members.get("ttl") ?? members.get("lease")), cacheKey: data };
    })
  );
}

/** What is no duration is taken as part of the secret and nothing else, as in Vault. */
function ownTtl(value: Json | undefined): number | undefined {
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string") return undefined;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}
