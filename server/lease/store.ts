/**
 * The leases of secrets, and through `Tokens` those of tokens. Its rules:
 *
 * 1. A lease is on disk before its secret is handed out. It ends in one commit (`ended`): from then on nobody finds it.
 * 2. Then its engine undoes what it stands for, and only then it is deleted. What fails is tried again with growing
 *    waits, after a restart too; after `MOST_FAILURES` it is kept as stuck, with the reason, until someone revokes it.
 * 3. It dies with its token: the token store asks (`revokeByToken`) while the token is dead but its record still there.
 *    One that is registered just then sees that its token is dead and ends itself.
 * 4. Expiry is wall time. What falls due is read after unseal, beside requests: nothing walks leases before they are served.
 * Source: Vault's pages "Lease, renew, and revoke" and "/sys/leases".
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import { Serial } from "../../lib/serial.ts";
import { effectiveTtl } from "../../lib/ttl.ts";
import type { LeaseEngines } from "../contract/lease-engines.ts";
import type { LeaseInfo, Leases, RevokeOptions, SecretLease, StuckLease } from "../contract/leases.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import { newLeaseId } from "./names.ts";
import { deleteLease, LEASES, type LeaseRecord, OWNERS, putLease, readId, readLease, STUCK } from "./record.ts";
import { HEAD_START, Schedule } from "./schedule.ts";

/** As Vault's. */
const MOST_FAILURES = 6;
const RETRY = { first: 10_000, most: 15 * 60_000 };
const TOGETHER = 32;
/** Records read between two turns of the event loop: a third of a millisecond, which no request notices. */
const STRIDE = 8;

export interface LeaseStoreParts {
  /** The whole store, decrypted; everything of leases lies below "sys/lease/". */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tokens: Pick<Tokens, "byId" | "byLease" | "leases" | "revoke" | "revokePrefix" | "count">;
  /** Asked at the call: the core is made after this store. */
  readonly engines: () => LeaseEngines;
}

/** Does nothing until `expire`. */
export function leaseStore(parts: LeaseStoreParts): Leases {
  return new LeaseStore(parts);
}

class LeaseStore implements Leases {
  readonly #parts: LeaseStoreParts;
  readonly #turns = new Serial();
  readonly #schedule: Schedule;

  constructor(parts: LeaseStoreParts) {
    const { clock, log } = parts;
    this.#parts = parts;
    this.#schedule = new Schedule({ clock, log, what: "lease", retry: RETRY, run: (id) => this.#fallDue(id) });
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  forget(): void {
    this.#schedule.clear();
  }

  async register(path: string, token: TokenEntry, lease: SecretLease): Promise<LeaseInfo> {
    const { storage, random, tokens } = this.#parts;
    const record = this.#recordOf(newLeaseId(path, "", random), path, token, lease);
    await storage.transact((tx) => {
      putLease(tx, record);
      return Promise.resolve();
    });
    const { entry } = record;
    this.#schedule.set(entry.id, entry.expireTime);
    if (entry.tokenId !== "" && (await tokens.byId(entry.tokenId)) === undefined) {
      await this.revoke(entry.id, { force: false, sync: false });
      if (token.numUses !== -1) throw new Fault("denied", "permission denied");
      const message =
        "Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.";
      throw new Fault("invalid", message);
    }
    return entry;
  }

  #recordOf(id: string, path: string, token: TokenEntry, lease: SecretLease): LeaseRecord {
    const now = this.#parts.clock.now();
    const mount = this.#parts.engines().mountOf(path);
    if (mount === undefined) throw new Fault("not-found", "the mount of this lease is gone");
    const latest = token.type === "batch" ? token.expireTime : 0;
    const ttl = within(
      effectiveTtl({
        increment: 0,
        ttl: lease.ttl,
        maxTtl: lease.maxTtl,
        explicitMaxTtl: 0,
        period: 0,
        mountTtl: mount.defaultTtl,
        mountMaxTtl: mount.maxTtl,
        age: 0,
      }).ttl,
      latest,
      now,
    );
    const tokenId = token.type === "batch" ? token.parent : token.id;
    const { renewable, maxTtl, internal } = lease;
    const times = { issueTime: now, expireTime: now + ttl, lastRenewal: 0 };
    return { entry: { id, path, tokenId, ...times, renewable, maxTtl, internal }, ttl, latest, ...FRESH };
  }

