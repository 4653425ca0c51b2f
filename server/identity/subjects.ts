/**
 * Subjects as they were put together, kept until something they were made of changes.
 *
 * 1. One object for an entity as long as nothing in it changes, so that others may hang what they compile on it.
 * 2. A change drops exactly the subjects that were made of what it touched: the entity, or a group it is in.
 * 3. What is being put together while a change ends is handed to who asked before it, and kept only if the change did
 *    not touch it.
 */
import type { Subject } from "../contract/identity.ts";
import type { Reader } from "../contract/storage.ts";
import { groupsOf, mergedInto, readEntity } from "./shelf.ts";

/** Entities and groups of all kept subjects together. */
const MOST_PARTS = 200_000;

interface Kept {
  readonly subject: Subject;
  /** Ids of all that it was made of. */
  readonly parts: readonly string[];
}

export class Subjects {
  readonly #kept = new Map<string, Kept>();
  /** From a part to the ids under which subjects with it are kept. */
  readonly #users = new Map<string, Set<string>>();
  readonly #most: number;
  #total = 0;
  /** What has been touched since each of those under way began. */
  readonly #underWay = new Set<Set<string>>();
  readonly #shared = new Map<string, Promise<Subject | undefined>>();

  constructor(most = MOST_PARTS) {
    this.#most = most;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(id: string): Subject | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept.subject;
  }

  /** @param read opens a snapshot, which is closed */
  load(id: string, read: () => Reader & { close(): void }): Promise<Subject | undefined> {
    const shared = this.#shared.get(id);
    if (shared !== undefined) return shared;
    const loading = this.#load(id, read).finally(() => {
      if (this.#shared.get(id) === loading) this.#shared.delete(id);
    });
    this.#shared.set(id, loading);
    return loading;
  }

  /** Drops what was made of any of these. */
  touch(parts: ReadonlySet<string>): void {
    if (parts.size === 0) return;
    this.#shared.clear();
    for (const part of parts) {
      for (const id of [...(this.#users.get(part) ?? [])]) this.#drop(id);
      for (const touched of this.#underWay) touched.add(part);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#users.clear();
    this.#shared.clear();
    this.#total = 0;
    for (const touched of this.#underWay) touched.add("");
  }

  async #load(id: string, read: () => Reader & { close(): void }): Promise<Subject | undefined> {
    const touched = new Set<string>();
    this.#underWay.add(touched);
    const reader = read();
    try {
      const made = await makeSubject(reader, id);
      if (made === undefined) return undefined;
      if (touched.has("") || made.parts.some((part) => touched.has(part))) return made.subject;
      return this.#keep(id, made);
    } finally {
      reader.close();
      this.#underWay.delete(touched);
    }
  }

  #keep(id: string, made: Kept): Subject {
    const whole = this.#kept.get(made.subject.id);
    const kept = whole === undefined ? made : { ...made, subject: whole.subject };
    for (const key of new Set([id, made.subject.id])) {
      if (this.#kept.has(key)) continue;
      this.#kept.set(key, kept);
      this.#total += kept.parts.length;
      for (const part of kept.parts) this.#users.set(part, (this.#users.get(part) ?? new Set()).add(key));
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#total <= this.#most) break;
      this.#drop(oldest);
    }
    return kept.subject;
  }

  #drop(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    this.#total -= kept.parts.length;
    for (const part of kept.parts) {
      const users = this.#users.get(part);
      users?.delete(id);
      if (users?.size === 0) this.#users.delete(part);
    }
  }
}

async function makeSubject(reader: Reader, asked: string): Promise<Kept | undefined> {
  const id = (await mergedInto(reader, asked)) ?? asked;
  const entity = await readEntity(reader, id);
  if (entity === undefined) return undefined;
  const { direct, inherited } = await groupsOf(reader, id);
  const groups = [...direct, ...inherited];
  const policies = new Set([...entity.policies, ...groups.flatMap((group) => group.policies)]);
  // Refused when it is written; never handed out, whatever lies in storage (CVE-2024-9180).
  policies.delete("root");
  const subject: Subject = {
    id,
    name: entity.name,
    disabled: entity.disabled,
    metadata: entity.metadata,
    policies: [...policies].sort(),
    aliases: entity.aliases.map((alias) => ({
      id: alias.id,
      mountAccessor: alias.mountAccessor,
      name: alias.name,
      metadata: alias.metadata,
      customMetadata: alias.customMetadata,
    })),
    groups: groups.map((group) => ({ id: group.id, name: group.name, metadata: group.metadata })),
  };
  return { subject, parts: [...new Set([id, asked, ...groups.map((group) => group.id)])] };
}
