/** Area sys: sys/config, loggers, host-info, version-history, metrics, audit. */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

const file = "{{folder}}/audit.log";
const anyNumber = expect.any(Number) as unknown;
const anyText = expect.any(String) as unknown;

export const sysConfigArea: Area = {
  name: "sys",
  given: [{ method: "POST", path: "sys/audit/first", data: { type: "file", options: { file_path: file } } }],
  cases: {
    "GET /sys/audit": {
      when: {
        method: "GET",
        path: "sys/audit",
        status: 200,
        shows: { data: { "first/": { type: "file", path: "first/", options: { file_path: file } } }, "first/": {} },
      },
      keys: ["data.first/.description", "data.first/.local"],
    },
    "POST /sys/audit/{path}": {
      when: {
        method: "POST",
        path: "sys/audit/second",
        data: { type: "file", description: "two", options: { file_path: "{{folder}}/second.log" } },
        status: 204,
      },
      keys: [],
      then: { method: "GET", path: "sys/audit", shows: { data: { "second/": { description: "two" } } } },
      bad: { method: "POST", path: "sys/audit/third", data: { type: "smoke" }, status: 400, error: "file" },
    },
    "DELETE /sys/audit/{path}": {
      given: [
        {
          method: "POST",
          path: "sys/audit/gone",
          data: { type: "file", options: { file_path: "{{folder}}/gone.log" } },
        },
      ],
      when: { method: "DELETE", path: "sys/audit/gone", status: 204 },
      keys: [],
      then: { method: "POST", path: "sys/audit-hash/gone", data: { input: "a" }, status: 400 },
    },
    "POST /sys/audit-hash/{path}": {
      when: {
        method: "POST",
        path: "sys/audit-hash/first",
        data: { input: "a" },
        status: 200,
        shows: { data: { hash: expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/) as unknown } },
      },
      keys: ["data.hash", "hash"],
      bad: { method: "POST", path: "sys/audit-hash/first", data: {}, status: 400, error: 'missing field "input"' },
    },
    "GET /sys/config/auditing/request-headers": {
      given: [{ method: "POST", path: "sys/config/auditing/request-headers/X-Trace", data: { hmac: true } }],
      when: {
        method: "GET",
        path: "sys/config/auditing/request-headers",
        status: 200,
        shows: { data: { headers: { "x-trace": { hmac: true } } }, headers: { "x-trace": { hmac: true } } },
      },
      keys: ["data.headers"],
    },
    "POST /sys/config/auditing/request-headers/{header}": {
      when: { method: "POST", path: "sys/config/auditing/request-headers/X-Plain", data: {}, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "sys/config/auditing/request-headers/x-plain",
        shows: { data: { "x-plain": { hmac: false } } },
      },
      bad: {
        method: "POST",
        path: "sys/config/auditing/request-headers/X-Plain",
        data: { hmac: "perhaps" },
        status: 400,
        error: 'field "hmac"',
      },
    },
    "GET /sys/config/auditing/request-headers/{header}": {
      given: [{ method: "POST", path: "sys/config/auditing/request-headers/X-One", data: { hmac: true } }],
      when: {
        method: "GET",
        path: "sys/config/auditing/request-headers/X-One",
        status: 200,
        shows: { data: { "X-One": { hmac: true } }, "X-One": { hmac: true } },
      },
      keys: ["data.X-One.hmac"],
      bad: {
        method: "GET",
        path: "sys/config/auditing/request-headers/X-None",
        status: 400,
        error: "Could not find header in config",
      },
    },
    "DELETE /sys/config/auditing/request-headers/{header}": {
      given: [{ method: "POST", path: "sys/config/auditing/request-headers/X-Gone", data: {} }],
      when: { method: "DELETE", path: "sys/config/auditing/request-headers/X-Gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/config/auditing/request-headers/X-Gone", status: 400 },
      bad: { method: "DELETE", path: "sys/config/auditing/request-headers/a(b", status: 400, error: "header's name" },
    },
    "POST /sys/config/cors": {
      when: {
        method: "POST",
        path: "sys/config/cors",
        data: { allowed_origins: "https://ui.example.com", allowed_headers: ["X-Own"] },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "sys/config/cors",
        shows: {
          data: {
            enabled: true,
            allowed_origins: ["https://ui.example.com"],
            allowed_headers: expect.arrayContaining(["X-Vault-Token", "X-Own"]) as unknown,
          },
        },
      },
      bad: {
        method: "POST",
        path: "sys/config/cors",
        data: { allowed_origins: "*,https://a.example" },
        status: 400,
        error: "must be the only value",
      },
    },
    "GET /sys/config/cors": {
      given: [{ method: "POST", path: "sys/config/cors", data: { allowed_origins: "*" } }],
      when: {
        method: "GET",
        path: "sys/config/cors",
        status: 200,
        shows: { data: { enabled: true, allowed_origins: ["*"] }, enabled: true },
      },
      keys: ["data.allowed_headers"],
    },
    "DELETE /sys/config/cors": {
      given: [{ method: "POST", path: "sys/config/cors", data: { allowed_origins: "*" } }],
      when: { method: "DELETE", path: "sys/config/cors", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/config/cors", shows: { data: { enabled: false } } },
    },
    "POST /sys/config/reload/{subsystem}": {
      given: [{ method: "POST", path: "sys/loggers", data: { level: "error" } }],
      when: { method: "POST", path: "sys/config/reload/log_level", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/loggers", shows: { data: { core: "info" } } },
      bad: { method: "POST", path: "sys/config/reload/moon", status: 400, error: "unknown subsystem" },
    },
    "GET /sys/config/state/sanitized": {
      when: {
        method: "GET",
        path: "sys/config/state/sanitized",
        status: 200,
        shows: {
          data: {
            storage: { type: "inmem" },
            listeners: [{ type: "tcp", config: { address: "127.0.0.1:8200", tls_disable: true } }],
            default_lease_ttl: 2_764_800,
          },
        },
      },
      keys: ["data.seals", "data.log_level", "data.max_lease_ttl", "data.cluster_name", "data.enable_ui"],
    },
    "LIST /sys/config/ui/headers": {
      given: [{ method: "POST", path: "sys/config/ui/headers/x-listed", data: { values: "a" } }],
      when: {
        method: "LIST",
        path: "sys/config/ui/headers",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["X-Listed"]) as unknown } },
      },
      keys: ["data.keys"],
    },
    "POST /sys/config/ui/headers/{header}": {
      when: { method: "POST", path: "sys/config/ui/headers/X-Two", data: { values: ["one", "two"] }, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "sys/config/ui/headers/X-Two?multivalue=true",
        shows: { data: { values: ["one", "two"] } },
      },
      bad: { method: "POST", path: "sys/config/ui/headers/X-Two", data: {}, status: 400, error: '"values"' },
    },
    "GET /sys/config/ui/headers/{header}": {
      given: [{ method: "POST", path: "sys/config/ui/headers/X-Read", data: { values: ["one", "two"] } }],
      when: { method: "GET", path: "sys/config/ui/headers/X-Read", status: 200, shows: { data: { value: "one" } } },
      keys: ["data.value"],
      bad: { method: "GET", path: "sys/config/ui/headers/X-Read?multivalue=maybe", status: 400, error: '"multivalue"' },
    },
    "DELETE /sys/config/ui/headers/{header}": {
      given: [{ method: "POST", path: "sys/config/ui/headers/X-Gone", data: { values: "a" } }],
      when: { method: "DELETE", path: "sys/config/ui/headers/X-Gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/config/ui/headers/X-Gone", status: 404 },
      bad: { method: "DELETE", path: "sys/config/ui/headers/a(b", status: 400, error: "header's name" },
    },
    "POST /sys/loggers": {
      when: { method: "POST", path: "sys/loggers", data: { level: "debug" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/loggers", shows: { data: { core: "debug" } } },
      bad: { method: "POST", path: "sys/loggers", data: { level: "loud" }, status: 400, error: "invalid level" },
    },
    "GET /sys/loggers": {
      given: [{ method: "POST", path: "sys/loggers", data: { level: "warn" } }],
      when: { method: "GET", path: "sys/loggers", status: 200, shows: { data: { core: "warn" } } },
      keys: ["data.core"],
    },
    "DELETE /sys/loggers": {
      given: [{ method: "POST", path: "sys/loggers", data: { level: "error" } }],
      when: { method: "DELETE", path: "sys/loggers", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/loggers", shows: { data: { core: "info" } } },
    },
    "POST /sys/loggers/{name}": {
      when: { method: "POST", path: "sys/loggers/core", data: { level: "TRACE" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/loggers/core", shows: { data: { core: "debug" } } },
      bad: { method: "POST", path: "sys/loggers/core", data: {}, status: 400, error: 'missing field "level"' },
    },
    "GET /sys/loggers/{name}": {
      given: [{ method: "POST", path: "sys/loggers/core", data: { level: "err" } }],
      when: { method: "GET", path: "sys/loggers/core", status: 200, shows: { data: { core: "error" } } },
      keys: ["data.core"],
      bad: { method: "GET", path: "sys/loggers/none", status: 404, error: "logger not found" },
    },
    "DELETE /sys/loggers/{name}": {
      given: [{ method: "POST", path: "sys/loggers/core", data: { level: "err" } }],
      when: { method: "DELETE", path: "sys/loggers/core", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/loggers/core", shows: { data: { core: "info" } } },
      bad: { method: "DELETE", path: "sys/loggers/none", status: 404, error: "logger not found" },
    },
    "GET /sys/host-info": {
      when: {
        method: "GET",
        path: "sys/host-info",
        status: 200,
        shows: {
          data: {
            host: { hostname: anyText, os: "linux", uptime: anyNumber, bootTime: anyNumber, kernelArch: anyText },
            memory: { total: anyNumber, available: anyNumber, usedPercent: anyNumber },
          },
        },
      },
      keys: ["data.timestamp", "data.cpu.0.modelName", "data.cpu_times.0.user", "data.disk.0.total"],
    },
    "LIST /sys/version-history": {
      when: {
        method: "LIST",
        path: "sys/version-history",
        status: 200,
        shows: {
          data: {
            keys: [expect.stringMatching(/^1\.15\.0\+oksae\./) as unknown],
            key_info: expect.any(Object) as unknown,
          },
        },
        save: { version: "data.keys.0" },
      },
      keys: ["data.key_info"],
    },
    "GET /sys/metrics": {
      when: {
        method: "GET",
        path: "sys/metrics",
        status: 200,
        shows: {
          Gauges: expect.arrayContaining([{ Name: "vault.core.unsealed", Value: 1, Labels: {} }]) as unknown,
          Counters: expect.arrayContaining([
            expect.objectContaining({
              Name: "oksae.requests.total",
              Labels: { mount_point: "sys/", mount_type: "system", operation: "update", status: "2xx" },
            }),
          ]) as unknown,
        },
      },
      keys: ["Timestamp", "Gauges", "Points", "Counters", "Samples"],
      bad: { method: "GET", path: "sys/metrics?format=morse", status: 400, error: "unsupported metrics format" },
    },
  },
};
