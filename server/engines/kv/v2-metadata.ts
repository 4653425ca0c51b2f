/** `metadata/:path`: what is known about a secret beside its data, the list of secrets, and the end of one with all its versions. */
import { formatDuration } from "../../../lib/duration.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { type EncodableRecord, type JsonMap } from "../../../lib/wire/json.ts";
import { type Context, mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { customMetadata, patchCustomMetadata } from "./custom.ts";
import { listBelow, namesBelow, nothingHere, readablePath, writablePath } from "./paths.ts";
import { META_ROOT, type Meta, newMeta, readConfig, readMeta } from "./record.ts";
import type { KvStore } from "./store.ts";
import { checkedMax, wholeSeconds } from "./v2-config.ts";
import { deletionText } from "./versions.ts";

interface MetaValues {
  readonly path: string | undefined;
  readonly cas_required: boolean | undefined;
  readonly max_versions: number | undefined;
  /** Milliseconds. */
  readonly delete_version_after: number | undefined;
  readonly custom_metadata: JsonMap | undefined;
}

const CAS_WARNING = '"cas_required" set to false, but is mandated by backend config. This value will be ignored.';

export function metadataRoute(store: KvStore): Route {
  return route({
    path: "metadata/*path",
    about: "A secret's versions and settings, or a folder of secrets",
    fields: {
      path: { type: "string", about: "Where the secret lies, or the folder to list" },
      cas_required: { type: "bool", about: "Writes of this secret must carry options.cas" },
      max_versions: { type: "int", about: "Versions kept of this secret; 0 for the mount's" },
      delete_version_after: {
        type: "duration",
        about: "Deletes versions of this secret after so long; 0 for the mount's",
      },
      custom_metadata: { type: "map", about: "Up to 64 names with a text each, for people" },
    },
    exists: ({ path }, { storage }) => store.exists(storage, path),
    on: {
      read: { about: "Reads versions and settings", run: ({ path }, context) => readMetadata(path, context) },
      list: { about: "Lists one level of names", run: ({ path }, { storage }) => listBelow(storage, META_ROOT, path) },
      create: { about: "Sets settings", run: (values, context) => writeMetadata(store, values, context) },
      update: {
        about: "Sets the settings that are given",
        run: (values, context) => writeMetadata(store, values, context),
      },
      patch: {
        about: "Changes the settings that are given; null takes one back to its default",
        run: (values, context) => patchMetadata(store, values, context),
      },
      delete: {
        about: "Deletes the secret with all its versions for good",
        run: async ({ path }, { storage }) => {
          await store.change(storage, writablePath(path), () =>
            Promise.resolve({ meta: undefined, result: undefined }),
          );
          return undefined;
        },
      },
    },
  });
}

/** OpenBao's: one level of names with what is known about each, but its versions. */
export function detailedRoute(): Route {
  return route({
    path: "detailed-metadata/*path",
    about: "A folder of secrets with their settings",
    fields: { path: { type: "string", about: "The folder to list" } },
    on: {
      list: {
        about: "Lists one level of names and what is known about each",
        run: async ({ path }, { storage }) => {
          const snapshot = storage.snapshot();
          try {
            return await listDetailed(snapshot, path);
          } finally {
            snapshot.close();
          }
        },
      },
    },
  });
}

async function listDetailed(reader: Reader, path: string | undefined): Promise<Reply> {
  const { folder, keys } = await namesBelow(reader, META_ROOT, path);
  const info = new Map<string, EncodableRecord>();
  for (const name of keys) {
    const meta = name.endsWith("/") ? undefined : await readMeta(reader, folder + name);
    if (meta !== undefined) info.set(name, describeMeta(meta));
  }
  return { data: { keys, key_info: info } };
}

async function readMetadata(path: string | undefined, { storage }: Context): Promise<Reply> {
  const meta = await readMeta(storage, readablePath(path));
  if (meta === undefined) throw nothingHere();
  const versions = new Map<string, EncodableRecord>();
  for (const [number, version] of meta.versions) {
    versions.set(String(number), {
      created_time: formatTime(version.created),
      deletion_time: deletionText(version),
      destroyed: version.destroyed,
    });
  }
  return { data: { ...describeMeta(meta), versions } };
}

function describeMeta(meta: Meta): EncodableRecord {
  return {
    cas_required: meta.casRequired,
    created_time: formatTime(meta.created),
    current_version: meta.current,
    custom_metadata: meta.custom ?? null,
    delete_version_after: formatDuration(meta.deleteAfter),
    max_versions: meta.maxVersions,
    oldest_version: meta.oldest,
    updated_time: formatTime(meta.updated),
  };
}

async function writeMetadata(store: KvStore, values: MetaValues, context: Context): Promise<Reply | undefined> {
  const where = writablePath(values.path);
  const given = [values.cas_required, values.max_versions, values.delete_version_after, values.custom_metadata];
  if (given.every((value) => value === undefined)) return undefined;
  const custom = values.custom_metadata && customMetadata(values.custom_metadata);
  const maxVersions = checkedMax(values.max_versions);
  return store.change(context.storage, where, async (found, tx) => {
    mustStillBe(context.call, found !== undefined);
    const config = await readConfig(tx);
    const before = found ?? newMeta(store.clock.now());
    const meta: Meta = {
      ...before,
      maxVersions: maxVersions ?? before.maxVersions,
      casRequired: values.cas_required ?? before.casRequired,
      deleteAfter: wholeSeconds(values.delete_version_after ?? before.deleteAfter),
      custom: custom ?? before.custom,
    };
    return { meta, result: casNote(values, config.casRequired) };
  });
}

async function patchMetadata(store: KvStore, values: MetaValues, context: Context): Promise<Reply | undefined> {
  const where = writablePath(values.path);
  const isNull = (name: string): boolean => context.call.data.get(name) === null;
  const maxVersions = isNull("max_versions") ? 0 : checkedMax(values.max_versions);
  const casRequired = isNull("cas_required") ? false : values.cas_required;
  const deleteAfter = isNull("delete_version_after") ? 0 : values.delete_version_after;
  return store.change(context.storage, where, async (before, tx) => {
    if (before === undefined) throw nothingHere();
    const config = await readConfig(tx);
    const custom = isNull("custom_metadata")
      ? undefined
      : values.custom_metadata === undefined
        ? before.custom
        : patchCustomMetadata(before.custom, values.custom_metadata);
    const meta: Meta = {
      ...before,
      maxVersions: maxVersions ?? before.maxVersions,
      casRequired: casRequired ?? before.casRequired,
      deleteAfter: wholeSeconds(deleteAfter ?? before.deleteAfter),
      custom,
    };
    return { meta, result: casNote(values, config.casRequired) };
  });
}

/** The mount's demand stands whatever the secret says; whoever tries to lift it is told. */
function casNote(values: MetaValues, mandated: boolean): Reply | undefined {
  return mandated && values.cas_required === false ? { warnings: [CAS_WARNING] } : undefined;
}
