/**
 * Entities, aliases and groups as the routes of identity/ read and change them; `server/identity` implements it beside
 * `Identity`. Times are wall-clock milliseconds. Every change is one transaction, seen by the next request.
 */

/** A name in an auth method: of an entity, or (a group alias) of a group in that method's directory. */
export interface AliasRecord {
  readonly id: string;
  /** The entity or group it belongs to. */
  readonly canonicalId: string;
  readonly mountAccessor: string;
  /** As it was written; compared in lower case. */
  readonly name: string;
  /** From the last login. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Given by people. */
  readonly customMetadata: ReadonlyMap<string, string>;
  readonly mergedFrom: readonly string[];
  readonly created: number;
  readonly updated: number;
}

export interface EntityRecord {
  readonly id: string;
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly policies: readonly string[];
  readonly disabled: boolean;
  /** Ids of the entities that went into this one. */
  readonly merged: readonly string[];
  readonly created: number;
  readonly updated: number;
  /** At most one for each mount. */
  readonly aliases: readonly AliasRecord[];
}

export interface EntityView extends EntityRecord {
  readonly directGroups: readonly string[];
  readonly inheritedGroups: readonly string[];
}

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  readonly type: "internal" | "external";
  readonly metadata: ReadonlyMap<string, string>;
  readonly policies: readonly string[];
  /** Of external groups alone. */
  readonly alias: AliasRecord | undefined;
  readonly created: number;
  readonly updated: number;
  /** Counts the changes. */
  readonly modified: number;
}

/** Ids in order. */
export interface GroupView extends GroupRecord {
  readonly memberEntities: readonly string[];
  readonly memberGroups: readonly string[];
  readonly parentGroups: readonly string[];
}

/** What names an entity or group. */
export type Query =
  | { readonly id: string }
  | { readonly name: string }
  | { readonly aliasId: string }
  | { readonly mountAccessor: string; readonly aliasName: string };

/** What is undefined stays as it is. */
export interface EntityChange {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  readonly policies: readonly string[] | undefined;
  readonly disabled: boolean | undefined;
}

export interface AliasChange {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly mountAccessor: string | undefined;
  readonly canonicalId: string | undefined;
  readonly customMetadata: ReadonlyMap<string, string> | undefined;
}

export interface GroupChange {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly type: string | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  readonly policies: readonly string[] | undefined;
  readonly memberEntities: readonly string[] | undefined;
  readonly memberGroups: readonly string[] | undefined;
}

export interface GroupAliasChange {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly mountAccessor: string | undefined;
  readonly canonicalId: string | undefined;
}

export interface Merge {
  readonly from: readonly string[];
  readonly to: string;
  /** Of two aliases of one mount the one to keep; the other goes. */
  readonly keep: readonly string[];
}

/** Two aliases of one mount that a merge would give one entity. */
export interface Clash {
  readonly entity: string;
  readonly entityId: string;
  readonly alias: string;
  readonly mountAccessor: string;
}

export interface Placed {
  readonly id: string;
  readonly canonicalId: string;
}

/** Whatever it refuses is a Fault "invalid" that names the field. */
export interface Directory {
  entity(query: Query): Promise<EntityView | undefined>;
  /** One after the other, by id, as of one moment. */
  eachEntity(visit: (entity: EntityRecord) => void): Promise<void>;
  /** By `id`, else by `name`; a new one when there is none of this name. */
  putEntity(change: EntityChange): Promise<{ readonly entity: EntityRecord; readonly created: boolean }>;
  /** Its aliases and memberships go with it; no error when there is none. */
  deleteEntities(queries: readonly ({ readonly id: string } | { readonly name: string })[]): Promise<void>;
  /** @returns the clashes, with nothing changed, when aliases of one mount meet and none is said to be kept */
  merge(merge: Merge): Promise<{ readonly clashes: readonly Clash[] }>;
  alias(id: string): Promise<AliasRecord | undefined>;
  /** @returns undefined when nothing has changed */
  putAlias(change: AliasChange): Promise<Placed | undefined>;
  deleteAlias(id: string): Promise<void>;
  group(query: Query): Promise<GroupView | undefined>;
  eachGroup(visit: (group: GroupView) => void): Promise<void>;
  /** By `id`; else a new one, unless `byName` says that the name names one that is there. */
  putGroup(change: GroupChange, byName: boolean): Promise<{ readonly group: GroupRecord; readonly created: boolean }>;
  deleteGroup(query: { readonly id: string } | { readonly name: string }): Promise<void>;
  groupAlias(id: string): Promise<AliasRecord | undefined>;
  /** Makes the group too unless `canonicalId` names one. @returns undefined when nothing has changed */
  putGroupAlias(change: GroupAliasChange): Promise<Placed | undefined>;
  /** Also when its group has gone; the group's members go with it: it was the alias that put them there. */
  deleteGroupAlias(id: string): Promise<void>;
}
