/** Area sys: secrets engines and auth methods, their tuning, their moves, and what of them clients may know. */
import { expect } from "@jest/globals";
import type { Area, RouteCase } from "../types.ts";

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);

interface Kind {
  /** "mounts" or "auth". */
  readonly root: string;
  readonly type: string;
  /** What comes before the mount's own path in a call. */
  readonly above: string;
}

function mountCases({ root, type, above }: Kind): Readonly<Record<string, RouteCase>> {
  const at = (name: string): string => `sys/${root}/${name}`;
  const given = (name: string, more: object = {}) => [
    { method: "DELETE", path: at(name) } as const,
    { method: "POST", path: at(name), data: { type, ...more } } as const,
  ];
  const named = (name: string): object => ({
    [`${name}/`]: { type, accessor: expect.stringMatching(new RegExp(`${type}_[0-9a-f]{8}$`)), uuid },
  });
  return {
    [`GET /sys/${root}`]: {
      given: given("listed"),
      when: {
        method: "GET",
        path: `sys/${root}`,
        status: 200,
        shows: { ...named("listed"), data: named("listed") },
      },
      keys: ["data.listed/.config", "data.listed/.running_plugin_version", "data.listed/.description"],
    },
    [`POST /sys/${root}/{path}`]: {
      when: {
        method: "POST",
        path: at("made/here"),
        data: {
          type,
          description: "for people",
          local: true,
          seal_wrap: true,
          config: { default_lease_ttl: "1h", max_lease_ttl: "2h", listing_visibility: "unauth", force_no_cache: true },
        },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: at("made/here"),
        shows: {
          type,
          description: "for people",
          local: true,
          seal_wrap: true,
          external_entropy_access: false,
          config: {
            default_lease_ttl: 3600,
            max_lease_ttl: 7200,
            listing_visibility: "unauth",
            force_no_cache: true,
          },
        },
      },
      bad: {
        method: "POST",
        path: at("made/twice"),
        data: { type: "no-such-type" },
        status: 400,
        error: 'of type "no-such-type" is known',
      },
    },
    [`GET /sys/${root}/{path}`]: {
      given: given("one", { description: "one" }),
      when: { method: "GET", path: at("one"), status: 200, shows: { type, data: { type, description: "one", uuid } } },
      keys: ["data.accessor", "data.config.default_lease_ttl", "data.local", "data.seal_wrap", "data.plugin_version"],
      bad: { method: "GET", path: at("none"), status: 400, error: `no mount at "${above}none/"` },
    },
    [`DELETE /sys/${root}/{path}`]: {
      given: given("gone"),
      when: { method: "DELETE", path: at("gone"), status: 204 },
      keys: [],
      then: { method: "GET", path: at("gone"), status: 400 },
      bad: {
        method: "DELETE",
        path: root === "auth" ? "sys/auth/token" : "sys/mounts/cubbyhole",
        status: 400,
        error: "cannot be disabled",
      },
    },
  };
}

const TUNED = {
  default_lease_ttl: "30m",
  max_lease_ttl: 7200,
  description: "tuned",
  listing_visibility: "hidden",
  audit_non_hmac_request_keys: ["a"],
  audit_non_hmac_response_keys: "b,c",
  passthrough_request_headers: ["X-One"],
  allowed_response_headers: ["X-Two"],
  delegated_auth_accessors: ["auth_x_1"],
  identity_token_key: "key",
  force_no_cache: true,
};
const SHOWN = {
  ...TUNED,
  default_lease_ttl: 1800,
  audit_non_hmac_response_keys: ["b", "c"],
};

