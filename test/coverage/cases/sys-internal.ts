/** Area sys: sys/internal, plugins, and what is always the same. Rows without a table entry answer as Vault without that edition. */
import { expect } from "@jest/globals";
import type { Area, StaticCase, Step } from "../types.ts";

const OTHER_EDITION = { errors: ["unsupported path"] };
const fixed = (
  method: Step["method"],
  path: string,
  status: number,
  shows: object,
  more: Partial<Step> = {},
): StaticCase => ({
  fixed: true,
  when: { method, path, status, shows, ...more },
  keys: [],
});
const missing = (method: Step["method"], path: string): StaticCase => fixed(method, path, 404, OTHER_EDITION);
const has = (...items: unknown[]): unknown => expect.arrayContaining(items);
const part = (object: object): unknown => expect.objectContaining(object);
const INTROSPECTION = { errors: [expect.stringContaining("introspection_endpoint") as unknown] };
const NO_PLUGINS = { errors: [expect.stringContaining("plugin directory is not configured") as unknown] };

export const sysInternalArea: Area = {
  name: "sys",
  given: [
    {
      method: "POST",
      path: "sys/policies/acl/ui",
      data: {
        policy:
          'path "kv/a" { capabilities = ["read"] }\npath "kv/b/*" { capabilities = ["list"] }\npath "kv/+/c" { capabilities = ["deny"] }',
      },
    },
    { method: "POST", path: "sys/mounts/kv", data: { type: "kv" } },
    {
      method: "POST",
      path: "auth/token/create",
      data: { policies: ["ui"] },
      save: { ui: "auth.client_token" },
    },
    { method: "POST", path: "identity/entity", data: { name: "ann" } },
  ],
  cases: {
    "GET /sys/internal/ui/resultant-acl": {
      when: {
        method: "GET",
        path: "sys/internal/ui/resultant-acl",
        token: "{{ui}}",
        status: 200,
        shows: {
          data: {
            root: false,
            exact_paths: { "kv/a": { capabilities: ["read"] }, "auth/token/lookup-self": { capabilities: ["read"] } },
            glob_paths: { "kv/b/": { capabilities: ["list"] }, "kv/+/c": { capabilities: ["deny"] } },
          },
        },
      },
      keys: ["data.glob_paths"],
      bad: { method: "GET", path: "sys/internal/ui/resultant-acl", token: "", status: 403, error: "permission denied" },
    },
    "GET /sys/internal/specs/openapi": {
      when: {
        method: "GET",
        path: "sys/internal/specs/openapi",
        status: 200,
        shows: {
          openapi: "3.0.2",
          paths: { "/kv/{path}": { get: { operationId: "kv-read-path" } }, "/sys/seal": { "x-vault-sudo": true } },
        },
      },
      keys: ["info.title", "paths", "components"],
      bad: {
        method: "GET",
        path: "sys/internal/specs/openapi?generic_mount_paths=perhaps",
        status: 400,
        error: "generic_mount_paths",
      },
    },
    "POST /sys/internal/specs/openapi": {
      when: {
        method: "POST",
        path: "sys/internal/specs/openapi",
        data: { generic_mount_paths: true, context: "x" },
        status: 200,
        shows: {
          paths: { "/{kv_mount_path}/{path}": { parameters: has(part({ name: "kv_mount_path", in: "path" })) } },
        },
      },
      keys: ["openapi"],
      bad: {
        method: "POST",
        path: "sys/internal/specs/openapi",
        data: { generic_mount_paths: "perhaps" },
        status: 400,
        error: "generic_mount_paths",
      },
    },
    "GET /sys/internal/counters/tokens": {
      when: {
        method: "GET",
        path: "sys/internal/counters/tokens",
        status: 200,
        shows: { data: { counters: { service_tokens: { total: 1 } } } },
      },
      keys: ["data.counters"],
    },
    "GET /sys/internal/counters/entities": {
      when: {
        method: "GET",
        path: "sys/internal/counters/entities",
        status: 200,
        shows: { data: { counters: { entities: { total: 1 } } } },
      },
      keys: ["data.counters"],
    },
    "GET /sys/internal/counters/requests": fixed("GET", "sys/internal/counters/requests", 200, {
      data: { counters: [] },
    }),
    "GET /sys/internal/counters/activity": fixed("GET", "sys/internal/counters/activity?start_time=1", 204, {}),
    "GET /sys/internal/counters/activity/export": fixed("GET", "sys/internal/counters/activity/export", 204, {}),
    "GET /sys/internal/counters/activity/monthly": fixed("GET", "sys/internal/counters/activity/monthly", 204, {}),
    "GET /sys/internal/counters/config": fixed("GET", "sys/internal/counters/config", 200, {
      data: { enabled: "default-disable", default_report_months: 12, retention_months: 24, queries_available: false },
    }),
    "POST /sys/internal/counters/config": {
      when: { method: "POST", path: "sys/internal/counters/config", data: { enabled: "disable" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/internal/counters/config", shows: { data: { enabled: "default-disable" } } },
      bad: {
        method: "POST",
        path: "sys/internal/counters/config",
        data: { enabled: "enable" },
        status: 400,
        error: '"enabled"',
      },
    },
    "GET /sys/internal/inspect/request": fixed("GET", "sys/internal/inspect/request", 400, INTROSPECTION),
    "GET /sys/internal/inspect/router/{tag}": fixed("GET", "sys/internal/inspect/router/root", 400, INTROSPECTION),
    "GET /sys/internal/ui/feature-flags": fixed("GET", "sys/internal/ui/feature-flags", 200, { feature_flags: [] }),
    "GET /sys/internal/ui/namespaces": fixed("GET", "sys/internal/ui/namespaces", 200, { data: { keys: [] } }),
    "GET /sys/experiments": fixed("GET", "sys/experiments", 200, { data: { available_experiments: [], enabled: [] } }),
    "GET /sys/plugins/catalog": {
      when: {
        method: "GET",
        path: "sys/plugins/catalog",
        status: 200,
        shows: {
          data: {
            secret: has("kv"),
            database: [],
            detailed: has(part({ name: "kv", type: "secret", builtin: true, deprecation_status: "supported" })),
          },
        },
      },
      keys: ["data.auth"],
    },
    "LIST /sys/plugins/catalog/{type}": {
      when: { method: "LIST", path: "sys/plugins/catalog/secret", status: 200, shows: { data: { keys: has("kv") } } },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "sys/plugins/catalog/moon", status: 400, error: "unknown plugin type" },
    },
    "GET /sys/plugins/catalog/{name}": {
      when: {
        method: "GET",
        path: "sys/plugins/catalog/kv",
        status: 200,
        shows: { data: { name: "kv", builtin: true, args: [], command: "", sha256: "" } },
      },
      keys: ["data.version"],
      bad: { method: "GET", path: "sys/plugins/catalog/moon", status: 404, error: "" },
    },
    "GET /sys/plugins/catalog/{type}/{name}": {
      when: {
        method: "GET",
        path: "sys/plugins/catalog/secret/kv",
        status: 200,
        shows: { data: { name: "kv", builtin: true } },
      },
      keys: ["data.version"],
      bad: { method: "GET", path: "sys/plugins/catalog/auth/kv", status: 404, error: "" },
    },
    "POST /sys/plugins/catalog/{name}": fixed("POST", "sys/plugins/catalog/own", 400, NO_PLUGINS, {
      data: { command: "x" },
    }),
    "DELETE /sys/plugins/catalog/{name}": fixed("DELETE", "sys/plugins/catalog/own", 400, NO_PLUGINS),
    "POST /sys/plugins/catalog/{type}/{name}": fixed("POST", "sys/plugins/catalog/auth/own", 400, NO_PLUGINS, {
      data: { command: "x" },
    }),
    "DELETE /sys/plugins/catalog/{type}/{name}": fixed("DELETE", "sys/plugins/catalog/auth/own", 400, NO_PLUGINS),
    "POST /sys/plugins/reload/backend": fixed(
      "POST",
      "sys/plugins/reload/backend",
      200,
      { data: { reload_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown } },
      { data: { plugin: "kv" } },
    ),
    "GET /sys/plugins/reload/backend/status": missing("GET", "sys/plugins/reload/backend/status"),
    "LIST /sys/plugins/runtimes/catalog": fixed("LIST", "sys/plugins/runtimes/catalog", 200, {
      data: { runtimes: [] },
    }),
    "GET /sys/plugins/runtimes/catalog/{type}/{name}": fixed("GET", "sys/plugins/runtimes/catalog/container/own", 404, {
      errors: [],
    }),
    "POST /sys/plugins/runtimes/catalog/{type}/{name}": fixed(
      "POST",
      "sys/plugins/runtimes/catalog/container/own",
      400,
      NO_PLUGINS,
      { data: { oci_runtime: "runsc" } },
    ),
    "DELETE /sys/plugins/runtimes/catalog/{type}/{name}": fixed(
      "DELETE",
      "sys/plugins/runtimes/catalog/container/own",
      400,
      NO_PLUGINS,
    ),
    "POST /sys/mfa/validate": fixed(
      "POST",
      "sys/mfa/validate",
      400,
      { errors: ["invalid request ID"] },
      { data: { mfa_request_id: "x", mfa_payload: {} }, token: "" },
    ),
    "LIST /sys/namespaces": fixed("LIST", "sys/namespaces", 404, { errors: [] }),
    "POST /sys/namespaces/api-lock/lock": missing("POST", "sys/namespaces/api-lock/lock"),
    "POST /sys/namespaces/api-lock/lock/{path}": missing("POST", "sys/namespaces/api-lock/lock/a"),
    "POST /sys/namespaces/api-lock/unlock": missing("POST", "sys/namespaces/api-lock/unlock"),
    "POST /sys/namespaces/api-lock/unlock/{path}": missing("POST", "sys/namespaces/api-lock/unlock/a"),
    "GET /sys/namespaces/{path}": missing("GET", "sys/namespaces/a"),
    "POST /sys/namespaces/{path}": missing("POST", "sys/namespaces/a"),
    "PATCH /sys/namespaces/{path}": missing("PATCH", "sys/namespaces/a"),
    "DELETE /sys/namespaces/{path}": missing("DELETE", "sys/namespaces/a"),
    "DELETE /sys/namespaces/{path}/delete-sealed": missing("DELETE", "sys/namespaces/a/delete-sealed"),
    "POST /sys/namespaces/{path}/seal": missing("POST", "sys/namespaces/a/seal"),
    "GET /sys/namespaces/{path}/seal-status": missing("GET", "sys/namespaces/a/seal-status"),
    "POST /sys/namespaces/{path}/unseal": missing("POST", "sys/namespaces/a/unseal"),
    "GET /sys/raw": missing("GET", "sys/raw"),
    "LIST /sys/raw": missing("LIST", "sys/raw"),
    "POST /sys/raw": missing("POST", "sys/raw"),
    "DELETE /sys/raw": missing("DELETE", "sys/raw"),
    "GET /sys/raw/{path}": missing("GET", "sys/raw/core/mounts"),
    "LIST /sys/raw/{path}": missing("LIST", "sys/raw/core"),
    "POST /sys/raw/{path}": missing("POST", "sys/raw/core/mounts"),
    "DELETE /sys/raw/{path}": missing("DELETE", "sys/raw/core/mounts"),
    "POST /sys/workflows/execute/{path}": missing("POST", "sys/workflows/execute/a"),
    "POST /sys/workflows/trace/{path}": missing("POST", "sys/workflows/trace/a"),
    "LIST /sys/workflows/manage": missing("LIST", "sys/workflows/manage"),
    "GET /sys/workflows/manage/{path}": missing("GET", "sys/workflows/manage/a"),
    "LIST /sys/workflows/manage/{path}": missing("LIST", "sys/workflows/manage/a"),
    "POST /sys/workflows/manage/{path}": missing("POST", "sys/workflows/manage/a"),
    "DELETE /sys/workflows/manage/{path}": missing("DELETE", "sys/workflows/manage/a"),
  },
};
