/** Area auth/aws: a mount "auth/aws/" whose AWS is in this process. {{pem}}, {{pkcs7}} and {{instance}} come from the test. */
import type { Area, RouteCase, StaticCase, Step } from "../types.ts";

type Cases = Record<string, RouteCase | StaticCase>;

const ROLE = { auth_type: "ec2", bound_account_id: ["123456789012"], token_policies: ["web"], role_tag: "oksae-role" };
const post = (path: string, data: unknown = {}): Step => ({ method: "POST", path: `auth/aws/${path}`, data });
const get = (path: string, shows: object): Step & { shows: object } => ({
  method: "GET",
  path: `auth/aws/${path}`,
  shows,
});
const gone = (path: string): Step & { status: number } => ({ method: "GET", path: `auth/aws/${path}`, status: 404 });

const certificate = { aws_public_cert: "{{pem}}", type: "pkcs7" };

const CERTIFICATES: Cases = {
  "POST /auth/aws/config/certificate/{cert_name}": {
    when: { ...post("config/certificate/one", certificate), status: 204 },
    keys: [],
    then: get("config/certificate/one", { data: { aws_public_cert: "{{pem}}", type: "pkcs7" } }),
    bad: { ...post("config/certificate/one", { aws_public_cert: "x" }), status: 400, error: /certificate|PEM/i },
  },
  "GET /auth/aws/config/certificate/{cert_name}": {
    given: [post("config/certificate/two", certificate)],
    when: { ...get("config/certificate/two", { data: { type: "pkcs7", kind: "rsa2048" } }), status: 200 },
    keys: ["data.aws_public_cert"],
  },
  "LIST /auth/aws/config/certificates": {
    given: [post("config/certificate/test", certificate)],
    when: { method: "LIST", path: "auth/aws/config/certificates", status: 200, shows: { data: {} } },
    keys: ["data.keys.0"],
  },
  "DELETE /auth/aws/config/certificate/{cert_name}": {
    given: [post("config/certificate/three", certificate)],
    when: { method: "DELETE", path: "auth/aws/config/certificate/three", status: 204 },
    keys: [],
    then: gone("config/certificate/three"),
  },
};

const CLIENT: Cases = {
  "POST /auth/aws/config/client": {
    when: {
      ...post("config/client", { access_key: "AKIAOLD", secret_key: "s", allowed_sts_header_values: "x-one,X-Two" }),
      status: 204,
    },
    keys: [],
    then: get("config/client", { data: { access_key: "AKIAOLD", allowed_sts_header_values: ["X-One", "X-Two"] } }),
    bad: { ...post("config/client", { sts_endpoint: "sts" }), status: 400, error: "sts_endpoint must be a URL" },
  },
  "GET /auth/aws/config/client": {
    given: [post("config/client", { sts_region: "eu-west-1", max_retries: 3 })],
    when: {
      ...get("config/client", { data: { sts_region: "eu-west-1", max_retries: 3, use_sts_region_from_client: false } }),
      status: 200,
    },
    keys: [
      "data.access_key",
      "data.endpoint",
      "data.iam_endpoint",
      "data.sts_endpoint",
      "data.iam_server_id_header_value",
    ],
  },
  "POST /auth/aws/config/rotate-root": {
    given: [post("config/client", { access_key: "AKIAOLD", secret_key: "s" })],
    when: { ...post("config/rotate-root"), status: 200 },
    keys: ["data.access_key"],
    then: get("config/client", { data: { access_key: "AKIANEW" } }),
  },
  "DELETE /auth/aws/config/client": {
    given: [post("config/client", { sts_region: "eu-west-1" })],
    when: { method: "DELETE", path: "auth/aws/config/client", status: 204 },
    keys: [],
    then: gone("config/client"),
    bad: { ...post("config/rotate-root"), status: 400, error: "without access_key" },
  },
  "POST /auth/aws/config/identity": {
    when: { ...post("config/identity", { iam_alias: "unique_id", ec2_metadata: ["region"] }), status: 204 },
    keys: [],
    then: get("config/identity", { data: { iam_alias: "unique_id", ec2_alias: "role_id", ec2_metadata: ["region"] } }),
    bad: { ...post("config/identity", { ec2_alias: "full_arn" }), status: 400, error: "ec2_alias" },
  },
  "GET /auth/aws/config/identity": {
    given: [post("config/identity", { iam_metadata: "default", ec2_metadata: "default", iam_alias: "role_id" })],
    when: { ...get("config/identity", { data: { iam_metadata: ["account_id", "auth_type"] } }), status: 200 },
    keys: ["data.iam_alias", "data.ec2_alias", "data.ec2_metadata"],
  },
};

