/**
 * The secrets of one version 2 mount: cached reads and atomic writes.
 *
 * 1. A write is one transaction over metadata and data, and the writers of one path queue up, so `cas` is exact
 *    and fifty writers all come through.
 * 2. What a path's replies are made of is cached as one item and dropped whole by every write of the path.
 */
import type { Clock } from "../../../lib/clock.ts";
import { CoherentCache } from "../../../lib/coherent-cache.ts";
import { Fault } from "../../../lib/fault.ts";
import { Serial } from "../../../lib/serial.ts";
import { RawJson, stringifyJson } from "../../../lib/wire/json.ts";
import type { Reply } from "../../contract/engine.ts";
import type { Reader, Storage, Transaction } from "../../contract/storage.ts";
import { CACHE_CHARACTERS, nothingHere } from "./paths.ts";
import { dataKey, decodeData, encodeMeta, META_ROOT, type Meta, readMeta, type Version } from "./record.ts";
import { describeVersion, isDeleted } from "./versions.ts";

/** One version as it was read; the same object as long as it is cached, so what others memoise on it lasts as long. */
export interface Loaded {
  readonly meta: Meta;
  readonly number: number;
  readonly version: Version;
  /** JSON text of the secret; undefined when it is destroyed. */
  readonly text: string | undefined;
  readonly reply: Reply;
}

/** What a write makes of the metadata: undefined deletes it, the same object leaves it. */
export type Change<T> = (
  meta: Meta | undefined,
  tx: Transaction,
) => Promise<{ readonly meta: Meta | undefined; readonly result: T }>;

export class KvStore {
  readonly clock: Clock;
  readonly #cache = new CoherentCache<Loaded>(
    CACHE_CHARACTERS,
    ({ text, meta }) => (text?.length ?? 0) + 200 * meta.versions.size,
  );
  readonly #writers = new Serial();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  forget(): void {
    this.#cache.clear();
  }

  async exists(storage: Storage, path: string | undefined): Promise<boolean> {
    if (path === undefined || path === "") return false;
    if (this.#cache.get(path) !== undefined) return true;
    return (await storage.get(META_ROOT + path)) !== undefined;
  }

  /** @param wanted a version's number, 0 = the current one (the only one that is cached) */
  async load(storage: Storage, path: string, wanted: number): Promise<Loaded | undefined> {
    const cached = this.#cache.get(path);
    if (cached !== undefined && (wanted === 0 || wanted === cached.number)) return cached;
    const read = async (): Promise<Loaded | undefined> => {
      const snapshot = storage.snapshot();
      try {
        return await loadVersion(snapshot, path, wanted);
      } finally {
        snapshot.close();
      }
    };
    return wanted === 0 ? this.#cache.load(path, read) : read();
  }

  /** As `load`, for what can be shown. @throws Fault "not-found" */
  async mustLoad(storage: Storage, path: string, wanted: number): Promise<Loaded> {
    const loaded = await this.load(storage, path, wanted);
    if (loaded === undefined) throw nothingHere();
    return loaded;
  }

  /** Runs `change` in one transaction after the earlier writers of `path`. */
  change<T>(storage: Storage, path: string, change: Change<T>): Promise<T> {
    return this.#writers.run(path, () =>
      this.#cache.write([path], () =>
        storage.transact(async (tx) => {
          const before = await readMeta(tx, path);
          const { meta, result } = await change(before, tx);
          if (meta !== undefined && meta !== before) tx.put(META_ROOT + path, encodeMeta(meta));
          if (meta === undefined && before !== undefined) {
            tx.delete(META_ROOT + path);
            for (const number of before.versions.keys()) tx.delete(dataKey(path, number));
          }
          return result;
        }),
      ),
    );
  }
}

/** The version cannot be read now: deleted, due for it, or destroyed. */
export function isGone({ version }: Loaded, now: number): boolean {
  return version.destroyed || isDeleted(version, now);
}

/** JSON text of a version that is not destroyed. */
export async function readText(reader: Reader, path: string, number: number): Promise<string> {
  const bytes = await reader.get(dataKey(path, number));
  if (bytes === undefined) throw new Fault("internal", "could not find version data");
  return decodeData(bytes);
}

async function loadVersion(reader: Reader, path: string, wanted: number): Promise<Loaded | undefined> {
  const meta = await readMeta(reader, path);
  const number = wanted === 0 ? (meta?.current ?? 0) : wanted;
  const version = meta?.versions.get(number);
  if (meta === undefined || version === undefined) return undefined;
  const text = version.destroyed ? undefined : await readText(reader, path, number);
  const described = stringifyJson(describeVersion(meta, number, version));
  const data = new RawJson(`{"data":${text ?? "null"},"metadata":${described}}`);
  return { meta, number, version, text, reply: { data, cacheKey: data } };
}
