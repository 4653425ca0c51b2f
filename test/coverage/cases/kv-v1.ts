/** Area kv-v1: a mount "kv/" of version 1. */
import type { Area } from "../types.ts";

export const kvV1Area: Area = {
  name: "kv-v1",
  given: [{ method: "POST", path: "sys/mounts/kv", data: { type: "kv" } }],
  cases: {
    "POST /kv/{path}": {
      when: { method: "POST", path: "kv/app/db", data: { password: "s3cret" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "kv/app/db", shows: { data: { password: "s3cret" } } },
      bad: { method: "POST", path: "kv/app/db", data: {}, status: 400, error: "missing data fields" },
    },
    "GET /kv/{path}": {
      given: [{ method: "POST", path: "kv/app/read", data: { a: "1" } }],
      when: { method: "GET", path: "kv/app/read", status: 200, shows: { data: { a: "1" } } },
      keys: ["request_id", "lease_duration", "data.a"],
      bad: { method: "GET", path: "kv/app/%00", status: 400, error: "control characters" },
    },
    "LIST /kv/{path}": {
      given: [{ method: "POST", path: "kv/folder/one", data: { a: "1" } }],
      when: { method: "LIST", path: "kv/folder", status: 200, shows: { data: { keys: ["one"] } } },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "kv/%09", status: 400, error: "control characters" },
    },
    "DELETE /kv/{path}": {
      given: [{ method: "POST", path: "kv/app/gone", data: { a: "1" } }],
      when: { method: "DELETE", path: "kv/app/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "kv/app/gone", status: 404 },
      bad: { method: "DELETE", path: "kv/app/%5C", status: 400, error: "backslash" },
    },
  },
};
