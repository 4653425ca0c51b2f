/** Area sys: sys/policy, sys/policies/acl, sys/policies/detailed, sys/policies/password. */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

const RULES = 'path "kv/*" { capabilities = ["read"] }';
const OTHER = 'path "kv/*" { capabilities = ["list"] }';
const PASSWORD =
  'length = 12\nrule "charset" { charset = "abc" }\nrule "charset" { charset = "0123456789" min-chars = 2 }';
const anyText = expect.any(String) as unknown;
const has = (...names: string[]): unknown => expect.arrayContaining(names);
const BROKEN = 'path "a" { capabilities = ["fly"] }';

export const sysPoliciesArea: Area = {
  name: "sys",
  given: [
    { method: "POST", path: "sys/policies/acl/one", data: { policy: RULES } },
    { method: "POST", path: "sys/policies/acl/team/a", data: { policy: RULES } },
    { method: "POST", path: "sys/policies/password/short", data: { policy: PASSWORD } },
  ],
  cases: {
    "GET /sys/policy": {
      when: {
        method: "GET",
        path: "sys/policy",
        status: 200,
        shows: { policies: has("default", "one", "team/a", "root"), data: { keys: has("one"), policies: has("one") } },
      },
      keys: ["keys"],
    },
    "LIST /sys/policy": {
      when: { method: "LIST", path: "sys/policy", status: 200, shows: { data: { keys: has("one", "root") } } },
      keys: ["policies"],
    },
    "POST /sys/policy/{name}": {
      when: { method: "POST", path: "sys/policy/Legacy", data: { rules: RULES }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policy/legacy", shows: { data: { name: "legacy", rules: RULES } } },
      bad: {
        method: "POST",
        path: "sys/policy/legacy",
        data: { policy: BROKEN },
        status: 400,
        error: "line 1, column",
      },
    },
    "GET /sys/policy/{name}": {
      when: {
        method: "GET",
        path: "sys/policy/one",
        status: 200,
        shows: { name: "one", rules: RULES, data: { rules: RULES } },
      },
      keys: ["data.version"],
      bad: { method: "GET", path: "sys/policy/a%20b", status: 400, error: "blank" },
    },
    "LIST /sys/policy/{name}": {
      when: { method: "LIST", path: "sys/policy/team", status: 200, shows: { data: { keys: ["a"] } } },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "sys/policy/nobody", status: 404, error: "" },
    },
    "DELETE /sys/policy/{name}": {
      given: [{ method: "POST", path: "sys/policy/gone", data: { policy: RULES } }],
      when: { method: "DELETE", path: "sys/policy/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policy/gone", status: 404 },
      bad: { method: "DELETE", path: "sys/policy/default", status: 400, error: 'cannot delete "default" policy' },
    },
    "LIST /sys/policies/acl": {
      when: {
        method: "LIST",
        path: "sys/policies/acl",
        status: 200,
        shows: { data: { keys: has("default", "one", "root") } },
      },
      keys: ["data.keys"],
    },
    "POST /sys/policies/acl/{name}": {
      when: { method: "POST", path: "sys/policies/acl/written", data: { policy: RULES, cas: -1 }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policies/acl/written", shows: { data: { policy: RULES, version: 1 } } },
      bad: {
        method: "POST",
        path: "sys/policies/acl/one",
        data: { policy: RULES, cas: 7 },
        status: 400,
        error: "check-and-set parameter did not match",
      },
    },
    "GET /sys/policies/acl/{name}": {
      when: {
        method: "GET",
        path: "sys/policies/acl/ONE",
        status: 200,
        shows: { data: { name: "one", policy: RULES, cas_required: false } },
      },
      keys: ["data.version", "data.modified"],
      bad: { method: "GET", path: "sys/policies/acl/nobody", status: 404, error: "" },
    },
    "PATCH /sys/policies/acl/{name}": {
      given: [{ method: "POST", path: "sys/policies/acl/patched", data: { policy: RULES } }],
      when: { method: "PATCH", path: "sys/policies/acl/patched", data: { cas: 1, cas_required: true }, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "sys/policies/acl/patched",
        shows: { data: { policy: RULES, version: 2, cas_required: true } },
      },
      bad: {
        method: "PATCH",
        path: "sys/policies/acl/patched",
        data: { policy: OTHER },
        status: 400,
        error: "parameter required",
      },
    },
    "LIST /sys/policies/acl/{name}": {
      when: { method: "LIST", path: "sys/policies/acl/team/", status: 200, shows: { data: { keys: ["a"] } } },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "sys/policies/acl/nobody", status: 404, error: "" },
    },
    "DELETE /sys/policies/acl/{name}": {
      given: [{ method: "POST", path: "sys/policies/acl/gone", data: { policy: RULES } }],
      when: { method: "DELETE", path: "sys/policies/acl/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policies/acl/gone", status: 404 },
      bad: { method: "DELETE", path: "sys/policies/acl/root", status: 400, error: 'cannot delete "root" policy' },
    },
    "LIST /sys/policies/detailed/acl": {
      when: {
        method: "LIST",
        path: "sys/policies/detailed/acl",
        status: 200,
        shows: { data: { keys: has("one", "team/a"), key_info: { one: { policy: RULES, version: 1 } } } },
      },
      keys: ["data.key_info.one.modified"],
    },
    "GET /sys/policies/detailed/acl": {
      when: {
        method: "GET",
        path: "sys/policies/detailed/acl",
        status: 200,
        shows: { data: { key_info: { "team/a": { policy: RULES } } } },
      },
      keys: ["data.keys"],
    },
    "GET /sys/policies/detailed/acl/{name}": {
      when: {
        method: "GET",
        path: "sys/policies/detailed/acl/one",
        status: 200,
        shows: { data: { name: "one", policy: RULES, version: 1, modified: anyText } },
      },
      keys: ["data.cas_required"],
      bad: { method: "GET", path: "sys/policies/detailed/acl/nobody", status: 404, error: "" },
    },
    "LIST /sys/policies/detailed/acl/{name}": {
      when: {
        method: "LIST",
        path: "sys/policies/detailed/acl/team",
        status: 200,
        shows: { data: { keys: ["a"], key_info: { a: { policy: RULES, name: "team/a" } } } },
      },
      keys: ["data.key_info.a.version"],
      bad: { method: "LIST", path: "sys/policies/detailed/acl/nobody", status: 404, error: "" },
    },
    "LIST /sys/policies/password": {
      when: { method: "LIST", path: "sys/policies/password", status: 200, shows: { data: { keys: has("short") } } },
      keys: ["data.keys"],
    },
    "POST /sys/policies/password/{name}": {
      when: { method: "POST", path: "sys/policies/password/long", data: { policy: PASSWORD }, status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policies/password/long", shows: { data: { policy: PASSWORD } } },
      bad: {
        method: "POST",
        path: "sys/policies/password/long",
        data: { policy: "length = 3" },
        status: 400,
        error: "between 4 and 100",
      },
    },
    "GET /sys/policies/password/{name}": {
      when: { method: "GET", path: "sys/policies/password/short", status: 200, shows: { data: { policy: PASSWORD } } },
      keys: ["data.policy"],
      bad: { method: "GET", path: "sys/policies/password/nobody", status: 404, error: "" },
    },
    "GET /sys/policies/password/{name}/generate": {
      when: {
        method: "GET",
        path: "sys/policies/password/short/generate",
        status: 200,
        shows: { data: { password: expect.stringMatching(/^(?=.*\d.*\d)[abc0-9]{12}$/) as unknown } },
      },
      keys: ["data.password"],
      bad: { method: "GET", path: "sys/policies/password/nobody/generate", status: 404, error: "" },
    },
    "DELETE /sys/policies/password/{name}": {
      given: [{ method: "POST", path: "sys/policies/password/gone", data: { policy: PASSWORD } }],
      when: { method: "DELETE", path: "sys/policies/password/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/policies/password/gone", status: 404 },
    },
  },
};
