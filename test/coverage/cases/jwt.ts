/** Area auth/jwt: an issuer over HTTPS ({{issuer}}, {{ca}}), a token of it for "oksae" ({{jwt}}) and one for another ({{other}}). */
import type { Area } from "../types.ts";

const ROLE = { role_type: "jwt", user_claim: "sub", bound_audiences: "oksae", token_policies: "dev" };

export const jwtArea: Area = {
  name: "auth/jwt",
  given: [
    { method: "POST", path: "sys/auth/jwt", data: { type: "jwt" } },
    {
      method: "POST",
      path: "auth/jwt/config",
      data: { oidc_discovery_url: "{{issuer}}", oidc_discovery_ca_pem: "{{ca}}", default_role: "App" },
    },
    {
      method: "POST",
      path: "auth/jwt/role/app",
      data: { ...ROLE, groups_claim: "/realm/groups", claim_mappings: { team: "group_of" } },
    },
  ],
  cases: {
    "POST /auth/jwt/config": {
      given: [{ method: "POST", path: "sys/auth/keys", data: { type: "jwt" } }],
      when: {
        method: "POST",
        path: "auth/keys/config",
        data: {
          jwks_url: "{{issuer}}/keys",
          jwks_ca_pem: "{{ca}}",
          bound_issuer: "{{issuer}}",
          jwt_supported_algs: "RS256",
        },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/keys/config",
        shows: {
          data: { jwks_url: "{{issuer}}/keys", bound_issuer: "{{issuer}}", jwt_supported_algs: ["RS256"] },
        },
      },
      bad: {
        method: "POST",
        path: "auth/keys/config",
        data: { jwks_url: "{{issuer}}/keys", oidc_discovery_url: "{{issuer}}" },
        status: 400,
        error: "exactly one of 'jwt_validation_pubkeys', 'jwks_url' or 'oidc_discovery_url' must be set",
      },
    },
    "GET /auth/jwt/config": {
      when: {
        method: "GET",
        path: "auth/jwt/config",
        status: 200,
        shows: { data: { oidc_discovery_url: "{{issuer}}", oidc_discovery_ca_pem: "{{ca}}", default_role: "app" } },
      },
      keys: [
        "data.bound_issuer",
        "data.jwks_ca_pem",
        "data.jwks_url",
        "data.jwt_supported_algs",
        "data.jwt_validation_pubkeys",
        "data.namespace_in_state",
        "data.oidc_client_id",
        "data.oidc_response_mode",
        "data.oidc_response_types",
        "data.provider_config",
      ],
    },
    "POST /auth/jwt/login": {
      when: {
        method: "POST",
        path: "auth/jwt/login",
        data: { jwt: "{{jwt}}" },
        token: "",
        status: 200,
        save: { made: "auth.client_token" },
        shows: { auth: { policies: ["default", "dev"], metadata: { role: "app", group_of: "core" }, renewable: true } },
      },
      keys: ["auth.client_token", "auth.accessor"],
      then: {
        method: "GET",
        path: "auth/token/lookup-self",
        token: "{{made}}",
        shows: { data: { display_name: "jwt-ann", path: "auth/jwt/login", meta: { group_of: "core" } } },
      },
      bad: {
        method: "POST",
        path: "auth/jwt/login",
        data: { role: "app", jwt: "{{other}}" },
        token: "",
        status: 400,
        error: "audience claim does not match any expected audience",
      },
    },
    "LIST /auth/jwt/role": {
      given: [
        { method: "POST", path: "sys/auth/lists", data: { type: "jwt" } },
        { method: "POST", path: "auth/lists/role/Web", data: ROLE },
        { method: "POST", path: "auth/lists/role/db", data: ROLE },
      ],
      when: { method: "LIST", path: "auth/lists/role", status: 200, shows: { data: { keys: ["db", "web"] } } },
      keys: ["data.keys"],
    },
    "POST /auth/jwt/role/{name}": {
      when: {
        method: "POST",
        path: "auth/jwt/role/made",
        data: {
          ...ROLE,
          bound_subject: "ann",
          bound_claims: { "/realm/level": [1, "two"], admin: true },
          clock_skew_leeway: -1,
          expiration_leeway: "5m",
          ttl: "1h",
          max_ttl: "2h",
        },
        status: 204,
      },
      keys: [],
      then: {
        method: "GET",
        path: "auth/jwt/role/made",
        shows: {
          data: {
            bound_subject: "ann",
            bound_claims: { "/realm/level": [1, "two"], admin: true },
            clock_skew_leeway: -1,
            expiration_leeway: 300,
            token_ttl: 3600,
            ttl: 3600,
            token_max_ttl: 7200,
          },
        },
      },
      bad: {
        method: "POST",
        path: "auth/jwt/role/made-not",
        data: { role_type: "jwt", user_claim: "sub" },
        status: 400,
        error: "bound_audiences must be set",
      },
    },
    "GET /auth/jwt/role/{name}": {
      when: {
        method: "GET",
        path: "auth/jwt/role/App",
        status: 200,
        shows: {
          data: {
            role_type: "jwt",
            bound_audiences: ["oksae"],
            user_claim: "sub",
            groups_claim: "/realm/groups",
            claim_mappings: { team: "group_of" },
            bound_claims_type: "string",
            token_policies: ["dev"],
          },
        },
      },
      keys: [
        "data.allowed_redirect_uris",
        "data.bound_claims",
        "data.bound_subject",
        "data.clock_skew_leeway",
        "data.expiration_leeway",
        "data.max_age",
        "data.not_before_leeway",
        "data.oidc_scopes",
        "data.token_bound_cidrs",
        "data.token_explicit_max_ttl",
        "data.token_max_ttl",
        "data.token_no_default_policy",
        "data.token_num_uses",
        "data.token_period",
        "data.token_ttl",
        "data.token_type",
        "data.user_claim_json_pointer",
        "data.verbose_oidc_logging",
      ],
    },
    "DELETE /auth/jwt/role/{name}": {
      given: [{ method: "POST", path: "auth/jwt/role/gone", data: ROLE }],
      when: { method: "DELETE", path: "auth/jwt/role/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "auth/jwt/role/gone", status: 404 },
    },
  },
};
