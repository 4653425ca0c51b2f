/** Area auth/approle: a mount "approle/", a role for each group of cases. */
import type { Area, Step } from "../types.ts";
import { settingCases } from "./approle-settings.ts";

const AT = "auth/approle/role";
const ROW = "/auth/approle/role/{role_name}";

const post = (path: string, data: object = {}, more: Partial<Step> = {}): Step => ({
  method: "POST",
  path,
  data,
  ...more,
});
const seen = (path: string, data: object, shows: object): Step & { readonly shows: object } => ({
  ...post(path, data),
  shows,
});
const get = (path: string, shows: object): Step & { readonly shows: object } => ({ method: "GET", path, shows });

const made: readonly Step[] = [
  post(`${AT}/app`, { token_policies: "app", secret_id_num_uses: 40, secret_id_ttl: "1h" }),
  post(
    `${AT}/app/secret-id`,
    { metadata: '{"team":"core"}', num_uses: 3 },
    {
      save: { secret: "data.secret_id", accessor: "data.secret_id_accessor" },
    },
  ),
];
const ofSecret = (path: string, data: object = { secret_id: "{{secret}}" }): Step => post(`${AT}/app/${path}`, data);
const known = {
  data: {
    secret_id_accessor: "{{accessor}}",
    secret_id_num_uses: 3,
    secret_id_ttl: 3600,
    metadata: { team: "core" },
    cidr_list: [],
    token_bound_cidrs: [],
  },
};
const lookupKeys = ["data.creation_time", "data.expiration_time", "data.last_updated_time"];