  async find(id: string): Promise<LeaseInfo | undefined> {
    const record = await readLease(this.#parts.storage, id);
    if (record !== undefined) return this.#lives(record) ? record.entry : undefined;
    const token = await this.#parts.tokens.byLease(id);
    return token && infoOf(token);
  }

  renew(id: string, increment: number): Promise<{ readonly lease: LeaseInfo; readonly warnings: readonly string[] }> {
    return this.#turns.run(id, async () => {
      const { storage, clock, tokens, engines } = this.#parts;
      const record = await readLease(storage, id);
      if (record === undefined && (await tokens.byLease(id)) !== undefined) {
        throw new Fault("invalid", "tokens cannot be renewed through this endpoint: use auth/token/renew");
      }
      if (record === undefined || !this.#lives(record)) throw new Fault("invalid", "lease not found");
      const { entry, latest } = record;
      const mount = engines().mountOf(entry.path);
      const renewal = entry.renewable ? await engines().renew(entry) : undefined;
      if (renewal === undefined || mount === undefined) throw new Fault("invalid", "lease is not renewable");
      const now = clock.now();
      const { ttl, warnings } = effectiveTtl({
        increment,
        ttl: renewal.ttl === 0 ? record.ttl : renewal.ttl,
        maxTtl: renewal.maxTtl === 0 ? entry.maxTtl : renewal.maxTtl,
        explicitMaxTtl: 0,
        period: renewal.period,
        mountTtl: mount.defaultTtl,
        mountMaxTtl: mount.maxTtl,
        age: now - entry.issueTime,
      });
      const lease = { ...entry, expireTime: now + within(ttl, latest, now), lastRenewal: now };
      await storage.transact(async (tx) => {
        const before = await readLease(tx, id);
        if (before === undefined || !this.#lives(before)) throw new Fault("invalid", "lease not found");
        putLease(tx, { ...before, entry: lease });
      });
      this.#schedule.set(id, lease.expireTime);
      return { lease, warnings };
    });
  }

  async revoke(id: string, { force, sync }: RevokeOptions): Promise<void> {
    const { tokens, clock } = this.#parts;
    if (!(await this.#end(id))) {
      const token = await tokens.byLease(id);
      if (token !== undefined) await tokens.revoke(token.id);
      return;
    }
    if (force || sync) {
      await this.#undo(id, force).catch((error: unknown) => {
        this.#schedule.set(id, clock.now() + RETRY.first);
        throw error;
      });
    } else this.#schedule.set(id, clock.now());
  }

