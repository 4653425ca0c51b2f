/**
 * The mount table: which engine serves which path, kept in storage, changed while serving. A disable is marked in the
 * table first, so that one cut short by a crash is finished at the next unseal. Source: Vault's API pages "/sys/mounts"
 * and "/sys/auth".
 */
import { Fault } from "../../lib/fault.ts";
import type { Engine, EngineEnv, Mount } from "../contract/engine.ts";
import type { Identity } from "../contract/identity.ts";
import { type Mounts, type NewMount, NO_TUNE } from "../contract/mounts.ts";
import type { Storage } from "../contract/storage.ts";
import type { Tokens } from "../contract/tokens.ts";
import { type Kinds, resolveKind } from "./kinds.ts";
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
  /** Milliseconds; of mounts that say nothing. */
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
}

export type Change = Parameters<Mounts["tune"]>[1];

export class MountTable implements Mounts {
  readonly router = new Router();
  readonly #parts: MountParts;
  readonly #core: Storage;
  #kinds: Kinds = [];
  #system: Engine | undefined;
  #sealed: Slot | undefined;
  readonly #inTurn = turnstile();
  #records: readonly MountRecord[] = [];

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
    this.#records = [];
    this.router.clear();
    if (this.#sealed !== undefined) this.router.add(this.#sealed);
  }

  /** Writes the table of a new server. */
  async seed(): Promise<void> {
    await this.#save(this.#missing([]));
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
      if (missing.length > 0) await this.#save([...this.#records, ...missing]);
      const slots = this.#records.filter((record) => !record.leaving).map((record) => this.#slot(record));
      this.router.clear();
      for (const slot of slots) this.router.add(slot);
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
      this.#inTurn(() => this.#finish(record)).catch((error: unknown) => {
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
      this.router.add(slot);
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
        const drained = new AbortController();
        await Promise.race([slot.idle(), this.#parts.env.clock.sleep(DRAIN, drained.signal).catch(() => undefined)]);
        drained.abort();
        await slot.stop();
      }
      await this.#finish({ ...record, leaving: true });
    });
  }

  async tune(path: string, change: Change): Promise<void> {
    await this.#inTurn(async () => {
      const record = this.#records.find((r) => r.path === path && !r.leaving);
      const slot = this.router.get(path);
      if (record === undefined || slot === undefined) throw new Fault("invalid", `no mount at "${path}"`);
      if (pinnedAt(path)?.tunable === false) throw new Fault("invalid", `"${path}" cannot be tuned`);
      const next = changed(record, change);
      const mount = this.#mountOf(next);
      checkTtls(mount);
      await this.#save(this.#records.map((r) => (r === record ? next : r)));
      slot.mount = mount;
    });
  }

  async #finish(record: MountRecord): Promise<void> {
    if (record.kind === "auth") {
      await this.#parts.tokens.revokePrefix(record.path);
      await this.#parts.identity.mountGone(record.accessor);
    }
    await deleteAll(this.#parts.storageAt(folderOf(record)));
    await this.#save(this.#records.filter((r) => r.uuid !== record.uuid));
  }

  #leaving(): readonly MountRecord[] {
    return this.#records.filter((record) => record.leaving);
  }

  #start(slot: Slot): void {
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
    const { path, kind, type, uuid, accessor, description, options, tune } = record;
    const maxTtl = tune.maxLeaseTtl || this.#parts.maxLeaseTtl;
    const defaultTtl = Math.min(tune.defaultLeaseTtl || this.#parts.defaultLeaseTtl, maxTtl);
    return { path, kind, type, uuid, accessor, description, options, tune, defaultTtl, maxTtl };
  }

  async #save(records: readonly MountRecord[]): Promise<void> {
    await this.#core.transact((tx) => {
      tx.put(KEY, encodeTable(records));
      return Promise.resolve();
    });
    this.#records = records;
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

function changed(record: MountRecord, { description, options, ...tune }: Change): MountRecord {
  const merged = new Map([...record.options, ...(options ?? [])]);
  if ((merged.get("version") ?? "1") !== (record.options.get("version") ?? "1")) {
    throw new Fault("invalid", "the version of a mount cannot be changed: enable another mount and copy the secrets");
  }
  return {
    ...record,
    description: description ?? record.description,
    options: options === undefined ? record.options : merged,
    tune: { ...record.tune, ...tune },
  };
}