function tuneCases(
  { root, type }: Kind,
  more: { readonly given: object; readonly shown: object; readonly bad: object; readonly error: string },
): Readonly<Record<string, RouteCase>> {
  const at = (name: string): string => `sys/${root}/${name}`;
  return {
    [`POST /sys/${root}/{path}/tune`]: {
      given: [{ method: "POST", path: at("tuned"), data: { type } }],
      when: { method: "POST", path: `${at("tuned")}/tune`, data: { ...TUNED, ...more.given }, status: 204 },
      keys: [],
      then: { method: "GET", path: `${at("tuned")}/tune`, shows: { data: { ...SHOWN, ...more.shown } } },
      bad: { method: "POST", path: `${at("tuned")}/tune`, data: more.bad, status: 400, error: more.error },
    },
    [`GET /sys/${root}/{path}/tune`]: {
      given: [
        { method: "POST", path: at("plain"), data: { type } },
        { method: "POST", path: `${at("plain")}/tune`, data: { max_lease_ttl: "1h", default_lease_ttl: "system" } },
      ],
      when: {
        method: "GET",
        path: `${at("plain")}/tune`,
        status: 200,
        shows: { default_lease_ttl: 3600, max_lease_ttl: 3600, force_no_cache: false, data: { max_lease_ttl: 3600 } },
      },
      keys: ["data.description"],
      bad: { method: "GET", path: `${at("none")}/tune`, status: 400, error: "no mount at" },
    },
  };
}

const SECRET: Kind = { root: "mounts", type: "kv", above: "" };
const AUTH: Kind = { root: "auth", type: "approle", above: "auth/" };

export const sysMountsArea: Area = {
  name: "sys",
  cases: {
    ...mountCases(SECRET),
    ...tuneCases(SECRET, {
      given: { options: { more: "x" } },
      shown: { options: { more: "x" } },
      bad: { token_type: "batch" },
      error: "'token_type' can only be modified on auth mounts",
    }),
    ...mountCases(AUTH),
    ...tuneCases(AUTH, {
      given: {
        token_type: "batch",
        user_lockout_config: {
          lockout_threshold: "3",
          lockout_duration: "5m",
          lockout_counter_reset_duration: "1m",
          lockout_disable: false,
        },
      },
      shown: {
        token_type: "batch",
        user_lockout_threshold: 3,
        user_lockout_duration: 300,
        user_lockout_counter_reset_duration: 60,
        user_lockout_disable: false,
      },
      bad: { user_lockout_config: { lockout_threshold: "many" } },
      error: "lockout_threshold",
    }),
    "POST /sys/remount": {
      given: [
        { method: "POST", path: "sys/mounts/before", data: { type: "kv" } },
        { method: "POST", path: "before/kept", data: { k: "v" } },
      ],
      when: {
        method: "POST",
        path: "sys/remount",
        data: { from: "before", to: "after/wards" },
        status: 200,
        shows: { migration_id: uuid, data: { migration_id: uuid } },
        save: { migration: "data.migration_id" },
      },
      keys: ["migration_id"],
      then: { method: "GET", path: "after/wards/kept", shows: { data: { k: "v" } } },
      bad: {
        method: "POST",
        path: "sys/remount",
        data: { from: "sys", to: "elsewhere" },
        status: 400,
        error: 'cannot remount "sys/"',
      },
    },
    "GET /sys/remount/status/{migration_id}": {
      when: {
        method: "GET",
        path: "sys/remount/status/{{migration}}",
        status: 200,
        shows: {
          data: {
            migration_id: "{{migration}}",
            migration_info: { source_mount: "before/", target_mount: "after/wards/", status: "success" },
          },
        },
      },
      keys: ["migration_info", "data.migration_info.status"],
    },
    "GET /sys/internal/ui/mounts": {
      given: [
        { method: "POST", path: "sys/mounts/open", data: { type: "kv-v2", config: { listing_visibility: "unauth" } } },
      ],
      when: {
        method: "GET",
        path: "sys/internal/ui/mounts",
        token: "",
        status: 200,
        shows: { data: { secret: { "open/": { type: "kv", options: { version: "2" } } } } },
      },
      keys: ["data.auth"],
    },
    "GET /sys/internal/ui/mounts/{path}": {
      given: [{ method: "POST", path: "sys/mounts/deep", data: { type: "kv-v2" } }],
      when: {
        method: "GET",
        path: "sys/internal/ui/mounts/deep/any/where",
        status: 200,
        shows: { data: { path: "deep/", type: "kv", options: { version: "2" } } },
      },
      keys: ["data.accessor", "data.uuid"],
      bad: {
        method: "GET",
        path: "sys/internal/ui/mounts/nowhere",
        status: 403,
        error: "preflight capability check returned 403",
      },
    },
  },
};