const arn = "arn:aws:iam::210987654321:role/oksae";
const STS: Cases = {
  "POST /auth/aws/config/sts/{account_id}": {
    when: { ...post("config/sts/210987654321", { sts_role: arn, external_id: "ours" }), status: 204 },
    keys: [],
    then: get("config/sts/210987654321", { data: { sts_role: arn, external_id: "ours" } }),
    bad: { ...post("config/sts/210987654321", { sts_role: "" }), status: 400, error: "sts role cannot be empty" },
  },
  "GET /auth/aws/config/sts/{account_id}": {
    given: [post("config/sts/210987654322", { sts_role: arn })],
    when: { ...get("config/sts/210987654322", { data: { sts_role: arn } }), status: 200 },
    keys: ["data.sts_role"],
  },
  "LIST /auth/aws/config/sts": {
    given: [
      post("config/sts/210987654321", { sts_role: arn }),
      post("config/sts/210987654322", { sts_role: arn }),
      { method: "DELETE", path: "auth/aws/config/sts/210987654323" },
    ],
    when: {
      method: "LIST",
      path: "auth/aws/config/sts",
      status: 200,
      shows: { data: { keys: ["210987654321", "210987654322"] } },
    },
    keys: ["data.keys"],
  },
  "DELETE /auth/aws/config/sts/{account_id}": {
    given: [post("config/sts/210987654323", { sts_role: arn })],
    when: { method: "DELETE", path: "auth/aws/config/sts/210987654323", status: 204 },
    keys: [],
    then: gone("config/sts/210987654323"),
  },
};

/** Both lists, each under both names, which share their settings. */
function tidyCases(name: string, twin: string): Cases {
  const path = `config/tidy/${name}`;
  return {
    [`POST /auth/aws/${path}`]: {
      when: { ...post(path, { safety_buffer: "1h", disable_periodic_tidy: true }), status: 204 },
      keys: [],
      then: get(`config/tidy/${twin}`, { data: { safety_buffer: 3600, disable_periodic_tidy: true } }),
      bad: { ...post(path, { safety_buffer: "soon" }), status: 400, error: 'field "safety_buffer"' },
    },
    [`GET /auth/aws/${path}`]: {
      given: [post(path, { safety_buffer: 60, disable_periodic_tidy: false })],
      when: { ...get(path, { data: { safety_buffer: 60, disable_periodic_tidy: false } }), status: 200 },
      keys: ["data.safety_buffer"],
    },
    [`DELETE /auth/aws/${path}`]: {
      given: [post(path, { safety_buffer: 60 })],
      when: { method: "DELETE", path: `auth/aws/${path}`, status: 204 },
      keys: [],
      then: gone(`config/tidy/${twin}`),
    },
    [`POST /auth/aws/tidy/${name}`]: {
      when: { ...post(`tidy/${name}`, { safety_buffer: "72h" }), status: 202, shows: {} },
      keys: ["warnings.0"],
      bad: { ...post(`tidy/${name}`, { safety_buffer: "soon" }), status: 400, error: 'field "safety_buffer"' },
    },
  };
}

const LOGIN: Step = post("login", { role: "web", pkcs7: "{{pkcs7}}", nonce: "n" });

function accessListCases(name: string): Cases {
  return {
    [`GET /auth/aws/${name}/{instance_id}`]: {
      given: [plain, LOGIN],
      when: {
        ...get(`${name}/{{instance}}`, {
          data: { role: "web", client_nonce: "n", disallow_reauthentication: false, pending_time: "{{pending}}" },
        }),
        status: 200,
      },
      keys: ["data.creation_time", "data.expiration_time", "data.last_updated_time"],
      bad: { method: "GET", path: `auth/aws/${name}/web-1`, status: 400, error: "instance_id must look like" },
    },
    [`LIST /auth/aws/${name}`]: {
      given: [plain, LOGIN],
      when: { method: "LIST", path: `auth/aws/${name}`, status: 200, shows: { data: { keys: ["{{instance}}"] } } },
      keys: ["data.keys"],
    },
    [`DELETE /auth/aws/${name}/{instance_id}`]: {
      given: [plain, LOGIN],
      when: { method: "DELETE", path: `auth/aws/${name}/{{instance}}`, status: 204 },
      keys: [],
      then: gone("identity-accesslist/{{instance}}"),
      bad: { method: "DELETE", path: `auth/aws/${name}/web-1`, status: 400, error: "instance_id must look like" },
    },
  };
}

const plain: Step = post("role/web", { ...ROLE, role_tag: "" });
const freshTag: Step = { ...post("role/tagged/tag"), save: { tag: "data.tag_value" } };
const taggedRole = post("role/tagged", { ...ROLE, token_policies: ["a", "b"] });

function denylistCases(name: string, twin: string): Cases {
  const given = [taggedRole, freshTag];
  return {
    [`POST /auth/aws/${name}/{role_tag}`]: {
      given,
      when: { ...post(`${name}/{{tag}}`), status: 204 },
      keys: [],
      then: { method: "LIST", path: `auth/aws/${twin}`, shows: { data: {} } },
      bad: { ...post(`${name}/v1:nonsense`), status: 400, error: "must be the value of a tag" },
    },
    [`GET /auth/aws/${name}/{role_tag}`]: {
      given: [...given, post(`${twin}/{{tag}}`)],
      when: { ...get(`${name}/{{tag}}`, { data: {} }), status: 200 },
      keys: ["data.creation_time", "data.expiration_time"],
      bad: { method: "GET", path: `auth/aws/${name}/nonsense`, status: 400, error: "must be the value of a tag" },
    },
    [`LIST /auth/aws/${name}`]: {
      given: [...given, post(`${twin}/{{tag}}`)],
      when: { method: "LIST", path: `auth/aws/${name}`, status: 200, shows: { data: {} } },
      keys: ["data.keys.0"],
    },
    [`DELETE /auth/aws/${name}/{role_tag}`]: {
      given: [...given, post(`${twin}/{{tag}}`)],
      when: { method: "DELETE", path: `auth/aws/${name}/{{tag}}`, status: 204 },
      keys: [],
      then: gone(`${twin}/{{tag}}`),
      bad: { method: "DELETE", path: `auth/aws/${name}/nonsense`, status: 400, error: "must be the value of a tag" },
    },
  };
}

