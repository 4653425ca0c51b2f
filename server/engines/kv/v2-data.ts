/** `data/:path`: read a version, write the next one, patch the current one, delete it softly. */
import { Fault } from "../../../lib/fault.ts";
import { type JsonMap, parseJsonMap, stringifyJson } from "../../../lib/wire/json.ts";
import { mergePatch } from "../../../lib/wire/merge-patch.ts";
import { type Context, mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import type { Transaction } from "../../contract/storage.ts";
import { nothingHere, writablePath } from "./paths.ts";
import { type Config, dataKey, encodeData, type Meta, newMeta, readConfig } from "./record.ts";
import { isGone, type KvStore, readText } from "./store.ts";
import { addVersion, changeVersions, checkCas, describeVersion, isDeleted } from "./versions.ts";

/** What was stored is read back whatever the limits of a request are. */
const STORED_LIMITS = { depth: 1000, members: Number.MAX_SAFE_INTEGER };

interface DataValues {
  readonly path: string | undefined;
  readonly data: JsonMap | undefined;
  readonly options: JsonMap | undefined;
}

export function dataRoute(store: KvStore): Route {
  return route({
    path: "data/*path",
    about: "A secret's data, by version",
    fields: {
      path: { type: "string", about: "Where the secret lies" },
      version: { type: "int", about: "Read this version; 0 is the current one", default: 0 },
      data: { type: "map", about: "The secret: an object", sensitive: true },
      options: {
        type: "map",
        about: "cas: write only if this is the current version; 0 only if there is none yet",
      },
    },
    exists: ({ path }, { storage }) => store.exists(storage, path),
    on: {
      read: {
        about: "Reads one version",
        run: ({ path, version }, context) => readData(store, path, version ?? 0, context),
      },
      create: { about: "Writes the first version", run: (values, context) => writeData(store, values, context) },
      update: { about: "Writes the next version", run: (values, context) => writeData(store, values, context) },
      patch: {
        about: "Writes the next version: the current one with a JSON merge patch applied",
        run: (values, context) => patchData(store, values, context),
      },
      delete: {
        about: "Deletes the current version softly: undelete brings it back",
        run: ({ path }, context) => deleteCurrent(store, path, context),
      },
    },
  });
}

/** @throws Fault "not-found": Vault knows no such path */
function secretPath(path: string | undefined): string {
  if (path === undefined || path === "" || path.endsWith("/")) throw new Fault("not-found", "unsupported path");
  return path;
}

async function readData(store: KvStore, path: string | undefined, wanted: number, context: Context): Promise<Reply> {
  const loaded = await store.mustLoad(context.storage, secretPath(path), Math.max(0, wanted));
  if (!isGone(loaded, store.clock.now())) return loaded.reply;
  const metadata = describeVersion(loaded.meta, loaded.number, loaded.version);
  return { status: 404, data: { data: null, metadata } };
}

async function writeData(store: KvStore, { path, data, options }: DataValues, context: Context): Promise<Reply> {
  const where = writablePath(path);
  if (data === undefined) throw new Fault("invalid", "no data provided");
  const text = stringifyJson(data);
  return store.change(context.storage, where, async (found, tx) => {
    mustStillBe(context.call, found !== undefined);
    const config = await readConfig(tx);
    const now = store.clock.now();
    const meta = found ?? newMeta(now);
    checkCas(options, config, meta);
    return putVersion(tx, where, { meta, config, now, text });
  });
}

async function patchData(store: KvStore, { path, data, options }: DataValues, context: Context): Promise<Reply> {
  const where = writablePath(path);
  if (data === undefined) throw new Fault("invalid", "no data provided");
  return store.change<Reply>(context.storage, where, async (meta, tx) => {
    if (meta === undefined) throw nothingHere();
    const config = await readConfig(tx);
    checkCas(options, config, meta);
    const version = meta.versions.get(meta.current);
    if (version === undefined) throw nothingHere();
    const now = store.clock.now();
    if (version.destroyed || isDeleted(version, now)) {
      return { meta, result: { status: 404, data: describeVersion(meta, meta.current, version) } };
    }
    const current = parseJsonMap(await readText(tx, where, meta.current), STORED_LIMITS);
    return putVersion(tx, where, { meta, config, now, text: stringifyJson(mergePatch(current, data)) });
  });
}

interface Next {
  readonly meta: Meta;
  readonly config: Config;
  readonly now: number;
  readonly text: string;
}

function putVersion(tx: Transaction, path: string, next: Next): { readonly meta: Meta; readonly result: Reply } {
  const { meta, dropped } = addVersion(next.meta, next.config, next.now);
  tx.put(dataKey(path, meta.current), encodeData(next.text));
  for (const number of dropped) tx.delete(dataKey(path, number));
  const version = meta.versions.get(meta.current);
  if (version === undefined) throw new Error("a version that was just added is missing");
  return { meta, result: { data: describeVersion(meta, meta.current, version) } };
}

async function deleteCurrent(store: KvStore, path: string | undefined, context: Context): Promise<undefined> {
  const where = secretPath(path);
  const now = store.clock.now();
  await store.change(context.storage, where, (meta) => {
    if (meta === undefined) return Promise.resolve({ meta, result: undefined });
    const after = changeVersions(meta, [meta.current], (v) =>
      v.destroyed || isDeleted(v, now) ? v : { ...v, deleted: now },
    );
    return Promise.resolve({ meta: after, result: undefined });
  });
  return undefined;
}
