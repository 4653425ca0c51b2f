/** Identity tokens: keys, roles, tokens and what everyone may read about them. {{caller}} is a token of an entity. */
import { expect } from "@jest/globals";
import type { RouteCase, Step } from "../types.ts";

const ONE_OF_THEM = {
  keys: expect.arrayContaining([
    expect.objectContaining({ kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA" }),
  ]) as unknown,
};

const key = (name: string): Step => ({
  method: "POST",
  path: `identity/oidc/key/${name}`,
  data: { algorithm: "EdDSA", allowed_client_ids: "*" },
});

const role = (name: string, more: object = {}): Step => ({
  method: "POST",
  path: `identity/oidc/role/${name}`,
  data: { key: name, client_id: `client-${name}`, ttl: "1h", ...more },
});

export const identityTokenCases: Record<string, RouteCase> = {
  "POST /identity/oidc/config": {
    when: {
      method: "POST",
      path: "identity/oidc/config",
      data: { issuer: "https://vault.example.com:8200" },
      status: 200,
    },
    keys: ["warnings.0"],
    then: {
      method: "GET",
      path: "identity/oidc/config",
      shows: { data: { issuer: "https://vault.example.com:8200" } },
    },
    bad: {
      method: "POST",
      path: "identity/oidc/config",
      data: { issuer: "vault.example.com/path" },
      status: 400,
      error: "invalid issuer",
    },
  },
  "GET /identity/oidc/config": {
    given: [{ method: "POST", path: "identity/oidc/config", data: { issuer: "https://vault.example.com:8200" } }],
    when: {
      method: "GET",
      path: "identity/oidc/config",
      status: 200,
      shows: { data: { issuer: "https://vault.example.com:8200" } },
    },
    keys: ["data.issuer"],
  },
  "LIST /identity/oidc/key": {
    given: [key("aaa")],
    when: { method: "LIST", path: "identity/oidc/key", status: 200, shows: { data: { keys: ["aaa"] } } },
    keys: ["data.keys"],
  },
  "POST /identity/oidc/key/{name}": {
    when: {
      method: "POST",
      path: "identity/oidc/key/es",
      data: { algorithm: "ES256", rotation_period: "2h", verification_ttl: 3600, allowed_client_ids: "a,b" },
      status: 204,
    },
    keys: [],
    then: {
      method: "GET",
      path: "identity/oidc/key/es",
      shows: {
        data: { algorithm: "ES256", rotation_period: 7200, verification_ttl: 3600, allowed_client_ids: ["a", "b"] },
      },
    },
    bad: {
      method: "POST",
      path: "identity/oidc/key/es",
      data: { rotation_period: "30s" },
      status: 400,
      error: "rotation_period must be at least one minute",
    },
  },
  "GET /identity/oidc/key/{name}": {
    given: [key("read")],
    when: {
      method: "GET",
      path: "identity/oidc/key/read",
      status: 200,
      shows: {
        data: { algorithm: "EdDSA", rotation_period: 86_400, verification_ttl: 86_400, allowed_client_ids: ["*"] },
      },
    },
    keys: ["data.algorithm", "data.rotation_period", "data.verification_ttl", "data.allowed_client_ids"],
    bad: { method: "GET", path: "identity/oidc/key/nothing", status: 404, error: "" },
  },
  "DELETE /identity/oidc/key/{name}": {
    given: [key("gone")],
    when: { method: "DELETE", path: "identity/oidc/key/gone", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/oidc/key/gone", status: 404 },
    bad: { method: "DELETE", path: "identity/oidc/key/default", status: 400, error: "not allowed" },
  },
  "POST /identity/oidc/key/{name}/rotate": {
    given: [
      key("turn"),
      role("turn"),
      { method: "GET", path: "identity/oidc/token/turn", token: "{{caller}}", save: { before: "data.token" } },
    ],
    when: { method: "POST", path: "identity/oidc/key/turn/rotate", data: { verification_ttl: "0s" }, status: 204 },
    keys: [],
    then: {
      method: "POST",
      path: "identity/oidc/introspect",
      data: { token: "{{before}}" },
      shows: { active: false, error: "unable to validate the token signature" },
    },
    bad: {
      method: "POST",
      path: "identity/oidc/key/nothing/rotate",
      status: 400,
      error: "no named key found",
    },
  },
  "LIST /identity/oidc/role": {
    given: [key("rolelist"), role("rolelist"), { method: "DELETE", path: "identity/oidc/role/turn" }],
    when: { method: "LIST", path: "identity/oidc/role", status: 200, shows: { data: { keys: ["rolelist"] } } },
    keys: ["data.keys"],
  },
  "POST /identity/oidc/role/{name}": {
    given: [key("roleput")],
    when: {
      method: "POST",
      path: "identity/oidc/role/roleput",
      data: { key: "roleput", ttl: "10m", template: '{"who": {{identity.entity.name}}}' },
      status: 204,
    },
    keys: [],
    then: {
      method: "GET",
      path: "identity/oidc/role/roleput",
      shows: { data: { key: "roleput", ttl: 600, template: '{"who": {{identity.entity.name}}}' } },
    },
    bad: {
      method: "POST",
      path: "identity/oidc/role/roleput",
      data: { template: '{"sub": "someone else"}' },
      status: 400,
      error: "not allowed",
    },
  },
  "GET /identity/oidc/role/{name}": {
    given: [key("roleread"), role("roleread")],
    when: {
      method: "GET",
      path: "identity/oidc/role/roleread",
      status: 200,
      shows: { data: { key: "roleread", client_id: "client-roleread", ttl: 3600, template: "" } },
    },
    keys: ["data.key", "data.client_id", "data.template", "data.ttl"],
    bad: { method: "GET", path: "identity/oidc/role/nothing", status: 404, error: "" },
  },
  "DELETE /identity/oidc/role/{name}": {
    given: [key("rolegone"), role("rolegone")],
    when: { method: "DELETE", path: "identity/oidc/role/rolegone", status: 204 },
    keys: [],
    then: { method: "GET", path: "identity/oidc/role/rolegone", status: 404 },
  },
  "GET /identity/oidc/token/{name}": {
    given: [key("sign"), role("sign")],
    when: {
      method: "GET",
      path: "identity/oidc/token/sign",
      token: "{{caller}}",
      status: 200,
      shows: { data: { client_id: "client-sign", ttl: 3600 } },
      save: { signed: "data.token" },
    },
    keys: ["data.token", "data.client_id", "data.ttl"],
    then: {
      method: "POST",
      path: "identity/oidc/introspect",
      data: { token: "{{signed}}", client_id: "client-sign" },
      shows: { active: true },
    },
    bad: { method: "GET", path: "identity/oidc/token/sign", status: 400, error: "no entity associated" },
  },
  "POST /identity/oidc/introspect": {
    given: [
      key("look"),
      role("look"),
      { method: "GET", path: "identity/oidc/token/look", token: "{{caller}}", save: { looked: "data.token" } },
    ],
    when: {
      method: "POST",
      path: "identity/oidc/introspect",
      data: { token: "{{looked}}", client_id: "another" },
      status: 200,
      shows: { active: false, error: "error validating claims: validation failed, invalid audience claim (aud)" },
    },
    keys: ["active", "error"],
    bad: {
      method: "POST",
      path: "identity/oidc/introspect",
      data: { token: ["no", { text: true }] },
      status: 400,
      error: 'field "token" must be a string',
    },
  },
  "GET /identity/oidc/.well-known/keys": {
    given: [key("shown"), role("shown")],
    when: { method: "GET", path: "identity/oidc/.well-known/keys", token: "", status: 200, shows: ONE_OF_THEM },
    keys: ["keys.0.kid", "keys.0.kty", "keys.0.use", "keys.0.alg"],
  },
  "GET /identity/oidc/.well-known/openid-configuration": {
    when: {
      method: "GET",
      path: "identity/oidc/.well-known/openid-configuration",
      token: "",
      status: 200,
      shows: {
        issuer: "https://vault.example.com:8200/v1/identity/oidc",
        jwks_uri: "https://vault.example.com:8200/v1/identity/oidc/.well-known/keys",
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"],
      },
    },
    keys: ["issuer", "jwks_uri", "response_types_supported"],
  },
};
