/**
 * The identity store: who stands behind tokens (`Identity`, for the pipeline) and the same as it is shown and changed
 * (`Directory`, for the routes of identity/). Everything lies in storage; only subjects are kept in memory.
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import { Serial } from "../../lib/serial.ts";
import type { Directory, EntityRecord, EntityView, GroupView, Query } from "../contract/directory.ts";
import type { Identity, LoginName, NamePlace, Subject } from "../contract/identity.ts";
import type { Reader, Storage } from "../contract/storage.ts";
import { deleteAlias, putAlias } from "./aliases.ts";
import { deleteEntity, putEntity, withoutAlias } from "./entities.ts";
import { deleteGroupAlias, putGroupAlias } from "./group-aliases.ts";
import { deleteGroup, putGroup } from "./groups.ts";
import { findOrMake, refreshGroups } from "./login.ts";
import { mergeEntities } from "./merge.ts";
import { nameKey } from "./names.ts";
import { decodeId } from "./record.ts";
import {
  aliasAtMount,
  aliasNamed,
  entityBy,
  factorsOf,
  groupBy,
  groupsOf,
  mergedInto,
  readEntity,
  readGroup,
  viewOf,
} from "./shelf.ts";
import { Subjects } from "./subjects.ts";
import type { Work } from "./work.ts";

export interface IdentityParts {
  /** This room's own view. */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

/** So many aliases of a mount that has gone are deleted in one transaction. */
const AT_ONCE = 200;

export interface IdentityStore extends Identity, Directory {}

export function identityStore(parts: IdentityParts): IdentityStore {
  return new Store(parts);
}

class Store implements IdentityStore {
  readonly #parts: IdentityParts;
  readonly #subjects = new Subjects();
  /** First logins of one name queue up here instead of losing their transactions to each other. */
  readonly #logins = new Serial();

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  async login(
    mount: NamePlace,
    name: LoginName,
  ): Promise<{ readonly subject: Subject; readonly created: boolean } | undefined> {
    if (name.alias === "") return undefined;
    const { accessor } = mount;
    const { entityId, created } = await this.#logins.run(`${accessor}/${nameKey(name.alias)}`, () =>
      this.#change((w) => findOrMake(w, accessor, name)),
    );
    return { subject: await this.#mustHave(entityId), created };
  }

