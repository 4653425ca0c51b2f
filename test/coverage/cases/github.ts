/** Area auth/github: a mount "auth/github/" over a fake GitHub at {{github}}, where the owner of {{ann}} is in "acme" and its team "devs". */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

const listed = (key: string): object => ({ data: { keys: expect.arrayContaining([key]) as unknown } });

export const githubArea: Area = {
  name: "auth/github",
  given: [{ method: "POST", path: "sys/auth/github", data: { type: "github" } }],
  cases: {
    "POST /auth/github/config": {
      when: {
        method: "POST",
        path: "auth/github/config",
        data: { organization: "acme", base_url: "{{github}}", token_policies: "all", token_ttl: "1h" },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/github/config",
        shows: { data: { organization: "acme", organization_id: 9001, token_policies: ["all"], token_ttl: 3600 } },
      },
      bad: {
        method: "POST",
        path: "auth/github/config",
        data: { organization: "" },
        status: 400,
        error: "organization is a required parameter",
      },
    },
    "GET /auth/github/config": {
      given: [{ method: "POST", path: "auth/github/config", data: { organization_id: 9001, ttl: "1h" } }],
      when: {
        method: "GET",
        path: "auth/github/config",
        status: 200,
        shows: { data: { organization: "acme", organization_id: 9001, ttl: 3600, token_ttl: 3600 } },
      },
      keys: ["data.base_url", "data.token_type", "data.token_bound_cidrs"],
    },
    "POST /auth/github/map/teams/{key}": {
      when: { method: "POST", path: "auth/github/map/teams/Writers", data: { value: "a,b" }, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "auth/github/map/teams/writers",
        shows: { data: { key: "Writers", value: "a,b" } },
      },
      bad: {
        method: "POST",
        path: "auth/github/map/teams/writers",
        data: { value: { a: 1 } },
        status: 400,
        error: "value",
      },
    },
    "GET /auth/github/map/teams/{key}": {
      given: [{ method: "POST", path: "auth/github/map/teams/readers", data: { value: "r" } }],
      when: {
        method: "GET",
        path: "auth/github/map/teams/READERS",
        status: 200,
        shows: { data: { key: "readers", value: "r" } },
      },
      keys: ["data.key"],
      bad: { method: "GET", path: "auth/github/map/teams/nobody", status: 404, error: "" },
    },
    "LIST /auth/github/map/teams": {
      given: [{ method: "POST", path: "auth/github/map/teams/Listed", data: { value: "p" } }],
      when: { method: "LIST", path: "auth/github/map/teams", status: 200, shows: listed("listed") },
      keys: ["data.keys"],
    },
    "GET /auth/github/map/teams": {
      given: [{ method: "POST", path: "auth/github/map/teams/Got", data: { value: "p" } }],
      when: { method: "GET", path: "auth/github/map/teams", status: 200, shows: listed("got") },
      keys: ["data.keys"],
    },
    "DELETE /auth/github/map/teams/{key}": {
      given: [{ method: "POST", path: "auth/github/map/teams/gone", data: { value: "p" } }],
      when: { method: "DELETE", path: "auth/github/map/teams/GONE", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/github/map/teams/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/github/map/teams/%0A", status: 400, error: "control characters" },
    },
    "POST /auth/github/map/users/{key}": {
      when: { method: "POST", path: "auth/github/map/users/Bob", data: { value: "bobs" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/github/map/users/bob", shows: { data: { key: "Bob", value: "bobs" } } },
      bad: { method: "POST", path: "auth/github/map/users/bob", data: { value: [] }, status: 400, error: "value" },
    },
    "GET /auth/github/map/users/{key}": {
      given: [{ method: "POST", path: "auth/github/map/users/read", data: { value: "r" } }],
      when: {
        method: "GET",
        path: "auth/github/map/users/read",
        status: 200,
        shows: { data: { key: "read", value: "r" } },
      },
      keys: ["data.value"],
      bad: { method: "GET", path: "auth/github/map/users/nobody", status: 404, error: "" },
    },
    "LIST /auth/github/map/users": {
      given: [{ method: "POST", path: "auth/github/map/users/Listed", data: { value: "p" } }],
      when: { method: "LIST", path: "auth/github/map/users", status: 200, shows: listed("listed") },
      keys: ["data.keys"],
    },
    "GET /auth/github/map/users": {
      given: [{ method: "POST", path: "auth/github/map/users/Got", data: { value: "p" } }],
      when: { method: "GET", path: "auth/github/map/users", status: 200, shows: listed("got") },
      keys: ["data.keys"],
    },
    "DELETE /auth/github/map/users/{key}": {
      given: [{ method: "POST", path: "auth/github/map/users/gone", data: { value: "p" } }],
      when: { method: "DELETE", path: "auth/github/map/users/GONE", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/github/map/users/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/github/map/users/%0A", status: 400, error: "control characters" },
    },
    "POST /auth/github/login": {
      given: [
        { method: "POST", path: "auth/github/config", data: { organization: "acme", base_url: "{{github}}" } },
        { method: "POST", path: "auth/github/map/teams/devs", data: { value: "dev" } },
      ],
      when: {
        method: "POST",
        path: "auth/github/login",
        data: { token: "{{ann}}" },
        token: "",
        status: 200,
        save: { token: "auth.client_token" },
        shows: {
          auth: {
            policies: ["all", "default", "dev"],
            metadata: { username: "ann", org: "acme" },
            lease_duration: 3600,
            renewable: true,
            token_type: "service",
          },
        },
      },
      keys: ["auth.client_token", "auth.accessor", "auth.entity_id"],
      then: {
        method: "POST",
        path: "auth/token/renew-self",
        token: "{{token}}",
        shows: { auth: { token_policies: ["all", "default", "dev"], lease_duration: 3600 } },
      },
      bad: {
        method: "POST",
        path: "auth/github/login",
        data: { token: "ghp_wrong" },
        token: "",
        status: 400,
        error: "GitHub does not take this token",
      },
    },
  },
};
