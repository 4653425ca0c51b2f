/** Entities, groups and aliases as the API shows them. Source: the sample replies of Vault's API pages "/identity/…". */
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { Encodable, EncodableRecord } from "../../../lib/wire/json.ts";
import type { AliasRecord, EntityRecord, EntityView, GroupView } from "../../contract/directory.ts";
import type { Mount, Reply } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { IdentityPorts } from "./ports.ts";

type Ports = Pick<IdentityPorts, "mounts">;

/** The auth method of this accessor. */
function methodOf({ mounts }: Ports, accessor: string): Mount | undefined {
  return mounts.list("auth").find((mount) => mount.accessor === accessor);
}

/** @throws Fault "invalid" when no auth method has it */
export function checkAccessor(ports: Ports, accessor: string | undefined): void {
  if (accessor === undefined || methodOf(ports, accessor) !== undefined) return;
  throw new Fault("invalid", "invalid mount accessor: take it from sys/auth, where each auth method shows its own");
}

/** "" is as good as absent, as in Vault. */
export function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

export function listed(keys: readonly string[], info?: ReadonlyMap<string, Encodable>): Reply {
  if (keys.length === 0) throw nothingHere();
  return { data: { keys, ...(info !== undefined && { key_info: info }) } };
}

/** Go writes an empty list or map that was never set as null. */
function orNull<T extends Encodable>(value: T, size: number): T | null {
  return size === 0 ? null : value;
}

function mountOf(ports: Ports, { mountAccessor }: AliasRecord): EncodableRecord {
  const mount = methodOf(ports, mountAccessor);
  return mount === undefined ? {} : { mount_path: mount.path, mount_type: mount.type };
}

export function shownAlias(ports: Ports, alias: AliasRecord): EncodableRecord {
  return {
    id: alias.id,
    canonical_id: alias.canonicalId,
    mount_accessor: alias.mountAccessor,
    ...mountOf(ports, alias),
    name: alias.name,
    metadata: orNull(alias.metadata, alias.metadata.size),
    custom_metadata: alias.customMetadata,
    merged_from_canonical_ids: orNull(alias.mergedFrom, alias.mergedFrom.length),
    creation_time: formatTime(alias.created),
    last_update_time: formatTime(alias.updated),
    local: false,
    namespace_id: "root",
  };
}

export function shownEntity(ports: Ports, entity: EntityView): EncodableRecord {
  return {
    id: entity.id,
    name: entity.name,
    metadata: orNull(entity.metadata, entity.metadata.size),
    policies: entity.policies,
    disabled: entity.disabled,
    merged_entity_ids: orNull(entity.merged, entity.merged.length),
    aliases: entity.aliases.map((alias) => shownAlias(ports, alias)),
    direct_group_ids: entity.directGroups,
    inherited_group_ids: entity.inheritedGroups,
    group_ids: [...entity.directGroups, ...entity.inheritedGroups],
    creation_time: formatTime(entity.created),
    last_update_time: formatTime(entity.updated),
    namespace_id: "root",
  };
}

export function shownGroup(ports: Ports, group: GroupView): EncodableRecord {
  return {
    id: group.id,
    name: group.name,
    type: group.type,
    metadata: orNull(group.metadata, group.metadata.size),
    policies: group.policies,
    alias: group.alias === undefined ? {} : shownAlias(ports, group.alias),
    member_entity_ids: group.memberEntities,
    member_group_ids: orNull(group.memberGroups, group.memberGroups.length),
    parent_group_ids: orNull(group.parentGroups, group.parentGroups.length),
    modify_index: group.modified,
    creation_time: formatTime(group.created),
    last_update_time: formatTime(group.updated),
    namespace_id: "root",
  };
}

/** In `key_info` of a list. */
export function briefAlias(ports: Ports, alias: AliasRecord): EncodableRecord {
  const { id, name, mountAccessor, canonicalId } = alias;
  return { id, name, canonical_id: canonicalId, mount_accessor: mountAccessor, ...mountOf(ports, alias) };
}

export function briefEntity(ports: Ports, { name, aliases }: EntityRecord): EncodableRecord {
  const brief = aliases.map((alias) => briefAlias(ports, alias));
  return { name, ...(brief.length > 0 && { aliases: brief }) };
}

export function briefGroup(ports: Ports, group: GroupView): EncodableRecord {
  return {
    name: group.name,
    num_member_entities: group.memberEntities.length,
    num_parent_groups: group.parentGroups.length,
    ...(group.alias !== undefined && { alias: briefAlias(ports, group.alias) }),
  };
}
