/**
 * The embedded default store: LMDB in a directory of its own.
 *
 * Keys are UTF-8 bytes as they are, values bytes as they are. Commits that are asked for at the same time go
 * to disk together: each is one synchronous `childTransaction` inside lmdb's next write transaction, whose promise
 * resolves after the sync (`overlappingSync: false`; with lmdb's default it would resolve before). Never an async
 * callback in there: it would let other commits join, and show readers what is not committed.
 * Source: README of lmdb 3.5, "Transactions", "overlappingSync"; docs/format.md for the records.
 */
import { join } from "node:path";
import { open, type Transaction as ReadTransaction, type RootDatabase } from "lmdb";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Snapshot, Store } from "../contract/storage.ts";
import { checkDirectory, holdersOf, restrictFiles } from "./directory.ts";
import { FORMAT, formatRecord, readFormat } from "./format.ts";
import { afterFolder, checkKey, checkPrefix } from "./keys.ts";
import { type Change, lostRead, type Place, Transactor } from "./transact.ts";

export interface LmdbOptions {
  /** The directory; made when it is not there. */
  readonly path: string;
  /** This process. */
  readonly pid: number;
  /** Who must own the directory. */
  readonly uid: number;
  readonly random: Random;
  readonly log: Log;
}

/** These sort before every key and cannot be one: control characters are refused. */
const WRITER_KEY = Buffer.from("\u0001writer");
const FORMAT_KEY = Buffer.from("\u0001format");

/** Open snapshots at the same time, each 64 bytes of the lock file. */
const READERS = 4096;

/** Directories that this process has open. */
const opened = new Set<string>();

/**
 * @throws Fault "invalid" when the directory is open to others or not ours, "unavailable" when another process
 *   has it open, "unsupported" when the data is of a newer format
 */
export async function openLmdbStore(options: LmdbOptions): Promise<Store> {
  const path = await checkDirectory(options.path, options.uid);
  if (opened.has(path)) throw new Fault("unavailable", `storage directory ${path} is open in this process already`);
  opened.add(path);
  try {
    const db = openDatabase(path);
    try {
      await restrictFiles(path);
      const store = new LmdbStore(db, path, options);
      await store.claim();
      return storeOf(store);
    } catch (error) {
      await db.close();
      throw error;
    }
  } catch (error) {
    opened.delete(path);
    throw error;
  }
}

type Bytes = RootDatabase<Buffer, Buffer>;

function openDatabase(path: string): Bytes {
  try {
    return open<Buffer, Buffer>({
      path,
      noSubdir: false,
      keyEncoding: "binary",
      encoding: "binary",
      overlappingSync: false,
      maxReaders: READERS,
    });
  } catch (error) {
    throw new Fault("internal", `storage directory ${path} cannot be opened by lmdb`, { cause: error });
  }
}

/** The class keeps its inner verbs to itself. */
function storeOf(store: LmdbStore): Store {
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    transact: (work) => store.transactor.transact(work),
    snapshot: () => store.snapshot(),
    close: () => store.close(),
  };
}

/** A snapshot with the commits it is known to show. */
interface Shot extends Snapshot {
  readonly visible: number;
}

class LmdbStore {
  readonly transactor: Transactor;
  readonly #db: Bytes;
  readonly #path: string;
  readonly #options: LmdbOptions;
  /** Of this opening; another opening that takes the store over writes its own. */
  readonly #writer: Buffer;
  readonly #shots = new Set<Shot>();
  readonly #commits = new Set<Promise<unknown>>();
  /** Commits applied, and those of them that are on disk and visible to new reads. */
  #applied = 0;
  #visible = 0;
  #closing: Promise<void> | undefined;

  constructor(db: Bytes, path: string, options: LmdbOptions) {
    this.#db = db;
    this.#path = path;
    this.#options = options;
    this.#writer = Buffer.from(`${String(options.pid)} ${options.random.bytes(16).toString("hex")}`);
    this.transactor = new Transactor({
      snapshot: () => this.snapshot(),
      commit: (change, hindered) => this.#commit(change, hindered),
    });
  }

