/** Groups, their aliases, and look-ups of entities and groups. */
import type { RouteCase } from "../types.ts";
import { ALIAS_KEYS, ENTITY_KEYS, entity, GROUP_KEYS, group, groupAlias } from "./identity-steps.ts";

export const groupCases: Record<string, RouteCase> = {
  "POST /identity/group": {
    given: [entity("member")],
    when: {
      method: "POST",
      path: "identity/group",
      data: { name: "Crew", policies: ["B", "a"], metadata: { zone: "eu" }, member_entity_ids: ["{{member}}"] },
      status: 200,
      shows: { data: { name: "Crew" } },
      save: { crew: "data.id" },
    },
    keys: ["data.id", "data.name"],
    then: {
      method: "GET",
      path: "identity/entity/id/{{member}}",
      shows: { data: { direct_group_ids: ["{{crew}}"], group_ids: ["{{crew}}"] } },
    },
    bad: { method: "POST", path: "identity/group", data: { type: "secret" }, status: 400, error: "invalid group type" },
  },
  "LIST /identity/group/id": {
    given: [group("grouplist")],
    when: {
      method: "LIST",
      path: "identity/group/id",
      status: 200,
      shows: {
        data: { key_info: { "{{grouplist}}": { name: "grouplist", num_member_entities: 0, num_parent_groups: 0 } } },
      },
    },
    keys: ["data.keys", "data.key_info"],
  },
  "GET /identity/group/id/{id}": {
    given: [group("group1", { policies: "p" })],
    when: {
      method: "GET",
      path: "identity/group/id/{{group1}}",
      status: 200,
      shows: { data: { name: "group1", type: "internal", policies: ["p"], alias: {}, modify_index: 1 } },
    },
    keys: GROUP_KEYS,
    bad: { method: "GET", path: "identity/group/id/nothing", status: 404, error: "" },
  },
  "POST /identity/group/id/{id}": {
    given: [group("group2"), group("inner2")],
    when: {
      method: "POST",
      path: "identity/group/id/{{group2}}",
      data: { member_group_ids: ["{{inner2}}"], policies: ["q"] },
      status: 204,
    },
    keys: [],
    then: {
      method: "GET",
      path: "identity/group/id/{{inner2}}",
      shows: { data: { parent_group_ids: ["{{group2}}"] } },
    },
    bad: {
      method: "POST",
      path: "identity/group/id/{{inner2}}",
      data: { member_group_ids: ["{{group2}}"] },
      status: 400,
      error: "cyclic relationship",
    },
  },
  "DELETE /identity/group/id/{id}": {
    given: [group("group3")],
    when: { method: "DELETE", path: "identity/group/id/{{group3}}", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/group/name/group3", status: 404 },
  },
  "LIST /identity/group/name": {
    given: [group("grouplist2")],
    when: {
      method: "LIST",
      path: "identity/group/name",
      status: 200,
      shows: { data: { key_info: { "{{grouplist2}}": { name: "grouplist2" } } } },
    },
    keys: ["data.keys", "data.key_info"],
  },
  "GET /identity/group/name/{name}": {
    given: [group("group4", { metadata: { k: "v" } })],
    when: {
      method: "GET",
      path: "identity/group/name/Group4",
      status: 200,
      shows: { data: { id: "{{group4}}", metadata: { k: "v" } } },
    },
    keys: GROUP_KEYS,
    bad: { method: "GET", path: "identity/group/name/nothing", status: 404, error: "" },
  },
  "POST /identity/group/name/{name}": {
    when: {
      method: "POST",
      path: "identity/group/name/group5",
      data: { type: "external", policies: ["r"] },
      status: 200,
      shows: { data: { name: "group5" } },
    },
    keys: ["data.id", "data.name"],
    then: {
      method: "GET",
      path: "identity/group/name/group5",
      shows: { data: { type: "external", policies: ["r"] } },
    },
    bad: {
      method: "POST",
      path: "identity/group/name/group5",
      data: { member_entity_ids: ["x"] },
      status: 400,
      error: "member entities can't be set manually for external groups",
    },
  },
  "DELETE /identity/group/name/{name}": {
    given: [group("group6")],
    when: { method: "DELETE", path: "identity/group/name/group6", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/group/id/{{group6}}", status: 404 },
  },
  "POST /identity/group-alias": {
    given: [group("directory1", { type: "external" })],
    when: {
      method: "POST",
      path: "identity/group-alias",
      data: { name: "Admins", mount_accessor: "{{toy}}", canonical_id: "{{directory1}}" },
      status: 200,
      shows: { data: { canonical_id: "{{directory1}}" } },
    },
    keys: ["data.id", "data.canonical_id"],
    then: {
      method: "GET",
      path: "identity/group/id/{{directory1}}",
      shows: { data: { alias: { name: "Admins", mount_accessor: "{{toy}}", canonical_id: "{{directory1}}" } } },
    },
    bad: {
      method: "POST",
      path: "identity/group-alias",
      data: { name: "admins", mount_accessor: "{{toy}}" },
      status: 400,
      error: "already in use",
    },
  },
  "LIST /identity/group-alias/id": {
    given: [group("directory2", { type: "external" }), groupAlias("two", "directory2")],
    when: {
      method: "LIST",
      path: "identity/group-alias/id",
      status: 200,
      shows: { data: { key_info: { "{{directory2Alias}}": { name: "two", canonical_id: "{{directory2}}" } } } },
    },
    keys: ["data.keys", "data.key_info"],
  },
  "GET /identity/group-alias/id/{id}": {
    given: [group("directory3", { type: "external" }), groupAlias("three", "directory3")],
    when: {
      method: "GET",
      path: "identity/group-alias/id/{{directory3Alias}}",
      status: 200,
      shows: { data: { name: "three", mount_path: "auth/toy/", canonical_id: "{{directory3}}" } },
    },
    keys: ALIAS_KEYS,
    bad: { method: "GET", path: "identity/group-alias/id/nothing", status: 404, error: "" },
  },
  "POST /identity/group-alias/id/{id}": {
    given: [group("directory4", { type: "external" }), groupAlias("four", "directory4")],
    when: {
      method: "POST",
      path: "identity/group-alias/id/{{directory4Alias}}",
      data: { name: "quattro", mount_accessor: "{{other}}" },
      status: 200,
      shows: { data: { id: "{{directory4Alias}}" } },
    },
    keys: ["data.id", "data.canonical_id"],
    then: {
      method: "POST",
      path: "identity/lookup/group",
      data: { alias_name: "quattro", alias_mount_accessor: "{{other}}" },
      shows: { data: { id: "{{directory4}}" } },
    },
    bad: {
      method: "POST",
      path: "identity/group-alias/id/{{directory4Alias}}",
      data: { name: "x" },
      status: 400,
      error: "missing mount_accessor",
    },
  },
  "DELETE /identity/group-alias/id/{id}": {
    given: [group("directory5", { type: "external" }), groupAlias("five", "directory5")],
    when: { method: "DELETE", path: "identity/group-alias/id/{{directory5Alias}}", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/group/id/{{directory5}}", shows: { data: { alias: {} } } },
  },
};

export const lookupCases: Record<string, RouteCase> = {
  "POST /identity/lookup/entity": {
    given: [entity("sought")],
    when: {
      method: "POST",
      path: "identity/lookup/entity",
      data: { name: "SOUGHT" },
      status: 200,
      shows: { data: { id: "{{sought}}", name: "sought" } },
    },
    keys: ENTITY_KEYS,
    bad: {
      method: "POST",
      path: "identity/lookup/entity",
      data: { name: "a", id: "b" },
      status: 400,
      error: "query parameter conflict",
    },
  },
  "POST /identity/lookup/group": {
    given: [group("soughtgroup", { type: "external" }), groupAlias("soughts", "soughtgroup")],
    when: {
      method: "POST",
      path: "identity/lookup/group",
      data: { alias_id: "{{soughtgroupAlias}}" },
      status: 200,
      shows: { data: { id: "{{soughtgroup}}" } },
    },
    keys: GROUP_KEYS,
    bad: {
      method: "POST",
      path: "identity/lookup/group",
      data: { alias_name: "soughts" },
      status: 400,
      error: "both 'alias_name' and 'alias_mount_accessor'",
    },
  },
};