  async revokePrefix(prefix: string, options: RevokeOptions): Promise<void> {
    const { storage, tokens } = this.#parts;
    if (!prefix.endsWith("/") && (await this.#isLease(prefix))) return this.revoke(prefix, options);
    const folder = prefix.endsWith("/") ? prefix : `${prefix}/`;
    const failures: unknown[] = [];
    let ids: string[] = [];
    const revoke = async (): Promise<void> => {
      for (const outcome of await Promise.allSettled(ids.map((id) => this.revoke(id, options)))) {
        if (outcome.status === "rejected") failures.push(outcome.reason);
      }
      ids = [];
    };
    for await (const id of LEASES.below(storage, folder)) {
      if (ids.push(id) === TOGETHER) await revoke();
    }
    await revoke();
    await tokens.revokePrefix(folder);
    if (failures.length === 0) return;
    const message = `${String(failures.length)} leases could not be revoked, they will be tried again: see sys/leases?type=irrevocable, or use sys/leases/revoke-force`;
    throw new Fault("invalid", message, { cause: failures[0] });
  }

  async #isLease(id: string): Promise<boolean> {
    return (
      (await readLease(this.#parts.storage, id)) !== undefined || (await this.#parts.tokens.byLease(id)) !== undefined
    );
  }

  async revokeByToken(tokenId: string): Promise<void> {
    const { storage, clock } = this.#parts;
    const folder = `${OWNERS}${tokenId}/`;
    const names = await storage.list(folder);
    for (let at = 0; at < names.length; at += TOGETHER) {
      await Promise.all(
        names.slice(at, at + TOGETHER).map(async (name) => {
          const id = await readId(storage, folder + name);
          if (id !== undefined && (await this.#end(id))) this.#schedule.set(id, clock.now());
        }),
      );
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const { storage, tokens } = this.#parts;
    const [secrets, logins] = [await LEASES.list(storage, prefix), await tokens.leases(prefix)];
    return [...new Set([...secrets, ...logins])].sort();
  }

  async count(): Promise<ReadonlyMap<string, number>> {
    const { storage, tokens, engines } = this.#parts;
    const counts = new Map(await tokens.count());
    for await (const id of LEASES.below(storage, "")) {
      const mount = engines().mountOf(id)?.path ?? "";
      counts.set(mount, (counts.get(mount) ?? 0) + 1);
    }
    return counts;
  }

  async stuck(most: number): Promise<readonly StuckLease[]> {
    const { storage } = this.#parts;
    const out: StuckLease[] = [];
    for (const name of (await storage.list(STUCK)).slice(0, most)) {
      const id = await readId(storage, STUCK + name);
      const record = id === undefined ? undefined : await readLease(storage, id);
      if (record === undefined) continue;
      out.push({ id: record.entry.id, expireTime: record.entry.expireTime, error: record.stuck });
    }
    return out;
  }

  /** Ends the leases of tokens that are gone, deletes places of leases that are gone. */
  async tidy(): Promise<void> {
    const { storage, tokens, clock } = this.#parts;
    for (const folder of await storage.list(OWNERS)) {
      const orphaned = (await tokens.byId(folder.slice(0, -1))) === undefined;
      for (const name of await storage.list(OWNERS + folder)) {
        const id = await readId(storage, OWNERS + folder + name);
        if (id === undefined || (await readLease(storage, id)) === undefined) {
          await deleteKey(storage, OWNERS + folder + name);
        } else if (orphaned && (await this.#end(id))) this.#schedule.set(id, clock.now());
      }
      await nextTurn();
    }
  }

  async expire(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#recall(signal), this.#schedule.run(signal)]);
  }

  /** Plans the end of everything that is stored, at once for what was being undone. */
  async #recall(signal: AbortSignal): Promise<void> {
    const { storage, clock } = this.#parts;
    await clock.sleep(HEAD_START, signal).catch(() => undefined);
    let visited = 0;
    for await (const id of LEASES.below(storage, "")) {
      if (signal.aborted) return;
      const record = await readLease(storage, id);
      if (record?.stuck === "") this.#schedule.set(id, record.ended ? clock.now() : record.entry.expireTime);
      visited += 1;
      if (visited % STRIDE === 0) await nextTurn();
    }
  }

  /** Ends what is really due: a renewal may have come between. */
  async #fallDue(id: string): Promise<void> {
    const record = await readLease(this.#parts.storage, id);
    if (record?.stuck !== "") return;
    if (this.#lives(record)) this.#schedule.set(id, record.entry.expireTime);
    else if (await this.#end(id)) await this.#undo(id, false);
  }

  #lives({ ended, entry }: LeaseRecord): boolean {
    return !ended && entry.expireTime > this.#parts.clock.now();
  }

  /** One commit, from which on nobody finds it. @returns whether there is such a lease */
  #end(id: string): Promise<boolean> {
    return this.#parts.storage.transact(async (tx) => {
      const record = await readLease(tx, id);
      if (record === undefined) return false;
      if (!record.ended) putLease(tx, { ...record, ended: true });
      return true;
    });
  }

  /** @throws what kept its engine from undoing it, unless it is to be given up */
  #undo(id: string, force: boolean): Promise<void> {
    return this.#turns.run(id, async () => {
      const { storage, engines, log } = this.#parts;
      const record = await readLease(storage, id);
      if (record === undefined) return;
      try {
        await engines().revoke(record.entry);
      } catch (error) {
        if (!force) return this.#failed(record, error);
        log("warn", "a lease was deleted whose secret could not be revoked", { lease: id, ...asField(error) });
      }
      await storage.transact((tx) => {
        deleteLease(tx, record);
        return Promise.resolve();
      });
      this.#schedule.delete(id);
    });
  }

  /** @throws `error` while it is to be tried again */
  async #failed(record: LeaseRecord, error: unknown): Promise<void> {
    const failures = record.failures + 1;
    const given = failures >= MOST_FAILURES;
    const reason = error instanceof Error ? error.message : "unknown";
    await this.#parts.storage.transact((tx) => {
      putLease(tx, { ...record, failures, stuck: given ? reason : record.stuck });
      return Promise.resolve();
    });
    if (!given) throw error;
    this.#parts.log("error", "a lease could not be revoked and is given up: see sys/leases?type=irrevocable", {
      lease: record.entry.id,
      ...asField(error),
    });
  }
}

const FRESH = { ended: false, failures: 0, stuck: "" } as const;

/** @throws Fault "invalid" when the batch token's end has come */
function within(ttl: number, latest: number, now: number): number {
  if (latest === 0) return ttl;
  if (latest <= now) throw new Fault("invalid", "the batch token that this lease belongs to has ended");
  return Math.min(ttl, latest - now);
}

function infoOf({
  leaseId: id,
  creationTime: issueTime,
  expireTime,
  lastRenewalTime,
  renewable,
}: TokenEntry): LeaseInfo {
  return { id, issueTime, expireTime, lastRenewal: lastRenewalTime, renewable };
}

function asField(error: unknown): { readonly error?: Error } {
  return error instanceof Error ? { error } : {};
}

async function deleteKey(storage: Storage, key: string): Promise<void> {
  await storage.transact((tx) => {
    tx.delete(key);
    return Promise.resolve();
  });
}