  async refresh(entityId: string, mount: NamePlace, groups: readonly string[]): Promise<void> {
    await this.#change(async (w) => {
      const entity = await readEntity(w.tx, (await mergedInto(w.tx, entityId)) ?? entityId);
      if (entity !== undefined) await refreshGroups(w, mount.accessor, entity.id, groups);
    });
  }

  subject(entityId: string): Promise<Subject | undefined> {
    const kept = this.#subjects.get(entityId);
    if (kept !== undefined) return Promise.resolve(kept);
    return this.#subjects.load(entityId, () => this.#parts.storage.snapshot());
  }

  async ofAlias(mountAccessor: string, alias: string): Promise<Subject> {
    const { entityId } = await this.#logins.run(`${mountAccessor}/${nameKey(alias)}`, () =>
      this.#change(async (w) => {
        const known = await entityBy(w.tx, { mountAccessor, aliasName: alias });
        if (known !== undefined) return { entityId: known.id };
        return findOrMake(w, mountAccessor, { alias, metadata: new Map(), groups: undefined });
      }),
    );
    return this.#mustHave(entityId);
  }

  open(): Promise<void> {
    this.forget();
    return Promise.resolve();
  }

  async mountGone(accessor: string): Promise<void> {
    while (await this.#change((w) => dropSome(w, accessor)));
  }

  forget(): void {
    this.#subjects.clear();
  }

  entity(query: Query): Promise<EntityView | undefined> {
    return this.#read(async (reader) => {
      const entity = await entityBy(reader, query);
      if (entity === undefined) return undefined;
      const { direct, inherited } = await groupsOf(reader, entity.id);
      const ids = (groups: readonly { readonly id: string }[]): readonly string[] => groups.map(({ id }) => id);
      return { ...entity, directGroups: ids(direct), inheritedGroups: ids(inherited) };
    });
  }

  eachEntity(visit: (entity: EntityRecord) => void): Promise<void> {
    return this.#read(async (reader) => {
      for (const id of await reader.list("entity/")) {
        const entity = await readEntity(reader, id);
        if (entity !== undefined) visit(entity);
      }
    });
  }

  putEntity: Directory["putEntity"] = (change) => this.#change((w) => putEntity(w, change));

  async deleteEntities(queries: Parameters<Directory["deleteEntities"]>[0]): Promise<void> {
    for (const query of queries) await this.#change((w) => deleteEntity(w, query));
  }

  merge: Directory["merge"] = (merge) => this.#change((w) => mergeEntities(w, merge));

  alias: Directory["alias"] = (id) =>
    this.#read(async (reader) => {
      const entity = await entityBy(reader, { aliasId: id });
      return entity === undefined ? undefined : aliasNamed(entity, id);
    });

  putAlias: Directory["putAlias"] = (change) => this.#change((w) => putAlias(w, change));

  deleteAlias: Directory["deleteAlias"] = (id) => this.#change((w) => deleteAlias(w, id));

  group(query: Query): Promise<GroupView | undefined> {
    return this.#read(async (reader) => {
      const group = await groupBy(reader, query);
      return group === undefined ? undefined : viewOf(reader, group);
    });
  }

  eachGroup(visit: (group: GroupView) => void): Promise<void> {
    return this.#read(async (reader) => {
      for (const id of await reader.list("group/")) {
        const group = await readGroup(reader, id);
        if (group !== undefined) visit(await viewOf(reader, group));
      }
    });
  }

  putGroup: Directory["putGroup"] = (change, byName) => this.#change((w) => putGroup(w, change, byName));

  deleteGroup: Directory["deleteGroup"] = (query) => this.#change((w) => deleteGroup(w, query));

  groupAlias: Directory["groupAlias"] = (id) =>
    this.#read(async (reader) => (await groupBy(reader, { aliasId: id }))?.alias);

  putGroupAlias: Directory["putGroupAlias"] = (change) => this.#change((w) => putGroupAlias(w, change));

  deleteGroupAlias: Directory["deleteGroupAlias"] = (id) => this.#change((w) => deleteGroupAlias(w, id));

  async #mustHave(entityId: string): Promise<Subject> {
    const subject = await this.subject(entityId);
    if (subject === undefined) throw new Fault("denied", "permission denied");
    return subject;
  }

  async #read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    const snapshot = this.#parts.storage.snapshot();
    try {
      return await work(snapshot);
    } finally {
      snapshot.close();
    }
  }

  /** Once this resolves no subject is handed out that does not know of the change. */
  async #change<T>(work: (w: Work) => Promise<T>): Promise<T> {
    const { storage, clock, random } = this.#parts;
    let touched = new Set<string>();
    try {
      return await storage.transact((tx) => {
        touched = new Set();
        return work({ tx, touched, now: clock.now(), random });
      });
    } finally {
      this.#subjects.touch(touched);
    }
  }
}

/** @returns whether there may be more */
async function dropSome(w: Work, accessor: string): Promise<boolean> {
  const entities = factorsOf("entity", accessor);
  const groups = factorsOf("group", accessor);
  const some = (await w.tx.list(entities)).slice(0, AT_ONCE);
  for (const key of some) {
    const id = decodeId(await w.tx.get(entities + key));
    const entity = id === undefined ? undefined : await readEntity(w.tx, id);
    const alias = entity === undefined ? undefined : aliasAtMount(entity, accessor);
    if (entity === undefined || alias === undefined) w.tx.delete(entities + key);
    else withoutAlias(w, entity, alias);
  }
  const group = (await w.tx.list(groups)).slice(0, 1);
  for (const key of group) {
    const found = await readGroup(w.tx, decodeId(await w.tx.get(groups + key)) ?? "");
    if (found?.alias === undefined) w.tx.delete(groups + key);
    else await deleteGroupAlias(w, found.alias.id);
  }
  return some.length > 0 || group.length > 0;
}