const ROLES: Cases = {
  "POST /auth/aws/role/{role}": {
    when: {
      ...post("role/App", {
        ...ROLE,
        token_ttl: "1h",
        bound_region: "eu-west-1,eu-west-2",
        disallow_reauthentication: true,
      }),
      status: 204,
    },
    keys: [],
    then: get("role/app", {
      data: {
        auth_type: "ec2",
        bound_account_id: ["123456789012"],
        bound_region: ["eu-west-1", "eu-west-2"],
        disallow_reauthentication: true,
        token_policies: ["web"],
        token_ttl: 3600,
        role_tag: "oksae-role",
      },
    }),
    bad: { ...post("role/bad", { auth_type: "ec2" }), status: 400, error: "at least one bound parameter" },
  },
  "GET /auth/aws/role/{role}": {
    given: [
      post("role/iam", {
        auth_type: "iam",
        bound_iam_principal_arn: "arn:aws:iam::123456789012:role/web",
        resolve_aws_unique_ids: false,
      }),
    ],
    when: {
      ...get("role/iam", {
        data: {
          auth_type: "iam",
          bound_iam_principal_arn: ["arn:aws:iam::123456789012:role/web"],
          resolve_aws_unique_ids: false,
        },
      }),
      status: 200,
    },
    keys: ["data.role_id", "data.bound_ami_id", "data.inferred_entity_type", "data.token_policies"],
  },
  "LIST /auth/aws/role": {
    given: [post("role/listed", ROLE)],
    when: { method: "LIST", path: "auth/aws/role", status: 200, shows: { data: {} } },
    keys: ["data.keys.0"],
  },
  "LIST /auth/aws/roles": {
    given: [post("role/listed", ROLE)],
    when: { method: "LIST", path: "auth/aws/roles", status: 200, shows: { data: {} } },
    keys: ["data.keys.0"],
  },
  "DELETE /auth/aws/role/{role}": {
    given: [post("role/gone", ROLE)],
    when: { method: "DELETE", path: "auth/aws/role/Gone", status: 204 },
    keys: [],
    then: gone("role/gone"),
  },
  "POST /auth/aws/role/{role}/tag": {
    given: [taggedRole],
    when: {
      ...post("role/tagged/tag", { policies: ["a"], max_ttl: "2h", instance_id: "i-0123456789abcdef0" }),
      status: 200,
      save: { tag: "data.tag_value" },
      shows: { data: { tag_key: "oksae-role" } },
    },
    keys: ["data.tag_value"],
    then: { ...post("roletag-denylist/{{tag}}"), status: 204 },
    bad: {
      ...post("role/tagged/tag", { disallow_reauthentication: true, allow_instance_migration: true }),
      status: 400,
      error: "cannot set both",
    },
  },
};

export const awsArea: Area = {
  name: "auth/aws",
  given: [
    { method: "POST", path: "sys/auth/aws", data: { type: "aws" } },
    post("config/certificate/test", certificate),
  ],
  cases: {
    ...CERTIFICATES,
    ...CLIENT,
    ...STS,
    ...tidyCases("identity-accesslist", "identity-whitelist"),
    ...tidyCases("identity-whitelist", "identity-accesslist"),
    ...tidyCases("roletag-denylist", "roletag-blacklist"),
    ...tidyCases("roletag-blacklist", "roletag-denylist"),
    ...ROLES,
    "POST /auth/aws/login": {
      given: [post("role/web", { ...ROLE, role_tag: "" })],
      when: {
        ...LOGIN,
        token: "",
        status: 200,
        shows: {
          auth: {
            token_policies: ["default", "web"],
            metadata: { role: "web", instance_id: "{{instance}}", auth_type: "ec2" },
          },
        },
        save: { token: "auth.client_token" },
      },
      keys: ["auth.client_token", "auth.accessor", "auth.lease_duration", "auth.entity_id"],
      then: {
        method: "GET",
        path: "auth/token/lookup-self",
        token: "{{token}}",
        shows: { data: { path: "auth/aws/login", display_name: "aws-{{instance}}" } },
      },
      bad: { ...post("login", { role: "web", iam_http_request_method: "POST" }), status: 400, error: "iam auth type" },
    },
    ...accessListCases("identity-accesslist"),
    ...accessListCases("identity-whitelist"),
    ...denylistCases("roletag-denylist", "roletag-blacklist"),
    ...denylistCases("roletag-blacklist", "roletag-denylist"),
  },
};