  /** Checks the format and makes this opening the one writer. */
  async claim(): Promise<void> {
    const holders = await holdersOf(join(this.#path, "lock.mdb"), this.#options.pid);
    await this.#db.childTransaction(() => {
      const pid = toBuffer(this.#db.getBinary(WRITER_KEY))?.toString().split(" ")[0];
      if (pid !== undefined && holders.has(Number(pid))) {
        throw new Fault("unavailable", `storage directory ${this.#path} is in use by process ${pid}`);
      }
      const found = readFormat(this.#db.getBinary(FORMAT_KEY), this.#names("").length === 0);
      if (found !== FORMAT) void this.#db.put(FORMAT_KEY, formatRecord());
      void this.#db.put(WRITER_KEY, this.#writer);
    });
    this.#db.resetReadTxn();
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return attempt(() => {
      this.#check();
      checkKey(key);
      return toBuffer(this.#db.getBinary(Buffer.from(key)));
    });
  }

  list(prefix: string): Promise<readonly string[]> {
    return attempt(() => {
      this.#check();
      checkPrefix(prefix);
      return this.#names(prefix);
    });
  }

  snapshot(): Shot {
    this.#check();
    const transaction = this.#db.useReadTransaction();
    let open = true;
    const check = (): void => {
      this.#check();
      if (!open) throw new Fault("internal", "snapshot was closed");
    };
    const shot: Shot = {
      visible: this.#visible,
      get: (key) =>
        attempt(() => {
          check();
          checkKey(key);
          return toBuffer(this.#db.get(Buffer.from(key), { transaction }));
        }),
      list: (prefix) =>
        attempt(() => {
          check();
          checkPrefix(prefix);
          return this.#names(prefix, { transaction });
        }),
      close: () => {
        if (!open) return;
        open = false;
        this.#shots.delete(shot);
        transaction.done();
      },
    };
    this.#shots.add(shot);
    return shot;
  }

  async #commit(change: Change, hindered: () => Place | undefined): Promise<Place | undefined> {
    this.#check();
    const commit = this.#db.childTransaction(() => this.#apply(change, hindered));
    this.#commits.add(commit);
    try {
      const outcome = await commit;
      // On disk. Reads that begin from here on must see it; lmdb itself would renew its reader only in the next turn.
      if (this.#closing === undefined) this.#db.resetReadTxn();
      this.#visible = Math.max(this.#visible, outcome.applied);
      return outcome.lost;
    } finally {
      this.#commits.delete(commit);
    }
  }

  /** Inside lmdb's write transaction, so without a wait: nothing can come between the checks and the writes. */
  #apply(
    change: Change,
    hindered: () => Place | undefined,
  ): { readonly lost: Place | undefined; readonly applied: number } {
    this.#checkWriter();
    const lost = hindered() ?? this.#lost(change);
    if (lost === undefined) {
      for (const [key, value] of change.writes) {
        if (value === undefined) void this.#db.remove(Buffer.from(key));
        else void this.#db.put(Buffer.from(key), toBuffer(value));
      }
      this.#applied += 1;
    }
    return { lost, applied: this.#applied };
  }

  /** When nothing was applied since the snapshot, its reads still hold. */
  #lost(change: Change): Place | undefined {
    if ((change.from as Shot).visible === this.#applied) return undefined;
    return lostRead(
      change,
      (key) => this.#db.getBinary(Buffer.from(key)),
      (prefix) => this.#names(prefix),
    );
  }

  /** Where /proc/locks does not show the other process (another container), this does: the last to open is the writer. */
  #checkWriter(): void {
    const writer = this.#db.getBinary(WRITER_KEY);
    if (writer === undefined || Buffer.compare(writer, this.#writer) !== 0) {
      this.#options.log("error", "another process has taken over the storage directory", { path: this.#path });
      throw new Fault("unavailable", "another process has taken over the storage");
    }
  }

  #names(prefix: string, options: { readonly transaction?: ReadTransaction } = {}): readonly string[] {
    const names: string[] = [];
    let start: string | undefined = prefix === "" ? " " : prefix;
    while (start !== undefined) start = this.#scan(prefix, start, options, names);
    return names;
  }

  /** Reads names from `start` on until a folder holds a second key. @returns where to go on, behind that folder */
  #scan(
    prefix: string,
    start: string,
    options: { readonly transaction?: ReadTransaction },
    names: string[],
  ): string | undefined {
    let last: string | undefined;
    for (const bytes of this.#db.getKeys({ start: Buffer.from(start), ...options })) {
      const key = toBuffer(bytes).toString();
      if (!key.startsWith(prefix)) return undefined;
      if (last !== undefined && key.startsWith(last)) return afterFolder(last);
      const slash = key.indexOf("/", prefix.length);
      last = slash < 0 ? undefined : key.slice(0, slash + 1);
      names.push((last ?? key).slice(prefix.length));
    }
    return undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#commits);
    for (const shot of this.#shots) shot.close();
    await this.#db.close();
    opened.delete(this.#path);
  }

  #check(): void {
    if (this.#closing !== undefined) throw new Fault("unavailable", "storage is closed");
  }
}

/** A throw inside becomes a rejection. */
function attempt<T>(step: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(step());
  });
}

/** lmdb's types promise Buffers, lmdb gives Uint8Arrays. The bytes are not copied. */
function toBuffer(bytes: Uint8Array): Buffer;
function toBuffer(bytes: Uint8Array | undefined): Buffer | undefined;
function toBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