export const approleArea: Area = {
  name: "auth/approle",
  given: [post("sys/auth/approle", { type: "approle" })],
  cases: {
    ...settingCases,
    "POST /auth/approle/login": {
      given: [...made, { method: "GET", path: `${AT}/app/role-id`, save: { role: "data.role_id" } }],
      when: {
        method: "POST",
        path: "auth/approle/login",
        data: { role_id: "{{role}}", secret_id: "{{secret}}" },
        token: "",
        status: 200,
        shows: {
          auth: {
            policies: ["app", "default"],
            metadata: { role_name: "app", team: "core" },
            renewable: true,
            token_type: "service",
          },
        },
      },
      keys: ["auth.client_token", "auth.accessor", "auth.lease_duration"],
      then: seen(`${AT}/app/secret-id/lookup`, { secret_id: "{{secret}}" }, { data: { secret_id_num_uses: 2 } }),
      bad: {
        method: "POST",
        path: "auth/approle/login",
        data: { role_id: "{{role}}", secret_id: "wrong" },
        token: "",
        status: 400,
        error: "invalid role or secret ID",
      },
    },
    "LIST /auth/approle/role": {
      given: [post("sys/auth/lists", { type: "approle" }), post("auth/lists/role/Web"), post("auth/lists/role/db")],
      when: { method: "LIST", path: "auth/lists/role", status: 200, shows: { data: { keys: ["db", "web"] } } },
      keys: ["data.keys"],
    },
    [`POST ${ROW}`]: {
      when: {
        method: "POST",
        path: `${AT}/Whole`,
        data: {
          role_id: "whole-id",
          bind_secret_id: false,
          secret_id_bound_cidrs: "127.0.0.0/8",
          policies: "one",
          period: "1h",
        },
        status: 204,
      },
      keys: [],
      then: get(`${AT}/whole`, {
        data: {
          bind_secret_id: false,
          secret_id_bound_cidrs: ["127.0.0.0/8"],
          policies: ["one"],
          token_policies: ["one"],
          period: 3600,
          token_period: 3600,
          local_secret_ids: false,
        },
      }),
      bad: {
        method: "POST",
        path: `${AT}/open`,
        data: { bind_secret_id: false },
        status: 400,
        error: "at least one constraint should be enabled on the role",
      },
    },
    [`GET ${ROW}`]: {
      given: [post(`${AT}/read`, { token_ttl: "20m", token_max_ttl: "30m", token_type: "service" })],
      when: {
        method: "GET",
        path: `${AT}/READ`,
        status: 200,
        shows: { data: { token_ttl: 1200, token_max_ttl: 1800, token_type: "service", bind_secret_id: true } },
      },
      keys: [
        "data.bind_secret_id",
        "data.local_secret_ids",
        "data.secret_id_bound_cidrs",
        "data.secret_id_num_uses",
        "data.secret_id_ttl",
        "data.token_bound_cidrs",
        "data.token_explicit_max_ttl",
        "data.token_no_default_policy",
        "data.token_num_uses",
        "data.token_period",
        "data.token_policies",
      ],
    },
    [`DELETE ${ROW}`]: {
      given: made,
      when: { method: "DELETE", path: `${AT}/app`, status: 204 },
      keys: [],
      then: { method: "GET", path: `${AT}/app`, status: 404 },
    },
    [`GET ${ROW}/local-secret-ids`]: {
      given: [{ method: "DELETE", path: `${AT}/local` }, post(`${AT}/local`, { local_secret_ids: true })],
      when: {
        method: "GET",
        path: `${AT}/local/local-secret-ids`,
        status: 200,
        shows: { data: { local_secret_ids: true } },
      },
      keys: [],
    },
    [`GET ${ROW}/role-id`]: {
      given: [post(`${AT}/named`, { role_id: "a-name-of-mine" })],
      when: {
        method: "GET",
        path: `${AT}/named/role-id`,
        status: 200,
        shows: { data: { role_id: "a-name-of-mine" } },
      },
      keys: ["data.role_id"],
    },
    [`POST ${ROW}/role-id`]: {
      given: [post(`${AT}/renamed`), post(`${AT}/other`, { role_id: "taken" })],
      when: { method: "POST", path: `${AT}/renamed/role-id`, data: { role_id: "chosen" }, status: 204 },
      keys: [],
      then: get(`${AT}/renamed/role-id`, { data: { role_id: "chosen" } }),
      bad: {
        method: "POST",
        path: `${AT}/renamed/role-id`,
        data: { role_id: "taken" },
        status: 400,
        error: "role_id already in use",
      },
    },
    [`POST ${ROW}/secret-id`]: {
      given: [post(`${AT}/pull`, { secret_id_num_uses: 40 })],
      when: {
        method: "POST",
        path: `${AT}/pull/secret-id`,
        data: {
          num_uses: 5,
          ttl: "30m",
          metadata: '{"k":"v"}',
          cidr_list: "10.0.0.0/8",
          token_bound_cidrs: ["10.1.0.0/16"],
        },
        status: 200,
        save: { pulled: "data.secret_id" },
        shows: { data: { secret_id_num_uses: 5, secret_id_ttl: 1800 } },
      },
      keys: ["data.secret_id", "data.secret_id_accessor"],
      then: seen(
        `${AT}/pull/secret-id/lookup`,
        { secret_id: "{{pulled}}" },
        {
          data: {
            metadata: { k: "v" },
            cidr_list: ["10.0.0.0/8"],
            token_bound_cidrs: ["10.1.0.0/16"],
            secret_id_num_uses: 5,
          },
        },
      ),
      bad: {
        method: "POST",
        path: `${AT}/pull/secret-id`,
        data: { num_uses: 41 },
        status: 400,
        error: "num_uses cannot be higher than the role's secret_id_num_uses",
      },
    },
    [`LIST ${ROW}/secret-id`]: {
      given: [{ method: "DELETE", path: `${AT}/app` }, ...made],
      when: {
        method: "LIST",
        path: `${AT}/app/secret-id`,
        status: 200,
        shows: { data: { keys: ["{{accessor}}"] } },
      },
      keys: ["data.keys"],
    },
    [`POST ${ROW}/custom-secret-id`]: {
      given: [{ method: "DELETE", path: `${AT}/push` }, post(`${AT}/push`)],
      when: {
        method: "POST",
        path: `${AT}/push/custom-secret-id`,
        data: { secret_id: "mine", num_uses: 2 },
        status: 200,
        shows: { data: { secret_id: "mine", secret_id_num_uses: 2, secret_id_ttl: 0 } },
      },
      keys: ["data.secret_id_accessor"],
      then: seen(
        `${AT}/push/secret-id/lookup`,
        { secret_id: "mine" },
        { data: { secret_id_num_uses: 2, expiration_time: "0001-01-01T00:00:00Z" } },
      ),
      bad: {
        method: "POST",
        path: `${AT}/push/custom-secret-id`,
        data: { secret_id: "mine" },
        status: 400,
        error: "SecretID is already registered",
      },
    },
    [`POST ${ROW}/secret-id/lookup`]: {
      given: made,
      when: { ...ofSecret("secret-id/lookup"), status: 200, shows: known },
      keys: lookupKeys,
      bad: { ...ofSecret("secret-id/lookup", {}), status: 400, error: "missing secret_id" },
    },
    [`POST ${ROW}/secret-id/destroy`]: {
      given: made,
      when: { ...ofSecret("secret-id/destroy"), status: 204 },
      keys: [],
      then: { ...ofSecret("secret-id/lookup"), status: 204 },
      bad: { ...ofSecret("secret-id/destroy", {}), status: 400, error: "missing secret_id" },
    },
    [`DELETE ${ROW}/secret-id/destroy`]: {
      given: made,
      when: { method: "DELETE", path: `${AT}/app/secret-id/destroy?secret_id={{secret}}`, status: 204 },
      keys: [],
      then: { ...ofSecret("secret-id/lookup"), status: 204 },
      bad: { method: "DELETE", path: `${AT}/app/secret-id/destroy`, status: 400, error: "missing secret_id" },
    },
    [`POST ${ROW}/secret-id-accessor/lookup`]: {
      given: made,
      when: {
        ...ofSecret("secret-id-accessor/lookup", { secret_id_accessor: "{{accessor}}" }),
        status: 200,
        shows: known,
      },
      keys: lookupKeys,
      bad: { ...ofSecret("secret-id-accessor/lookup", {}), status: 400, error: "missing secret_id_accessor" },
    },
    [`POST ${ROW}/secret-id-accessor/destroy`]: {
      given: made,
      when: { ...ofSecret("secret-id-accessor/destroy", { secret_id_accessor: "{{accessor}}" }), status: 204 },
      keys: [],
      then: { ...ofSecret("secret-id-accessor/lookup", { secret_id_accessor: "{{accessor}}" }), status: 404 },
      bad: { ...ofSecret("secret-id-accessor/destroy", {}), status: 400, error: "missing secret_id_accessor" },
    },
    [`DELETE ${ROW}/secret-id-accessor/destroy`]: {
      given: made,
      when: {
        method: "DELETE",
        path: `${AT}/app/secret-id-accessor/destroy?secret_id_accessor={{accessor}}`,
        status: 204,
      },
      keys: [],
      then: { ...ofSecret("secret-id/lookup"), status: 204 },
      bad: {
        method: "DELETE",
        path: `${AT}/app/secret-id-accessor/destroy`,
        status: 400,
        error: "missing secret_id_accessor",
      },
    },
    "POST /auth/approle/tidy/secret-id": {
      when: {
        method: "POST",
        path: "auth/approle/tidy/secret-id",
        status: 202,
        shows: {
          warnings: [
            "Tidy operation successfully started. Any information from the operation will be printed to the server logs.",
          ],
        },
      },
      keys: ["warnings"],
    },
  },
};
