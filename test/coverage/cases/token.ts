/** Area auth/token: a policy "app", a role "app", tokens made below the root token. */
import { expect } from "@jest/globals";
import type { Area, RouteCase, Step } from "../types.ts";

const make = (name: string, data: object = {}): Step => ({
  method: "POST",
  path: "auth/token/create",
  data: { policies: ["app"], ttl: "1h", ...data },
  save: { [name]: "auth.client_token", [`${name}_accessor`]: "auth.accessor" },
});
const deadAs = (name: string): Step & { status: number } => ({
  method: "GET",
  path: "auth/token/lookup-self",
  token: `{{${name}}}`,
  status: 403,
});
const livesAs = (name: string, shows: object): Step & { shows: object } => ({
  method: "GET",
  path: "auth/token/lookup-self",
  token: `{{${name}}}`,
  shows,
});

function creates(path: string, name: string, auth: object, looked: object): RouteCase {
  const data = { policies: ["app"], ttl: "30m", meta: { team: "a" }, num_uses: 9, display_name: "ci" };
  return {
    when: {
      method: "POST",
      path,
      data,
      status: 200,
      save: { [name]: "auth.client_token" },
      shows: {
        auth: { lease_duration: 1800, policies: ["app", "default"], num_uses: 9, metadata: { team: "a" }, ...auth },
      },
    },
    keys: ["auth.client_token", "auth.accessor", "auth.token_policies", "auth.entity_id", "auth.token_type"],
    then: livesAs(name, {
      data: { display_name: "token-ci", meta: { team: "a" }, creation_ttl: 1800, num_uses: 8, ...looked },
    }),
    bad: { method: "POST", path, data: { ...data, ttl: "soon" }, status: 400, error: "ttl" },
  };
}

const LOOKED = ["data.accessor", "data.creation_time", "data.expire_time", "data.path", "data.ttl", "data.type"];

function looksUp(when: Step & { status: number }, name: string, bad: NonNullable<RouteCase["bad"]>): RouteCase {
  return {
    given: [make(name)],
    when: {
      ...when,
      shows: {
        data: { policies: ["app", "default"], creation_ttl: 3600, accessor: `{{${name}_accessor}}`, orphan: false },
      },
    },
    keys: LOOKED,
    bad,
  };
}

function renews(when: Step & { status: number }, name: string, bad: NonNullable<RouteCase["bad"]>): RouteCase {
  return {
    given: [make(name)],
    when: { ...when, shows: { auth: { lease_duration: 600, renewable: true, accessor: `{{${name}_accessor}}` } } },
    keys: ["auth.client_token", "auth.policies"],
    then: livesAs(name, {
      data: { creation_ttl: 3600, renewable: true, last_renewal_time: expect.any(Number) },
    }),
    bad,
  };
}

