/** Area auth/userpass: a mount "auth/userpass/", real bcrypt. */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

export const userpassArea: Area = {
  name: "auth/userpass",
  given: [{ method: "POST", path: "sys/auth/userpass", data: { type: "userpass" } }],
  cases: {
    "POST /auth/userpass/users/{username}": {
      when: {
        method: "POST",
        path: "auth/userpass/users/Written",
        data: {
          password: "s3cret",
          token_policies: "dev,ops",
          token_ttl: "1h",
          token_max_ttl: 7200,
          token_bound_cidrs: ["127.0.0.0/8"],
          token_num_uses: 3,
          token_no_default_policy: true,
        },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/userpass/users/written",
        shows: {
          data: {
            token_policies: ["dev", "ops"],
            token_ttl: 3600,
            token_max_ttl: 7200,
            token_bound_cidrs: ["127.0.0.0/8"],
            token_num_uses: 3,
            token_no_default_policy: true,
            token_type: "default",
          },
        },
      },
      bad: {
        method: "POST",
        path: "auth/userpass/users/nobody",
        data: { token_policies: "dev" },
        status: 400,
        error: "missing password",
      },
    },
    "GET /auth/userpass/users/{username}": {
      given: [{ method: "POST", path: "auth/userpass/users/read", data: { password: "p", policies: "dev", ttl: 60 } }],
      when: {
        method: "GET",
        path: "auth/userpass/users/read",
        status: 200,
        shows: { data: { policies: ["dev"], token_policies: ["dev"], ttl: 60, token_ttl: 60 } },
      },
      keys: ["data.token_period", "data.token_explicit_max_ttl", "data.token_bound_cidrs"],
      bad: { method: "GET", path: "auth/userpass/users/nobody", status: 404, error: "" },
    },
    "LIST /auth/userpass/users": {
      given: [{ method: "POST", path: "auth/userpass/users/Listed", data: { password: "p" } }],
      when: {
        method: "LIST",
        path: "auth/userpass/users",
        status: 200,
        shows: { data: { keys: expect.arrayContaining(["listed"]) as unknown } },
      },
      keys: ["data.keys.0"],
    },
    "DELETE /auth/userpass/users/{username}": {
      given: [{ method: "POST", path: "auth/userpass/users/gone", data: { password: "p" } }],
      when: { method: "DELETE", path: "auth/userpass/users/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/userpass/users/gone", status: 404 },
      bad: { method: "DELETE", path: "auth/userpass/users/%09", status: 400, error: "control characters" },
    },
    "POST /auth/userpass/users/{username}/password": {
      given: [{ method: "POST", path: "auth/userpass/users/changed", data: { password: "old" } }],
      when: {
        method: "POST",
        path: "auth/userpass/users/changed/password",
        data: { password: "new" },
        status: 204,
      },
      keys: [],
      then: {
        method: "POST",
        path: "auth/userpass/login/changed",
        data: { password: "new" },
        token: "",
        shows: { auth: { metadata: { username: "changed" } } },
      },
      bad: {
        method: "POST",
        path: "auth/userpass/users/changed/password",
        data: { password: "0123456789012345678901234567890123456789012345678901234567890123456789012" },
        status: 400,
        error: "72 bytes",
      },
    },
    "POST /auth/userpass/users/{username}/policies": {
      given: [{ method: "POST", path: "auth/userpass/users/entitled", data: { password: "p", token_policies: "dev" } }],
      when: {
        method: "POST",
        path: "auth/userpass/users/entitled/policies",
        data: { token_policies: ["ops", "Sec"] },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/userpass/users/entitled",
        shows: { data: { token_policies: ["ops", "sec"] } },
      },
      bad: {
        method: "POST",
        path: "auth/userpass/users/nobody/policies",
        data: { token_policies: "dev" },
        status: 400,
        error: "username does not exist",
      },
    },
    "POST /auth/userpass/login/{username}": {
      given: [
        {
          method: "POST",
          path: "auth/userpass/users/ann",
          data: { password: "s3cret", token_policies: "dev", token_ttl: "1h" },
        },
      ],
      when: {
        method: "POST",
        path: "auth/userpass/login/Ann",
        data: { password: "s3cret" },
        token: "",
        status: 200,
        save: { token: "auth.client_token" },
        shows: {
          auth: {
            policies: ["default", "dev"],
            token_policies: ["default", "dev"],
            metadata: { username: "ann" },
            lease_duration: 3600,
            renewable: true,
            token_type: "service",
          },
        },
      },
      keys: ["auth.client_token", "auth.accessor", "auth.entity_id"],
      then: {
        method: "GET",
        path: "auth/token/lookup-self",
        token: "{{token}}",
        shows: { data: { display_name: "userpass-ann", path: "auth/userpass/login/Ann", meta: { username: "ann" } } },
      },
      bad: {
        method: "POST",
        path: "auth/userpass/login/ann",
        data: { password: "wrong" },
        token: "",
        status: 400,
        error: "invalid username or password",
      },
    },
  },
};
