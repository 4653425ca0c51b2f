/** `delete/:path`, `undelete/:path`, `destroy/:path`: chosen versions go softly, come back, or go for good. */
import { type Route, route } from "../../contract/engine.ts";
import { writablePath } from "./paths.ts";
import { dataKey, type Meta, type Version } from "./record.ts";
import type { KvStore } from "./store.ts";
import { changeVersions, isDeleted, versionNumbers } from "./versions.ts";

interface Action {
  readonly name: string;
  readonly about: string;
  readonly change: (version: Version, now: number) => Version;
  readonly dropsData: boolean;
}

const ACTIONS: readonly Action[] = [
  {
    name: "delete",
    about: "Deletes versions softly: undelete brings them back",
    change: (v, now) => (v.destroyed || isDeleted(v, now) ? v : { ...v, deleted: now }),
    dropsData: false,
  },
  {
    name: "undelete",
    about: "Brings softly deleted versions back",
    change: (v) => (v.destroyed || v.deleted === 0 ? v : { ...v, deleted: 0 }),
    dropsData: false,
  },
  {
    name: "destroy",
    about: "Removes the data of versions for good",
    change: (v) => (v.destroyed ? v : { ...v, destroyed: true }),
    dropsData: true,
  },
];

export function versionRoutes(store: KvStore): readonly Route[] {
  return ACTIONS.map((action) =>
    route({
      path: `${action.name}/*path`,
      about: action.about,
      fields: {
        path: { type: "string", about: "Where the secret lies" },
        versions: { type: "json", about: "Numbers of the versions: a list, or one string with commas" },
      },
      on: {
        update: {
          about: action.about,
          run: async ({ path, versions }, { storage }) => {
            const where = writablePath(path);
            const numbers = versionNumbers(versions);
            const now = store.clock.now();
            await store.change(storage, where, (meta, tx) => {
              if (meta === undefined) return Promise.resolve({ meta, result: undefined });
              const after: Meta = changeVersions(meta, numbers, (v) => action.change(v, now));
              if (action.dropsData) for (const n of numbers) if (meta.versions.has(n)) tx.delete(dataKey(where, n));
              return Promise.resolve({ meta: after, result: undefined });
            });
            return undefined;
          },
        },
      },
    }),
  );
}