export const tokenArea: Area = {
  name: "auth/token",
  given: [
    {
      method: "POST",
      path: "sys/policies/acl/app",
      data: {
        policy: `path "auth/token/*" { capabilities = ["create", "read", "update"] }
          path "auth/token/lookup-self" { capabilities = ["read", "update"] }`,
      },
    },
    {
      method: "POST",
      path: "auth/token/roles/app",
      data: { allowed_policies: ["app"], orphan: true, path_suffix: "v1" },
    },
  ],
  cases: {
    "LIST /auth/token/accessors": {
      given: [make("listed")],
      when: { method: "LIST", path: "auth/token/accessors", status: 200, save: { any: "data.keys.1" } },
      keys: ["data.keys.0", "data.keys.1"],
      then: {
        method: "POST",
        path: "auth/token/lookup-accessor",
        data: { accessor: "{{any}}" },
        shows: { data: { accessor: "{{any}}", id: "" } },
      },
    },
    "POST /auth/token/create": creates(
      "auth/token/create",
      "created",
      { orphan: false, token_type: "service" },
      { orphan: false },
    ),
    "POST /auth/token/create-orphan": creates("auth/token/create-orphan", "orphan", { orphan: true }, { orphan: true }),
    "POST /auth/token/create/{role_name}": creates(
      "auth/token/create/app",
      "by_role",
      { orphan: true },
      { role: "app", path: "auth/token/create/app/v1" },
    ),
    "GET /auth/token/lookup": looksUp(
      { method: "GET", path: "auth/token/lookup", token: "{{own}}", status: 200 },
      "own",
      { method: "GET", path: "auth/token/lookup?token=none", status: 403, error: "bad token" },
    ),
    "POST /auth/token/lookup": looksUp(
      { method: "POST", path: "auth/token/lookup", data: { token: "{{looked}}" }, status: 200 },
      "looked",
      { method: "POST", path: "auth/token/lookup", data: { token: ["a"] }, status: 400, error: "token" },
    ),
    "POST /auth/token/lookup-accessor": looksUp(
      { method: "POST", path: "auth/token/lookup-accessor", data: { accessor: "{{acc_accessor}}" }, status: 200 },
      "acc",
      { method: "POST", path: "auth/token/lookup-accessor", data: {}, status: 400, error: "missing accessor" },
    ),
    "GET /auth/token/lookup-self": looksUp(
      { method: "GET", path: "auth/token/lookup-self", token: "{{self}}", status: 200 },
      "self",
      { method: "GET", path: "auth/token/lookup-self", token: "none", status: 403, error: "permission denied" },
    ),
    "POST /auth/token/lookup-self": looksUp(
      { method: "POST", path: "auth/token/lookup-self", token: "{{self2}}", status: 200 },
      "self2",
      { method: "POST", path: "auth/token/lookup-self", data: { token: ["a"] }, status: 400, error: "token" },
    ),
    "POST /auth/token/renew": renews(
      { method: "POST", path: "auth/token/renew", data: { token: "{{renewed}}", increment: 600 }, status: 200 },
      "renewed",
      { method: "POST", path: "auth/token/renew", data: {}, status: 400, error: "missing token ID" },
    ),
    "POST /auth/token/renew-accessor": renews(
      {
        method: "POST",
        path: "auth/token/renew-accessor",
        data: { accessor: "{{ra_accessor}}", increment: "10m" },
        status: 200,
      },
      "ra",
      {
        method: "POST",
        path: "auth/token/renew-accessor",
        data: { accessor: "none" },
        status: 400,
        error: "invalid accessor",
      },
    ),
    "POST /auth/token/renew-self": renews(
      { method: "POST", path: "auth/token/renew-self", token: "{{rs}}", data: { increment: "600s" }, status: 200 },
      "rs",
      {
        method: "POST",
        path: "auth/token/renew-self",
        token: "{{rs}}",
        data: { increment: "x" },
        status: 400,
        error: "increment",
      },
    ),
    "POST /auth/token/revoke": {
      given: [make("revoked")],
      when: { method: "POST", path: "auth/token/revoke", data: { token: "{{revoked}}" }, status: 204 },
      keys: [],
      then: deadAs("revoked"),
      bad: { method: "POST", path: "auth/token/revoke", data: {}, status: 400, error: "missing token ID" },
    },
    "POST /auth/token/revoke-accessor": {
      given: [make("gone")],
      when: {
        method: "POST",
        path: "auth/token/revoke-accessor",
        data: { accessor: "{{gone_accessor}}" },
        status: 204,
      },
      keys: [],
      then: deadAs("gone"),
      bad: { method: "POST", path: "auth/token/revoke-accessor", data: {}, status: 400, error: "missing accessor" },
    },
    "POST /auth/token/revoke-orphan": {
      given: [
        make("parent", { num_uses: 0 }),
        { method: "POST", path: "auth/token/create", token: "{{parent}}", save: { child: "auth.client_token" } },
      ],
      when: { method: "POST", path: "auth/token/revoke-orphan", data: { token: "{{parent}}" }, status: 204 },
      keys: [],
      then: livesAs("child", { data: { orphan: true } }),
      bad: {
        method: "POST",
        path: "auth/token/revoke-orphan",
        data: { token: "none" },
        status: 400,
        error: "token to revoke not found",
      },
    },
    "POST /auth/token/revoke-self": {
      given: [make("leaves")],
      when: { method: "POST", path: "auth/token/revoke-self", token: "{{leaves}}", status: 204 },
      keys: [],
      then: deadAs("leaves"),
    },
    "LIST /auth/token/roles": {
      given: [{ method: "POST", path: "auth/token/roles/listed", data: {} }],
      when: {
        method: "LIST",
        path: "auth/token/roles",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["app", "listed"]) } },
      },
      keys: ["data.keys"],
    },
    "GET /auth/token/roles/{role_name}": {
      when: {
        method: "GET",
        path: "auth/token/roles/app",
        status: 200,
        shows: {
          data: {
            name: "app",
            allowed_policies: ["app"],
            orphan: true,
            path_suffix: "v1",
            token_type: "default-service",
          },
        },
      },
      keys: ["data.token_period", "data.token_explicit_max_ttl", "data.renewable", "data.allowed_entity_aliases"],
      bad: { method: "GET", path: "auth/token/roles/%09", status: 400, error: "control characters" },
    },
    "POST /auth/token/roles/{role_name}": {
      when: {
        method: "POST",
        path: "auth/token/roles/written",
        data: { allowed_policies: "a,b", token_period: "2h", token_bound_cidrs: ["10.0.0.0/8"], token_num_uses: 4 },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/token/roles/written",
        shows: {
          data: {
            allowed_policies: ["a", "b"],
            token_period: 7200,
            period: 7200,
            token_bound_cidrs: ["10.0.0.0/8"],
            token_num_uses: 4,
          },
        },
      },
      bad: {
        method: "POST",
        path: "auth/token/roles/bad",
        data: { token_type: "batch" },
        status: 400,
        error: "'token_type' cannot be 'batch' when role is set to generate non-orphan tokens",
      },
    },
    "DELETE /auth/token/roles/{role_name}": {
      given: [{ method: "POST", path: "auth/token/roles/gone", data: {} }],
      when: { method: "DELETE", path: "auth/token/roles/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/token/roles/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/token/roles/%09", status: 400, error: "control characters" },
    },
    "POST /auth/token/tidy": {
      given: [make("stays")],
      when: {
        method: "POST",
        path: "auth/token/tidy",
        status: 202,
        shows: { warnings: [expect.stringContaining("Tidy operation successfully started")] },
      },
      keys: ["warnings"],
      then: livesAs("stays", { data: { policies: ["app", "default"] } }),
    },
  },
};
