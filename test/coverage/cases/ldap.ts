/** Area auth/ldap: a mount "auth/ldap/" over a directory in this process, where "ann" has the password "pw" and is in the group "Devs". */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

const CONFIG = {
  url: "ldaps://ldap.example.com",
  userdn: "ou=people,dc=x",
  userattr: "uid",
  groupdn: "ou=groups,dc=x",
  groupfilter: "(member={{.UserDN}})",
  binddn: "cn=svc,dc=x",
  bindpass: "svc",
  token_ttl: "1h",
};

export const ldapArea: Area = {
  name: "auth/ldap",
  given: [{ method: "POST", path: "sys/auth/ldap", data: { type: "ldap" } }],
  cases: {
    "GET /auth/ldap/config": {
      when: {
        method: "GET",
        path: "auth/ldap/config",
        status: 200,
        shows: {
          data: {
            url: "ldap://127.0.0.1",
            userattr: "cn",
            deny_null_bind: true,
            request_timeout: 90,
            token_policies: [],
          },
        },
      },
      keys: ["data.groupfilter", "data.userfilter", "data.dereference_aliases", "data.token_type"],
    },
    "POST /auth/ldap/config": {
      when: { method: "POST", path: "auth/ldap/config", data: CONFIG, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "auth/ldap/config",
        shows: {
          data: {
            url: CONFIG.url,
            userdn: CONFIG.userdn,
            userattr: "uid",
            groupfilter: CONFIG.groupfilter,
            binddn: CONFIG.binddn,
            token_ttl: 3600,
            username_as_alias: false,
          },
        },
      },
      bad: {
        method: "POST",
        path: "auth/ldap/config",
        data: { userfilter: "({{.UserAttr" },
        status: 400,
        error: "invalid userfilter",
      },
    },
    "POST /auth/ldap/groups/{name}": {
      when: { method: "POST", path: "auth/ldap/groups/Writers", data: { policies: "B,a" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/ldap/groups/writers", shows: { data: { policies: ["a", "b"] } } },
      bad: {
        method: "POST",
        path: "auth/ldap/groups/writers",
        data: { policies: { a: 1 } },
        status: 400,
        error: "policies",
      },
    },
    "GET /auth/ldap/groups/{name}": {
      given: [{ method: "POST", path: "auth/ldap/groups/readers", data: { policies: ["r"] } }],
      when: {
        method: "GET",
        path: "auth/ldap/groups/READERS",
        status: 200,
        shows: { data: { policies: ["r"] } },
      },
      keys: ["data.policies.0"],
      bad: { method: "GET", path: "auth/ldap/groups/nobody", status: 404, error: "" },
    },
    "LIST /auth/ldap/groups": {
      given: [{ method: "POST", path: "auth/ldap/groups/Listed", data: { policies: "p" } }],
      when: {
        method: "LIST",
        path: "auth/ldap/groups",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["listed"]) as unknown } },
      },
      keys: ["data.keys"],
    },
    "DELETE /auth/ldap/groups/{name}": {
      given: [{ method: "POST", path: "auth/ldap/groups/gone", data: { policies: "p" } }],
      when: { method: "DELETE", path: "auth/ldap/groups/GONE", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/ldap/groups/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/ldap/groups/%0A", status: 400, error: "control characters" },
    },
    "POST /auth/ldap/users/{name}": {
      when: {
        method: "POST",
        path: "auth/ldap/users/Bob",
        data: { policies: ["p"], groups: "engineers,Devs" },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/ldap/users/bob",
        shows: { data: { policies: ["p"], groups: "engineers,Devs" } },
      },
      bad: { method: "POST", path: "auth/ldap/users/bob", data: { groups: [[]] }, status: 400, error: "groups" },
    },
    "GET /auth/ldap/users/{name}": {
      given: [{ method: "POST", path: "auth/ldap/users/read", data: { policies: "p" } }],
      when: {
        method: "GET",
        path: "auth/ldap/users/read",
        status: 200,
        shows: { data: { policies: ["p"], groups: "" } },
      },
      keys: ["data.groups"],
      bad: { method: "GET", path: "auth/ldap/users/nobody", status: 404, error: "" },
    },
    "LIST /auth/ldap/users": {
      given: [{ method: "POST", path: "auth/ldap/users/Listed", data: {} }],
      when: {
        method: "LIST",
        path: "auth/ldap/users",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["listed"]) as unknown } },
      },
      keys: ["data.keys"],
    },
    "DELETE /auth/ldap/users/{name}": {
      given: [{ method: "POST", path: "auth/ldap/users/gone", data: { policies: "p" } }],
      when: { method: "DELETE", path: "auth/ldap/users/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/ldap/users/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/ldap/users/%0A", status: 400, error: "control characters" },
    },
    "POST /auth/ldap/login/{username}": {
      given: [
        { method: "POST", path: "auth/ldap/config", data: CONFIG },
        { method: "POST", path: "auth/ldap/groups/devs", data: { policies: "dev" } },
      ],
      when: {
        method: "POST",
        path: "auth/ldap/login/ann",
        data: { password: "pw" },
        token: "",
        status: 200,
        save: { token: "auth.client_token" },
        shows: {
          auth: {
            policies: ["default", "dev"],
            metadata: { username: "ann" },
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
        shows: { auth: { token_policies: ["default", "dev"], lease_duration: 3600 } },
      },
      bad: {
        method: "POST",
        path: "auth/ldap/login/ann",
        data: { password: "wrong" },
        token: "",
        status: 400,
        error: "failed to bind as user",
      },
    },
  },
};
