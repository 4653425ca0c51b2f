/** `entity-alias` with its older names. */
import type { RouteCase, Step } from "../types.ts";
import { ALIAS_KEYS, entity } from "./identity-steps.ts";

/** `entity-alias` and its two older names answer alike. @param idField how the older name calls canonical_id */
export function aliasCases(at: string, idField: string): Record<string, RouteCase> {
  const own = `${at}-owner`;
  const saved = at.replace("-", "");
  const made = (name: string): Step => ({
    method: "POST",
    path: `identity/${at}`,
    data: { name: `${at}-${name}`, mount_accessor: "{{toy}}" },
    save: { [`${saved}${name}`]: "data.id" },
  });
  return {
    [`POST /identity/${at}`]: {
      given: [{ ...entity(own), save: { [`${saved}owner`]: "data.id" } }],
      when: {
        method: "POST",
        path: `identity/${at}`,
        data: { name: `${at}-al`, mount_accessor: "{{toy}}", [idField]: `{{${saved}owner}}` },
        status: 200,
        shows: { data: { canonical_id: `{{${saved}owner}}` } },
        save: { [`${saved}al`]: "data.id" },
      },
      keys: ["data.id", "data.canonical_id"],
      then: {
        method: "GET",
        path: `identity/entity/id/{{${saved}owner}}`,
        shows: { data: { aliases: [{ id: `{{${saved}al}}`, name: `${at}-al`, mount_accessor: "{{toy}}" }] } },
      },
      bad: {
        method: "POST",
        path: `identity/${at}`,
        data: { name: "x", mount_accessor: "auth_toy_none" },
        status: 400,
        error: "invalid mount accessor",
      },
    },
    [`LIST /identity/${at}/id`]: {
      given: [made("listed")],
      when: {
        method: "LIST",
        path: `identity/${at}/id`,
        status: 200,
        shows: { data: { key_info: { [`{{${saved}listed}}`]: { name: `${at}-listed`, mount_path: "auth/toy/" } } } },
      },
      keys: ["data.keys", "data.key_info"],
    },
    [`GET /identity/${at}/id/{id}`]: {
      given: [made("read")],
      when: {
        method: "GET",
        path: `identity/${at}/id/{{${saved}read}}`,
        status: 200,
        shows: { data: { id: `{{${saved}read}}`, name: `${at}-read`, mount_type: "toy", mount_path: "auth/toy/" } },
      },
      keys: [...ALIAS_KEYS, "data.custom_metadata"],
      bad: { method: "GET", path: `identity/${at}/id/nothing`, status: 404, error: "" },
    },
    [`POST /identity/${at}/id/{id}`]: {
      given: [made("changed")],
      when: {
        method: "POST",
        path: `identity/${at}/id/{{${saved}changed}}`,
        data: { name: `${at}-renamed`, custom_metadata: { desk: "7" } },
        status: 200,
        shows: { data: { id: `{{${saved}changed}}` } },
      },
      keys: ["data.id", "data.canonical_id"],
      then: {
        method: "GET",
        path: `identity/${at}/id/{{${saved}changed}}`,
        shows: { data: { name: `${at}-renamed`, custom_metadata: { desk: "7" } } },
      },
      bad: {
        method: "POST",
        path: `identity/${at}/id/nothing`,
        data: { name: "x" },
        status: 400,
        error: "invalid alias ID provided",
      },
    },
    [`DELETE /identity/${at}/id/{id}`]: {
      given: [made("gone")],
      when: { method: "DELETE", path: `identity/${at}/id/{{${saved}gone}}`, status: 204 },
      keys: [],
      then: { method: "GET", path: `identity/${at}/id/{{${saved}gone}}`, status: 404 },
    },
  };
}
