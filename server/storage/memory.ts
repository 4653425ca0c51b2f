/**
 * A store in memory, for `-dev` and tests. Each key keeps the versions that some open snapshot may still
 * ask for; the newest is the state of now.
 */
import { Fault } from "../../lib/fault.ts";
import type { Reader, Snapshot, Store } from "../contract/storage.ts";
import { afterFolder, checkKey, checkPrefix, compareKeys } from "./keys.ts";
import { lostRead, Transactor } from "./transact.ts";

interface Version {
  readonly at: number;
  /** `undefined`: deleted. */
  readonly value: Uint8Array | undefined;
}

export function memoryStore(): Store {
  const data = new Versions();
  let closed = false;
  const check = (): void => {
    if (closed) throw new Fault("unavailable", "storage is closed");
  };
  const reader = (at: () => number): Reader => ({
    get: (key) =>
      attempt(() => {
        check();
        checkKey(key);
        return data.get(key, at());
      }),
    list: (prefix) =>
      attempt(() => {
        check();
        checkPrefix(prefix);
        return data.list(prefix, at());
      }),
  });
  const snapshot = (): Snapshot => {
    check();
    const held = data.hold();
    let open = true;
    const at = (): number => {
      if (!open) throw new Fault("internal", "snapshot was closed");
      return held.at;
    };
    const close = (): void => {
      open = false;
      held.release();
    };
    return { ...reader(at), close };
  };
  const transactor = new Transactor({
    snapshot,
    commit: (change, hindered) =>
      attempt(() => {
        check();
        const lost =
          hindered() ??
          lostRead(
            change,
            (key) => data.get(key, data.now),
            (prefix) => data.list(prefix, data.now),
          );
        if (lost === undefined) data.apply(change.writes);
        return lost;
      }),
  });
  return {
    ...reader(() => data.now),
    transact: (work) => transactor.transact(work),
    snapshot,
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** A throw inside becomes a rejection. */
function attempt<T>(step: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(step());
  });
}

class Versions {
  now = 0;
  readonly #keys: string[] = [];
  readonly #versions = new Map<string, Version[]>();
  /** Open snapshots by the state they show. */
  readonly #held = new Map<number, number>();
  /** Keys that keep more than their newest version. */
  readonly #stale = new Set<string>();

  get(key: string, at: number): Uint8Array | undefined {
    return this.#versions.get(key)?.findLast((version) => version.at <= at)?.value;
  }

  list(prefix: string, at: number): readonly string[] {
    const names: string[] = [];
    let i = this.#position(prefix);
    for (let key = this.#keys[i]; key?.startsWith(prefix) === true; key = this.#keys[i]) {
      const slash = key.indexOf("/", prefix.length);
      const folder = slash < 0 ? undefined : key.slice(0, slash + 1);
      if (this.get(key, at) === undefined) {
        i += 1;
      } else if (folder === undefined) {
        names.push(key.slice(prefix.length));
        i += 1;
      } else {
        names.push(folder.slice(prefix.length));
        i = this.#position(afterFolder(folder));
      }
    }
    return names;
  }

  apply(writes: ReadonlyMap<string, Uint8Array | undefined>): void {
    this.now += 1;
    for (const [key, value] of writes) {
      const versions = this.#versions.get(key);
      if (versions === undefined) {
        if (value === undefined) continue;
        this.#versions.set(key, [{ at: this.now, value }]);
        this.#keys.splice(this.#position(key), 0, key);
      } else {
        versions.push({ at: this.now, value });
        this.#stale.add(key);
      }
    }
    this.#sweep();
  }

  hold(): { readonly at: number; readonly release: () => void } {
    const at = this.now;
    this.#held.set(at, (this.#held.get(at) ?? 0) + 1);
    let open = true;
    return {
      at,
      release: () => {
        if (!open) return;
        open = false;
        const left = (this.#held.get(at) ?? 1) - 1;
        if (left > 0) this.#held.set(at, left);
        else {
          this.#held.delete(at);
          this.#sweep();
        }
      },
    };
  }

  /** Drops what no snapshot can see: all below the newest version that the oldest snapshot shows. */
  #sweep(): void {
    const oldest = Math.min(this.now, ...this.#held.keys());
    for (const key of this.#stale) {
      const versions = this.#versions.get(key) ?? [];
      const first = versions.findLastIndex((version) => version.at <= oldest);
      if (first > 0) versions.splice(0, first);
      if (versions.length > 1) continue;
      this.#stale.delete(key);
      if (versions[0]?.value === undefined) {
        this.#versions.delete(key);
        this.#keys.splice(this.#position(key), 1);
      }
    }
  }

  /** Where `key` is or would be: the first key not below it. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
