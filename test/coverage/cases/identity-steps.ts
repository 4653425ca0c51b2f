/** Steps and reply members that several cases of area identity need. */
import type { Step } from "../types.ts";

export const entity = (name: string, more: object = {}): Step => ({
  method: "POST",
  path: "identity/entity",
  data: { name, ...more },
  save: { [name]: "data.id" },
});

export const group = (name: string, more: object = {}): Step => ({
  method: "POST",
  path: "identity/group",
  data: { name, ...more },
  save: { [name]: "data.id" },
});

export const groupAlias = (name: string, of: string): Step => ({
  method: "POST",
  path: "identity/group-alias",
  data: { name, mount_accessor: "{{toy}}", canonical_id: `{{${of}}}` },
  save: { [`${of}Alias`]: "data.id" },
});

export const ENTITY_KEYS = [
  "data.id",
  "data.name",
  "data.metadata",
  "data.policies",
  "data.disabled",
  "data.aliases",
  "data.merged_entity_ids",
  "data.direct_group_ids",
  "data.inherited_group_ids",
  "data.group_ids",
  "data.creation_time",
  "data.last_update_time",
  "data.namespace_id",
];
export const GROUP_KEYS = [
  "data.id",
  "data.name",
  "data.type",
  "data.metadata",
  "data.policies",
  "data.alias",
  "data.member_entity_ids",
  "data.member_group_ids",
  "data.parent_group_ids",
  "data.modify_index",
  "data.creation_time",
  "data.last_update_time",
  "data.namespace_id",
];
export const ALIAS_KEYS = [
  "data.id",
  "data.canonical_id",
  "data.mount_accessor",
  "data.mount_path",
  "data.mount_type",
  "data.name",
  "data.metadata",
  "data.merged_from_canonical_ids",
  "data.creation_time",
  "data.last_update_time",
];
