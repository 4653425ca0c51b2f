/** Area sys: wrapping, quotas, locked users, requests in flight. */
import { expect } from "@jest/globals";
import type { Area, Step } from "../types.ts";

const WRAP = { "X-Vault-Wrap-TTL": "90s" };
const NO_TOKEN = "wrapping token is not valid or does not exist";

/** Matches an object with a member (of whatever name) that has these members. */
class OneOf {
  readonly $$typeof = Symbol.for("jest.asymmetricMatcher");
  readonly #shape: object;

  constructor(shape: object) {
    this.#shape = shape;
  }

  asymmetricMatch(body: object): boolean {
    const shape: unknown = expect.objectContaining({ ...this.#shape });
    return Object.values(body).some((one) =>
      (shape as { asymmetricMatch(other: unknown): boolean }).asymmetricMatch(one),
    );
  }

  toString(): string {
    return "OneOf";
  }
}

/** A wrapping token around {"of": name}, saved as `name`. */
const wrapped = (name: string): Step => ({
  method: "POST",
  path: "sys/wrapping/wrap",
  data: { of: name },
  headers: WRAP,
  save: { [name]: "wrap_info.token" },
});
const shownAs = { data: { creation_path: "sys/wrapping/wrap", creation_ttl: 90 } };
const unwrap = (name: string): Step => ({ method: "POST", path: "sys/wrapping/unwrap", token: `{{${name}}}` });

export const sysGuardArea: Area = {
  name: "sys",
  given: [
    { method: "POST", path: "sys/mounts/limited", data: { type: "kv" } },
    { method: "POST", path: "sys/auth/people", data: { type: "userpass" } },
    { method: "GET", path: "sys/auth", save: { accessor: "data.people/.accessor" } },
  ],
  cases: {
    "POST /sys/wrapping/wrap": {
      when: {
        method: "POST",
        path: "sys/wrapping/wrap",
        data: { of: "wrap" },
        headers: WRAP,
        status: 200,
        save: { wrap: "wrap_info.token" },
        shows: { data: null, wrap_info: { ttl: 90, creation_path: "sys/wrapping/wrap" } },
      },
      keys: ["wrap_info.token", "wrap_info.accessor", "wrap_info.creation_time"],
      then: { ...unwrap("wrap"), shows: { data: { of: "wrap" } } },
      bad: {
        method: "POST",
        path: "sys/wrapping/wrap",
        data: { of: "wrap" },
        status: 400,
        error: "endpoint requires response wrapping to be used",
      },
    },
    "POST /sys/wrapping/unwrap": {
      given: [wrapped("unwrap")],
      when: {
        method: "POST",
        path: "sys/wrapping/unwrap",
        data: { token: "{{unwrap}}" },
        status: 200,
        shows: { data: { of: "unwrap" }, wrap_info: null },
      },
      keys: ["request_id", "data.of"],
      then: { ...unwrap("unwrap"), status: 400 },
      bad: {
        method: "POST",
        path: "sys/wrapping/unwrap",
        data: { token: "hvs.nothing" },
        status: 400,
        error: NO_TOKEN,
      },
    },
    "POST /sys/wrapping/lookup": {
      given: [wrapped("lookup")],
      when: {
        method: "POST",
        path: "sys/wrapping/lookup",
        data: { token: "{{lookup}}" },
        token: "",
        status: 200,
        shows: shownAs,
      },
      keys: ["data.creation_time"],
      then: { ...unwrap("lookup"), shows: { data: { of: "lookup" } } },
      bad: {
        method: "POST",
        path: "sys/wrapping/lookup",
        data: { token: "hvs.nothing" },
        token: "",
        status: 400,
        error: NO_TOKEN,
      },
    },
    "GET /sys/wrapping/lookup": {
      given: [wrapped("look")],
      when: { method: "GET", path: "sys/wrapping/lookup?token={{look}}", token: "", status: 200, shows: shownAs },
      keys: ["data.creation_time"],
      then: { ...unwrap("look"), shows: { data: { of: "look" } } },
      bad: { method: "GET", path: "sys/wrapping/lookup?token=hvs.nothing", token: "", status: 400, error: NO_TOKEN },
    },
    "POST /sys/wrapping/rewrap": {
      given: [wrapped("old")],
      when: {
        method: "POST",
        path: "sys/wrapping/rewrap",
        data: { token: "{{old}}" },
        status: 200,
        save: { fresh: "wrap_info.token" },
        shows: { wrap_info: { ttl: 90, creation_path: "sys/wrapping/wrap" } },
      },
      keys: ["wrap_info.token", "wrap_info.accessor", "wrap_info.creation_time"],
      then: { ...unwrap("fresh"), shows: { data: { of: "old" } } },
      bad: { method: "POST", path: "sys/wrapping/rewrap", data: { token: "{{old}}" }, status: 400, error: NO_TOKEN },
    },
    "POST /sys/quotas/rate-limit/{name}": {
      when: {
        method: "POST",
        path: "sys/quotas/rate-limit/writes",
        data: { path: "limited/w", rate: 1, interval: "1h", block_interval: "2h" },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "sys/quotas/rate-limit/writes",
        shows: {
          data: {
            name: "writes",
            type: "rate-limit",
            path: "limited/w",
            rate: 1,
            interval: 3600,
            block_interval: 7200,
            role: "",
            inheritable: false,
          },
        },
      },
      bad: {
        method: "POST",
        path: "sys/quotas/rate-limit/writes",
        data: { path: "limited", rate: -1 },
        status: 400,
        error: "'rate' is invalid",
      },
    },
    "GET /sys/quotas/rate-limit/{name}": {
      given: [{ method: "POST", path: "sys/quotas/rate-limit/all", data: { rate: 897.3 } }],
      when: {
        method: "GET",
        path: "sys/quotas/rate-limit/all",
        status: 200,
        shows: { data: { name: "all", path: "", rate: 897.3, interval: 1, block_interval: 0, inheritable: true } },
      },
      keys: ["data.type", "data.role"],
      bad: { method: "GET", path: "sys/quotas/rate-limit/%00", status: 400, error: "control characters" },
    },
    "LIST /sys/quotas/rate-limit": {
      given: [{ method: "POST", path: "sys/quotas/rate-limit/listed", data: { path: "limited/listed", rate: 5 } }],
      when: {
        method: "LIST",
        path: "sys/quotas/rate-limit",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["listed"]) } },
      },
      keys: ["data.keys"],
    },
    "DELETE /sys/quotas/rate-limit/{name}": {
      given: [{ method: "POST", path: "sys/quotas/rate-limit/gone", data: { path: "limited/gone", rate: 5 } }],
      when: { method: "DELETE", path: "sys/quotas/rate-limit/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/quotas/rate-limit/gone", status: 404 },
      bad: { method: "DELETE", path: "sys/quotas/rate-limit/%5C", status: 400, error: "backslash" },
    },
    "POST /sys/quotas/config": {
      when: {
        method: "POST",
        path: "sys/quotas/config",
        data: {
          enable_rate_limit_response_headers: true,
          enable_rate_limit_audit_logging: true,
          rate_limit_exempt_paths: ["sys/health", "limited/free/*"],
        },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "sys/quotas/config",
        shows: {
          data: {
            enable_rate_limit_response_headers: true,
            enable_rate_limit_audit_logging: true,
            rate_limit_exempt_paths: ["sys/health", "limited/free/*"],
          },
        },
      },
      bad: {
        method: "POST",
        path: "sys/quotas/config",
        data: { enable_rate_limit_response_headers: "perhaps" },
        status: 400,
        error: "enable_rate_limit_response_headers",
      },
    },
    "GET /sys/quotas/config": {
      given: [{ method: "POST", path: "sys/quotas/config", data: { enable_rate_limit_audit_logging: false } }],
      when: {
        method: "GET",
        path: "sys/quotas/config",
        status: 200,
        shows: { data: { enable_rate_limit_audit_logging: false } },
      },
      keys: ["data.enable_rate_limit_response_headers", "data.rate_limit_exempt_paths"],
    },
    "GET /sys/locked-users": {
      given: [1, 2, 3, 4, 5].map(
        () =>
          ({
            method: "POST",
            path: "auth/people/login/Ann",
            data: { password: "wrong" },
            token: "",
            status: 400,
          }) as const,
      ),
      when: {
        method: "GET",
        path: "sys/locked-users?mount_accessor={{accessor}}",
        status: 200,
        shows: {
          data: {
            total: 1,
            by_namespace: [
              {
                namespace_id: "root",
                namespace_path: "",
                counts: 1,
                mount_accessors: [{ mount_accessor: "{{accessor}}", counts: 1, alias_identifiers: ["ann"] }],
              },
            ],
          },
        },
      },
      keys: ["data.by_namespace"],
      then: { method: "POST", path: "auth/people/login/ANN", data: { password: "wrong" }, token: "", status: 403 },
      bad: {
        method: "GET",
        path: "sys/locked-users?mount_accessor=auth_none",
        status: 400,
        error: "invalid mount accessor",
      },
    },
    "POST /sys/locked-users/{mount_accessor}/unlock/{alias_identifier}": {
      given: [1, 2, 3, 4, 5].map(
        () =>
          ({
            method: "POST",
            path: "auth/people/login/bob",
            data: { password: "wrong" },
            token: "",
            status: 400,
          }) as const,
      ),
      when: { method: "POST", path: "sys/locked-users/{{accessor}}/unlock/bob", status: 204 },
      keys: [],
      then: { method: "POST", path: "auth/people/login/bob", data: { password: "wrong" }, token: "", status: 400 },
      bad: {
        method: "POST",
        path: "sys/locked-users/auth_none/unlock/bob",
        status: 400,
        error: "invalid mount accessor",
      },
    },
    "GET /sys/in-flight-req": {
      when: {
        method: "GET",
        path: "sys/in-flight-req",
        status: 200,
        shows: new OneOf({ request_path: "/v1/sys/in-flight-req", request_method: "GET", client_id: "" }),
      },
      keys: [],
    },
  },
};
