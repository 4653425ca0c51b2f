/** Area kv-v2: a mount "secret/" of version 2. */
import { expect } from "@jest/globals";
import type { Area, Step } from "../types.ts";

const put = (path: string, data: object): Step => ({ method: "POST", path: `secret/data/${path}`, data: { data } });
const time = expect.stringMatching(/^2\d{3}-\d\d-\d\dT/);

export const kvV2Area: Area = {
  name: "kv-v2",
  given: [{ method: "POST", path: "sys/mounts/secret", data: { type: "kv", options: { version: "2" } } }],
  cases: {
    "POST /secret/config": {
      when: {
        method: "POST",
        path: "secret/config",
        data: { max_versions: 7, cas_required: false, delete_version_after: "3h" },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "secret/config",
        shows: { data: { max_versions: 7, cas_required: false, delete_version_after: "3h0m0s" } },
      },
      bad: {
        method: "POST",
        path: "secret/config",
        data: { max_versions: -1 },
        status: 400,
        error: "max_versions must be a whole number",
      },
    },
    "GET /secret/config": {
      given: [{ method: "POST", path: "secret/config", data: { max_versions: 9, delete_version_after: "0s" } }],
      when: {
        method: "GET",
        path: "secret/config",
        status: 200,
        shows: { data: { max_versions: 9, delete_version_after: "0s" } },
      },
      keys: ["data.cas_required"],
    },
    "POST /secret/data/{path}": {
      when: {
        ...put("app/db", { password: "s3cret" }),
        status: 200,
        shows: { data: { version: 1, created_time: time, deletion_time: "", destroyed: false, custom_metadata: null } },
      },
      keys: ["data.version"],
      then: {
        method: "GET",
        path: "secret/data/app/db",
        shows: { data: { data: { password: "s3cret" }, metadata: { version: 1 } } },
      },
      bad: {
        method: "POST",
        path: "secret/data/app/db",
        data: { data: { a: "1" }, options: { cas: 5 } },
        status: 400,
        error: "check-and-set parameter did not match the current version",
      },
    },
    "GET /secret/data/{path}": {
      given: [put("app/two", { a: "1" }), put("app/two", { a: "2" })],
      when: {
        method: "GET",
        path: "secret/data/app/two?version=1",
        status: 200,
        shows: { data: { data: { a: "1" }, metadata: { version: 1, destroyed: false } } },
      },
      keys: ["data.metadata.created_time", "data.metadata.custom_metadata", "data.metadata.deletion_time"],
      bad: { method: "GET", path: "secret/data/app/two?version=x", status: 400, error: 'field "version"' },
    },
    "PATCH /secret/data/{path}": {
      given: [put("app/patched", { a: "1", b: "2" })],
      when: {
        method: "PATCH",
        path: "secret/data/app/patched",
        data: { data: { b: null, c: "3" } },
        status: 200,
        shows: { data: { version: 2 } },
      },
      keys: ["data.created_time"],
      then: { method: "GET", path: "secret/data/app/patched", shows: { data: { data: { a: "1", c: "3" } } } },
      bad: { method: "PATCH", path: "secret/data/app/patched", data: {}, status: 400, error: "no data provided" },
    },
    "DELETE /secret/data/{path}": {
      given: [put("app/deleted", { a: "1" })],
      when: { method: "DELETE", path: "secret/data/app/deleted", status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "secret/data/app/deleted",
        status: 404,
        shows: { data: { data: null, metadata: { version: 1, deletion_time: time, destroyed: false } } },
      },
      bad: { method: "DELETE", path: "secret/data/app/%00", status: 400, error: "control characters" },
    },
    "POST /secret/delete/{path}": {
      given: [put("app/some", { a: "1" }), put("app/some", { a: "2" })],
      when: { method: "POST", path: "secret/delete/app/some", data: { versions: [1] }, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "secret/metadata/app/some",
        shows: { data: { versions: { "1": { deletion_time: time }, "2": { deletion_time: "" } } } },
      },
      bad: {
        method: "POST",
        path: "secret/delete/app/some",
        data: {},
        status: 400,
        error: "No version number provided",
      },
    },
    "POST /secret/undelete/{path}": {
      given: [put("app/back", { a: "1" }), { method: "DELETE", path: "secret/data/app/back" }],
      when: { method: "POST", path: "secret/undelete/app/back", data: { versions: "1" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "secret/data/app/back", shows: { data: { data: { a: "1" } } } },
      bad: {
        method: "POST",
        path: "secret/undelete/app/back",
        data: { versions: ["x"] },
        status: 400,
        error: "versions must be a list of version numbers",
      },
    },
    "POST /secret/destroy/{path}": {
      given: [put("app/destroyed", { a: "1" })],
      when: { method: "POST", path: "secret/destroy/app/destroyed", data: { versions: [1] }, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "secret/data/app/destroyed",
        status: 404,
        shows: { data: { data: null, metadata: { destroyed: true } } },
      },
      bad: {
        method: "POST",
        path: "secret/destroy/app/destroyed",
        data: { versions: [] },
        status: 400,
        error: "No version number provided",
      },
    },
    "LIST /secret/detailed-metadata/{path}": {
      given: [put("detailed/one", { a: "1" }), put("detailed/one", { a: "2" }), put("detailed/below/two", { a: "1" })],
      when: {
        method: "LIST",
        path: "secret/detailed-metadata/detailed",
        status: 200,
        shows: {
          data: {
            keys: ["below/", "one"],
            key_info: { one: { current_version: 2, oldest_version: 0, created_time: time, max_versions: 0 } },
          },
        },
      },
      keys: ["data.key_info.one.custom_metadata", "data.key_info.one.updated_time"],
      bad: { method: "LIST", path: "secret/detailed-metadata/%09", status: 400, error: "control characters" },
    },
    "POST /secret/metadata/{path}": {
      given: [put("app/meta", { a: "1" })],
      when: {
        method: "POST",
        path: "secret/metadata/app/meta",
        data: { max_versions: 3, cas_required: true, delete_version_after: "1h", custom_metadata: { owner: "ann" } },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "secret/metadata/app/meta",
        shows: {
          data: {
            max_versions: 3,
            cas_required: true,
            delete_version_after: "1h0m0s",
            custom_metadata: { owner: "ann" },
            current_version: 1,
          },
        },
      },
      bad: {
        method: "POST",
        path: "secret/metadata/app/meta",
        data: { custom_metadata: { owner: "" } },
        status: 400,
        error: "custom_metadata validation failed",
      },
    },
    "GET /secret/metadata/{path}": {
      given: [put("app/told", { a: "1" }), put("app/told", { a: "2" })],
      when: {
        method: "GET",
        path: "secret/metadata/app/told",
        status: 200,
        shows: {
          data: {
            current_version: 2,
            oldest_version: 0,
            versions: { "1": { destroyed: false, created_time: time }, "2": { destroyed: false } },
          },
        },
      },
      keys: ["data.created_time", "data.updated_time", "data.cas_required", "data.custom_metadata"],
      bad: { method: "GET", path: "secret/metadata/app/%5C", status: 400, error: "backslash" },
    },
    "LIST /secret/metadata/{path}": {
      given: [put("listed/one", { a: "1" }), put("listed/more/two", { a: "1" })],
      when: {
        method: "LIST",
        path: "secret/metadata/listed",
        status: 200,
        shows: { data: { keys: ["more/", "one"] } },
      },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "secret/metadata/%09", status: 400, error: "control characters" },
    },
    "PATCH /secret/metadata/{path}": {
      given: [
        put("app/repatched", { a: "1" }),
        {
          method: "POST",
          path: "secret/metadata/app/repatched",
          data: { max_versions: 3, custom_metadata: { a: "1", b: "2" } },
        },
      ],
      when: {
        method: "PATCH",
        path: "secret/metadata/app/repatched",
        data: { max_versions: null, custom_metadata: { a: null, c: "3" } },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "secret/metadata/app/repatched",
        shows: { data: { max_versions: 0, custom_metadata: { b: "2", c: "3" } } },
      },
      bad: {
        method: "PATCH",
        path: "secret/metadata/app/repatched",
        data: { max_versions: -1 },
        status: 400,
        error: "max_versions must be a whole number",
      },
    },
    "DELETE /secret/metadata/{path}": {
      given: [put("app/all", { a: "1" })],
      when: { method: "DELETE", path: "secret/metadata/app/all", status: 204 },
      keys: [],
      then: { method: "GET", path: "secret/metadata/app/all", status: 404 },
      bad: { method: "DELETE", path: "secret/metadata/app/", status: 400, error: "path ending in '/'" },
    },
    "GET /secret/subkeys/{path}": {
      given: [put("app/shape", { a: { b: "1" }, c: "2" })],
      when: {
        method: "GET",
        path: "secret/subkeys/app/shape",
        status: 200,
        shows: { data: { subkeys: { a: { b: null }, c: null }, metadata: { version: 1 } } },
      },
      keys: ["data.metadata.created_time"],
      bad: { method: "GET", path: "secret/subkeys/app/shape?depth=x", status: 400, error: 'field "depth"' },
    },
  },
};
