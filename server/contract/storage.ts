/**
 * What every store gives, embedded or remote: six verbs, one conformance suite.
 *
 * Keys are UTF-8 strings of 1 to 1,000 bytes without control characters, segments separated by "/".
 * The view that an engine is handed already carries its mount's prefix, so an engine cannot name
 * another's data. Values are bytes; the caller gives up ownership of what it puts and must not
 * change what it gets.
 */
export interface Reader {
  /** `undefined` when the key does not exist; never throws for that. */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Names one level below `prefix` ("" or a string that ends in "/"), ordered by UTF-8 bytes; a name
   * that ends in "/" has children. A key and a folder of one name are two names ("a", "a/").
   */
  list(prefix: string): Promise<readonly string[]>;
}

export interface Transaction extends Reader {
  /** Seen by this transaction's own later reads; by others only after the commit. */
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
}

export interface Storage extends Reader {
  /**
   * Runs `work` against one snapshot with its reads recorded and its writes buffered; then one step
   * re-checks the reads and applies the writes together, or starts over on a conflict. `work` may be
   * called again, so it must have no effect outside `tx`. Resolves only when the commit is on disk.
   * @throws Fault "conflict" after 16 conflicts; whatever `work` throws, unchanged, with nothing written
   */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A reader that goes on showing the state of now, whatever is written meanwhile. End it with `close`. */
  snapshot(): Snapshot;
}

export interface Snapshot extends Reader {
  close(): void;
}

/** The whole store, as main.ts opens it. */
export interface Store extends Storage {
  /** Waits for writes under way, then frees files and memory. Calls after it are refused. */
  close(): Promise<void>;
}
