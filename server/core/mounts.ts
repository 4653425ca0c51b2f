/**
 * The mount table: which engine serves which path, kept in storage, changed while serving. A disable is marked in the
 * table first, so that one cut short by a crash is finished at the next unseal. Source: Vault's API pages "/sys/mounts"
 * and "/sys/auth".
 */
import { Fault } from "../../lib/fault.ts";
import type { Engine, EngineEnv, Mount } from "../contract/engine.ts";
import type { Identity } from "../contract/identity.ts";
import type { Leases } from "../contract/leases.ts";
import { type Migration, type MountChange, type Mounts, type NewMount, NO_TUNE } from "../contract/mounts.ts";
import type { Storage } from "../contract/storage.ts";
import type { Tokens } from "../contract/tokens.ts";
import { changed, UPGRADE_WARNING, upgradeOf, upgradingEngine } from "./change.ts";
import { type Kinds, resolveKind } from "./kinds.ts";
import { LeaseSlots } from "./lease-slots.ts";
import { Migrations } from "./migrations.ts";
import { deleteAll } from "./purge.ts";
import { Router, Slot } from "./router.ts";
import { checkFree, checkPath, checkTtls, PINNED, type Pinned, pinnedAt } from "./rules.ts";
import { decodeTable, encodeTable, type MountRecord } from "./table.ts";
import { turnstile } from "./turnstile.ts";

const KEY = "mounts";
/** How long a disable waits for requests that are still in the engine. */
const DRAIN = 10_000;

export interface MountParts {
  readonly env: EngineEnv;
  /** The decrypted storage below a prefix that ends in "/". */
  readonly storageAt: (prefix: string) => Storage;
  readonly tokens: Pick<Tokens, "revokePrefix">;
  readonly identity: Pick<Identity, "mountGone">;
  readonly leases: Pick<Leases, "revokePrefix">;
  /** Milliseconds; of mounts that say nothing. */
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
}

export class MountTable implements Mounts {
  readonly router = new Router();
  readonly leaseSlots = new LeaseSlots(this.router);
  readonly #parts: MountParts;
  readonly #core: Storage;
  #kinds: Kinds = [];
  #system: Engine | undefined;
  #sealed: Slot | undefined;
  readonly #inTurn = turnstile();
  #records: readonly MountRecord[] = [];
  /** From load to seal: what a change that a seal came upon would still write, is not written. */
  #loaded = false;
  readonly #migrations = new Migrations();

  constructor(parts: MountParts) {
    this.#parts = parts;
    this.#core = parts.storageAt("core/");
  }

  /** What can be mounted, told once: those kinds need this table themselves. Serves sys/ from here on. */
  serve(kinds: Kinds): void {
    const { env } = this.#parts;
    const [sys] = PINNED;
    if (sys === undefined) throw new Error("sys/ is not pinned");
    const system = pinnedRecord(sys, env);
    this.#kinds = kinds;
    this.#system = resolveKind(kinds, system).kind.create(env);
    this.#sealed = this.#slot(system);
    this.close();
  }

