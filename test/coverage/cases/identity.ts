/** Area identity: entities, their aliases, groups, look-ups. The auth method "toy" (test/fakes/toy-auth.ts) gives accessors: {{toy}} and {{other}}. */
import type { Area, RouteCase } from "../types.ts";
import { aliasCases } from "./identity-aliases.ts";
import { groupCases, lookupCases } from "./identity-groups.ts";
import { ENTITY_KEYS, entity } from "./identity-steps.ts";
import { identityTokenCases } from "./identity-tokens.ts";

const entityCases: Record<string, RouteCase> = {
  "POST /identity/entity": {
    when: {
      method: "POST",
      path: "identity/entity",
      data: { name: "Made", policies: ["B", "a"], metadata: { team: "blue" } },
      status: 200,
      shows: { data: { name: "Made", aliases: null } },
      save: { made: "data.id" },
    },
    keys: ["data.id", "data.name", "data.aliases"],
    then: {
      method: "GET",
      path: "identity/entity/id/{{made}}",
      shows: { data: { name: "Made", policies: ["a", "b"], metadata: { team: "blue" }, disabled: false } },
    },
    bad: {
      method: "POST",
      path: "identity/entity",
      data: { policies: ["Root"] },
      status: 400,
      error: "policies cannot contain root",
    },
  },
  "LIST /identity/entity/id": {
    given: [entity("listedById")],
    when: {
      method: "LIST",
      path: "identity/entity/id",
      status: 200,
      shows: { data: { key_info: { "{{listedById}}": { name: "listedById" } } } },
    },
    keys: ["data.keys", "data.key_info"],
  },
  "GET /identity/entity/id/{id}": {
    given: [entity("read1", { metadata: { k: "v" } })],
    when: {
      method: "GET",
      path: "identity/entity/id/{{read1}}",
      status: 200,
      shows: { data: { id: "{{read1}}", name: "read1", metadata: { k: "v" }, namespace_id: "root" } },
    },
    keys: ENTITY_KEYS,
    bad: { method: "GET", path: "identity/entity/id/nobody", status: 404, error: "" },
  },
  "POST /identity/entity/id/{id}": {
    given: [entity("change1")],
    when: {
      method: "POST",
      path: "identity/entity/id/{{change1}}",
      data: { name: "changed1", disabled: true, policies: "x,y" },
      status: 204,
    },
    keys: [],
    then: {
      method: "GET",
      path: "identity/entity/id/{{change1}}",
      shows: { data: { name: "changed1", disabled: true, policies: ["x", "y"] } },
    },
    bad: {
      method: "POST",
      path: "identity/entity/id/{{change1}}",
      data: { metadata: { k: ["no", "text"] } },
      status: 400,
      error: "metadata",
    },
  },
  "DELETE /identity/entity/id/{id}": {
    given: [entity("gone1")],
    when: { method: "DELETE", path: "identity/entity/id/{{gone1}}", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/entity/name/gone1", status: 404 },
  },
  "LIST /identity/entity/name": {
    given: [entity("listed")],
    when: {
      method: "LIST",
      path: "identity/entity/name",
      status: 200,
      shows: { data: { key_info: { "{{listed}}": { name: "listed" } } } },
    },
    keys: ["data.keys.0", "data.key_info"],
  },
  "GET /identity/entity/name/{name}": {
    given: [entity("read2")],
    when: { method: "GET", path: "identity/entity/name/READ2", status: 200, shows: { data: { id: "{{read2}}" } } },
    keys: ENTITY_KEYS,
    bad: { method: "GET", path: "identity/entity/name/nobody", status: 404, error: "" },
  },
  "POST /identity/entity/name/{name}": {
    when: {
      method: "POST",
      path: "identity/entity/name/put2",
      data: { metadata: { a: "1" } },
      status: 200,
      shows: { data: { name: "put2" } },
    },
    keys: ["data.id", "data.name"],
    then: { method: "GET", path: "identity/entity/name/put2", shows: { data: { metadata: { a: "1" } } } },
    bad: {
      method: "POST",
      path: "identity/entity/name/put2",
      data: { disabled: "perhaps" },
      status: 400,
      error: "true or false",
    },
  },
  "DELETE /identity/entity/name/{name}": {
    given: [entity("gone2")],
    when: { method: "DELETE", path: "identity/entity/name/gone2", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/entity/id/{{gone2}}", status: 404 },
  },
  "POST /identity/entity/batch-delete": {
    given: [entity("batch1"), entity("batch2")],
    when: {
      method: "POST",
      path: "identity/entity/batch-delete",
      data: { entity_ids: ["{{batch1}}", "{{batch2}}", "nobody"] },
      status: 204,
    },
    keys: [],
    then: { method: "GET", path: "identity/entity/id/{{batch2}}", status: 404 },
    bad: {
      method: "POST",
      path: "identity/entity/batch-delete",
      data: {},
      status: 400,
      error: "missing entity ids to delete",
    },
  },
  "POST /identity/entity/merge": {
    given: [
      entity("from"),
      entity("into"),
      {
        method: "POST",
        path: "identity/entity-alias",
        data: { name: "moved", mount_accessor: "{{other}}", canonical_id: "{{from}}" },
      },
    ],
    when: {
      method: "POST",
      path: "identity/entity/merge",
      data: { from_entity_ids: ["{{from}}"], to_entity_id: "{{into}}" },
      status: 204,
    },
    keys: [],
    then: {
      method: "GET",
      path: "identity/entity/id/{{into}}",
      shows: {
        data: {
          merged_entity_ids: ["{{from}}"],
          aliases: [{ name: "moved", canonical_id: "{{into}}", merged_from_canonical_ids: ["{{from}}"] }],
        },
      },
    },
    bad: {
      method: "POST",
      path: "identity/entity/merge",
      data: { from_entity_ids: ["{{into}}"], to_entity_id: "{{into}}" },
      status: 400,
      error: "to_entity_id should not be present in from_entity_ids",
    },
  },
};

export const identityArea: Area = {
  name: "identity",
  given: [
    { method: "POST", path: "sys/auth/toy", data: { type: "toy" } },
    { method: "POST", path: "sys/auth/other", data: { type: "toy" } },
    { method: "GET", path: "sys/auth/toy", save: { toy: "data.accessor" } },
    { method: "GET", path: "sys/auth/other", save: { other: "data.accessor" } },
    {
      method: "POST",
      path: "sys/policy/tokens",
      data: { policy: 'path "identity/oidc/*" { capabilities = ["read", "update"] }' },
    },
    {
      method: "POST",
      path: "auth/toy/login/caller",
      data: { policies: ["tokens"] },
      token: "",
      save: { caller: "auth.client_token", callerEntity: "auth.entity_id" },
    },
  ],
  cases: {
    ...entityCases,
    ...aliasCases("entity-alias", "canonical_id"),
    ...aliasCases("alias", "canonical_id"),
    ...aliasCases("persona", "entity_id"),
    ...groupCases,
    ...lookupCases,
    ...identityTokenCases,
  },
};