  /** What serves while sealed: sys/ alone. */
  close(): void {
    this.#loaded = false;
    this.#records = [];
    this.#migrations.clear();
    this.router.clear();
    if (this.#sealed !== undefined) this.router.add(this.#sealed);
  }

  /** Writes the table of a new server. */
  async seed(): Promise<void> {
    await this.#write(this.#missing([]));
  }

  /** Those always there that `records` lacks: all at init, later those that an older program did not know. */
  #missing(records: readonly MountRecord[]): readonly MountRecord[] {
    const wanted = PINNED.filter(({ path }) => !records.some((record) => record.path === path));
    const served = wanted.filter(({ kind, type }) => this.#kinds.some((k) => k.kind === kind && k.type === type));
    return served.map((one) => pinnedRecord(one, this.#parts.env));
  }

  /** Reads the table and makes the engines; nothing runs yet. @throws Fault "internal" naming a mount that cannot be made */
  async load(): Promise<void> {
    await this.#inTurn(async () => {
      const bytes = await this.#core.get(KEY);
      if (bytes === undefined) throw new Fault("internal", "the mount table is not in storage");
      this.#records = decodeTable(bytes);
      const missing = this.#missing(this.#records);
      if (missing.length > 0) {
        this.#records = [...this.#records, ...missing];
        await this.#write(this.#records);
      }
      const slots = this.#records.filter((record) => !record.leaving).map((record) => this.#slot(record));
      this.router.clear();
      for (const slot of slots) this.router.add(slot);
      this.#loaded = true;
    });
  }

  /** Revokes what disables that were cut short had left: before anything is served. */
  async finishRevocations(): Promise<void> {
    for (const { kind, path } of this.#leaving()) if (kind === "auth") await this.#parts.tokens.revokePrefix(path);
  }

  /** Starts the engines' own work, and deletes what disables that were cut short had left, in the background. */
  start(): void {
    for (const slot of this.router.all()) this.#start(slot);
    for (const record of this.#leaving()) {
      this.#inTurn(() => this.#resume(record)).catch((error: unknown) => {
        this.#parts.env.log("error", "disabling a mount was not finished, it goes on at the next unseal", {
          path: record.path,
          error: error instanceof Error ? error : undefined,
        });
      });
    }
  }

  /** Ends the engines' work and drops what they hold. */
  async stop(): Promise<void> {
    const slots = this.router.all();
    this.close();
    await Promise.all(slots.map((slot) => slot.stop()));
  }

  list(kind: Mount["kind"]): readonly Mount[] {
    const mounts = this.router.all().map((slot) => slot.mount);
    return mounts.filter((mount) => mount.kind === kind).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  find(path: string): Mount | undefined {
    return this.router.find(path)?.slot.mount;
  }

  async enable(mount: NewMount): Promise<void> {
    await this.#inTurn(async () => {
      const { type, options } = resolveKind(this.#kinds, mount);
      checkPath(mount);
      checkFree(mount.path, this.#records);
      const { uuid, accessor } = names(mount.kind, type, this.#parts.env);
      const record: MountRecord = { ...mount, type, options, uuid, accessor, leaving: false };
      const slot = this.#slot(record);
      checkTtls(slot.mount);
      await this.#save([...this.#records, record]);
      await this.#back(slot);
      this.#start(slot);
    });
  }

  async disable(path: string): Promise<void> {
    await this.#inTurn(async () => {
      const record = this.#records.find((r) => r.path === path);
      if (record === undefined) throw new Fault("invalid", `no mount at "${path}"`);
      if (pinnedAt(path) !== undefined) throw new Fault("invalid", `"${path}" cannot be disabled`);
      await this.#save(this.#records.map((r) => (r === record ? { ...r, leaving: true } : r)));
      const slot = this.router.remove(path);
      if (slot !== undefined) {
        await this.#drained(slot);
        slot.gone = true;
        await this.#endLeases(slot);
        await slot.stop();
        // A request that hangs still has the storage in its hands.
        await slot.cut();
      }
      await this.#finish({ ...record, leaving: true });
    });
  }

  /** While the engine still lives. When it cannot undo them the mount goes on serving, as if it had never been disabled. */
  async #endLeases(slot: Slot): Promise<void> {
    const { kind, path } = slot.mount;
    if (kind !== "secret") return;
    try {
      await this.leaseSlots.end(slot, this.#parts.leases);
    } catch (error) {
      if (this.#loaded) await this.#save(this.#records.map((r) => (r.path === path ? { ...r, leaving: false } : r)));
      slot.gone = false;
      await this.#back(slot);
      throw error;
    }
  }

  tune(path: string, change: MountChange): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const record = this.#records.find((r) => r.path === path && !r.leaving);
      const slot = this.router.get(path);
      if (record === undefined || slot === undefined) throw new Fault("invalid", `no mount at "${path}"`);
      if (pinnedAt(path)?.tunable === false) throw new Fault("invalid", `"${path}" cannot be tuned`);
      const next = changed(record, change);
      checkTtls(this.#mountOf(next));
      if (upgradeOf(this.#kinds, record, next)) {
        await this.#upgrade(slot, record, next);
        return [UPGRADE_WARNING];
      }
      await this.#replace(record, next);
      slot.mount = this.#mountOf(next);
      return [];
    });
  }

  remount(from: string, to: string): string {
    const record = this.#movable(from, to);
    const id = this.#parts.env.random.uuid();
    this.#migrations.begin(id, { from, to });
    this.#inTurn(() => this.#move(record, to)).then(
      () => {
        this.#migrations.end(id, "success");
      },
      (error: unknown) => {
        this.#migrations.end(id, "failure");
        this.#parts.env.log("error", "moving a mount failed", {
          from,
          to,
          error: error instanceof Error ? error : undefined,
        });
      },
    );
    return id;
  }

  migration(id: string): Migration | undefined {
    return this.#migrations.get(id);
  }

  /** @throws Fault "invalid" */
  #movable(from: string, to: string): MountRecord {
    const record = this.#records.find((r) => r.path === from && !r.leaving);
    if (record === undefined) throw new Fault("invalid", `no matching mount at "${from}"`);
    if (pinnedAt(from) !== undefined) throw new Fault("invalid", `cannot remount "${from}"`);
    checkPath({ path: to, kind: record.kind });
    checkFree(
      to,
      this.#records.filter((r) => r !== record || from === to),
    );
    return record;
  }

  /** Its data lies under its uuid and stays where it is; what was handed out under the old path ends. */
  async #move({ path: from, uuid }: MountRecord, to: string): Promise<void> {
    const record = this.#movable(from, to);
    const slot = this.router.get(from);
    if (slot === undefined || record.uuid !== uuid) throw new Fault("invalid", `no matching mount at "${from}"`);
    this.router.remove(from);
    try {
      if (!(await this.#drained(slot))) throw stillBusy();
      if (record.kind === "auth") await this.#parts.tokens.revokePrefix(from);
      else await this.leaseSlots.end(slot, this.#parts.leases);
      const next = { ...record, path: to };
      await this.#replace(record, next);
      slot.mount = this.#mountOf(next);
    } finally {
      await this.#back(slot);
    }
  }

  async #upgrade(slot: Slot, record: MountRecord, next: MountRecord): Promise<void> {
    const { env } = this.#parts;
    this.router.add(new Slot(slot.mount, upgradingEngine, slot.storage));
    let upgraded = slot;
    try {
      if (!(await this.#drained(slot))) throw stillBusy();
      const made = this.#slot(next);
      await this.#replace(record, next);
      await slot.stop();
      upgraded = made;
    } finally {
      await this.#back(upgraded);
    }
    env.log("info", "a mount is upgraded", { path: record.path });
    this.#start(upgraded);
  }

  /** @returns whether the requests in it ended in time; no more may come */
  async #drained(slot: Slot): Promise<boolean> {
    const over = new AbortController();
    const late = this.#parts.env.clock.sleep(DRAIN, over.signal).then(
      () => false,
      () => true,
    );
    const idle = slot.idle().then(() => true);
    try {
      return await Promise.race([idle, late]);
    } finally {
      over.abort();
    }
  }

  /** Serves again; after a seal it ends, like those that the seal has found in the router. */
  async #back(slot: Slot): Promise<void> {
    if (this.#loaded) this.router.add(slot);
    else await slot.stop();
  }

  #replace(record: MountRecord, next: MountRecord): Promise<void> {
    return this.#save(this.#records.map((r) => (r === record ? next : r)));
  }

  async #finish(record: MountRecord): Promise<void> {
    if (record.kind === "auth") {
      await this.#parts.tokens.revokePrefix(record.path);
      await this.#parts.identity.mountGone(record.accessor);
    }
    await deleteAll(this.#parts.storageAt(folderOf(record)));
    await this.#save(this.#records.filter((r) => r.uuid !== record.uuid));
  }

  /** A disable that was cut short: its engine is made once more for the leases it has handed out. */
  async #resume(record: MountRecord): Promise<void> {
    if (record.kind === "secret") {
      const slot = this.#slot(record);
      await this.leaseSlots.end(slot, this.#parts.leases);
      await slot.stop();
    }
    await this.#finish(record);
  }

  #leaving(): readonly MountRecord[] {
    return this.#records.filter((record) => record.leaving);
  }

  #start(slot: Slot): void {
    if (!this.#loaded) return;
    slot.start((error) => {
      this.#parts.env.log("error", "the background work of a mount has failed", {
        path: slot.mount.path,
        error: error instanceof Error ? error : undefined,
      });
    });
  }

  /** sys/ is one engine, sealed or not. */
  #slot(record: MountRecord): Slot {
    const { env, storageAt } = this.#parts;
    const system = record.path === "sys/" ? this.#system : undefined;
    const engine = system ?? resolveKind(this.#kinds, record).kind.create(env);
    return new Slot(this.#mountOf(record), engine, storageAt(folderOf(record)));
  }

  #mountOf(record: MountRecord): Mount {
    const { path, kind, type, uuid, accessor, description, options, tune, flags } = record;
    const maxTtl = tune.maxLeaseTtl || this.#parts.maxLeaseTtl;
    const defaultTtl = Math.min(tune.defaultLeaseTtl || this.#parts.defaultLeaseTtl, maxTtl);
    const shown = flags === undefined ? undefined : { flags };
    return { path, kind, type, uuid, accessor, description, options, tune, defaultTtl, maxTtl, ...shown };
  }

  /** @throws Fault "sealed" when a seal has come since: `records` was made of a table that is gone */
  async #save(records: readonly MountRecord[]): Promise<void> {
    if (!this.#loaded) throw new Fault("sealed", "Vault is sealed");
    await this.#write(records);
    this.#records = records;
  }

  #write(records: readonly MountRecord[]): Promise<void> {
    return this.#core.transact((tx) => {
      tx.put(KEY, encodeTable(records));
      return Promise.resolve();
    });
  }
}

function folderOf({ kind, uuid }: Pick<MountRecord, "kind" | "uuid">): string {
  return `${kind === "auth" ? "auth" : "logical"}/${uuid}/`;
}

function names(kind: Mount["kind"], type: string, env: EngineEnv): { uuid: string; accessor: string } {
  const accessor = `${kind === "auth" ? "auth_" : ""}${type}_${env.random.bytes(4).toString("hex")}`;
  return { uuid: env.random.uuid(), accessor };
}

function pinnedRecord({ path, kind, type, description }: Pinned, env: EngineEnv): MountRecord {
  const tune = kind === "auth" ? { ...NO_TUNE, tokenType: "default-service" as const } : NO_TUNE;
  return { path, kind, type, description, options: new Map(), tune, leaving: false, ...names(kind, type, env) };
}

function stillBusy(): Fault {
  return new Fault("unavailable", "requests to this mount are still under way: try again", { retryAfter: DRAIN });
}
