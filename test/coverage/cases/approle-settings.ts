/** The settings of a role that have routes of their own: POST, GET and DELETE of each. */
import type { RouteCase, Step } from "../types.ts";

const AT = "auth/approle/role/part";
const ROW = "/auth/approle/role/{role_name}";

const post = (path: string, data: object): Step => ({ method: "POST", path, data });
const get = (path: string, shows: object): Step & { readonly shows: object } => ({ method: "GET", path, shows });

/** A setting with a route of its own: what is written, how it is shown, what is refused, what a delete leaves. */
interface Setting {
  readonly path: string;
  readonly field: string;
  readonly sent: unknown;
  readonly shown: unknown;
  readonly bad: Readonly<Record<string, unknown>>;
  readonly error: string | RegExp;
  readonly back: unknown;
  /** What else the role needs. */
  readonly role?: object;
}

const SETTINGS: readonly Setting[] = [
  {
    path: "bind-secret-id",
    field: "bind_secret_id",
    sent: false,
    shown: false,
    bad: { bind_secret_id: "perhaps" },
    error: "must be true or false",
    back: true,
    role: { secret_id_bound_cidrs: "127.0.0.0/8" },
  },
  {
    path: "bound-cidr-list",
    field: "bound_cidr_list",
    sent: ["10.1.0.0/16", "127.0.0.0/8"],
    shown: ["10.1.0.0/16", "127.0.0.0/8"],
    bad: {},
    error: "missing bound_cidr_list",
    back: [],
  },
  {
    path: "period",
    field: "token_period",
    sent: "90m",
    shown: 5400,
    bad: { token_period: "9000h" },
    error: /period of .* is greater than the backend's maximum lease TTL/,
    back: 0,
  },
  {
    path: "policies",
    field: "token_policies",
    sent: "Dev, ops",
    shown: ["dev", "ops"],
    bad: {},
    error: "missing token_policies",
    back: [],
  },
  {
    path: "secret-id-bound-cidrs",
    field: "secret_id_bound_cidrs",
    sent: "10.2.0.0/16",
    shown: ["10.2.0.0/16"],
    bad: { secret_id_bound_cidrs: ["10.2.0.0/33"] },
    error: "failed to validate CIDR blocks",
    back: [],
  },
  {
    path: "secret-id-num-uses",
    field: "secret_id_num_uses",
    sent: 7,
    shown: 7,
    bad: { secret_id_num_uses: -1 },
    error: "secret_id_num_uses cannot be negative",
    back: 0,
  },
  {
    path: "secret-id-ttl",
    field: "secret_id_ttl",
    sent: "10m",
    shown: 600,
    bad: { secret_id_ttl: "soon" },
    error: "must be a duration",
    back: 0,
  },
  {
    path: "token-bound-cidrs",
    field: "token_bound_cidrs",
    sent: ["10.3.0.0/16", "::1"],
    shown: ["10.3.0.0/16", "::1"],
    bad: { token_bound_cidrs: "here" },
    error: "CIDR",
    back: [],
  },
  {
    path: "token-max-ttl",
    field: "token_max_ttl",
    sent: "2h",
    shown: 7200,
    bad: {},
    error: "missing token_max_ttl",
    back: 0,
  },
  {
    path: "token-num-uses",
    field: "token_num_uses",
    sent: 12,
    shown: 12,
    bad: { token_num_uses: "many" },
    error: "must be a whole number",
    back: 0,
  },
  {
    path: "token-ttl",
    field: "token_ttl",
    sent: 1200,
    shown: 1200,
    bad: {},
    error: "missing token_ttl",
    back: 0,
  },
];

function casesOf({
  path,
  field,
  sent,
  shown,
  bad,
  error,
  back,
  role = {},
}: Setting): Readonly<Record<string, RouteCase>> {
  const at = `${AT}/${path}`;
  const [set, whole] = [post(at, { [field]: sent }), AT];
  // The role shows it under its new name.
  const name = field === "bound_cidr_list" ? "secret_id_bound_cidrs" : field;
  return {
    [`POST ${ROW}/${path}`]: {
      given: [post(whole, role)],
      when: { ...set, method: "POST", status: 204 },
      keys: [],
      then: get(whole, { data: { [name]: shown } }),
      bad: { method: "POST", path: at, data: bad, status: 400, error },
    },
    [`GET ${ROW}/${path}`]: {
      given: [post(whole, role), set],
      when: { method: "GET", path: at, status: 200, shows: { data: { [field]: shown } } },
      keys: [`data.${field}`],
    },
    [`DELETE ${ROW}/${path}`]: {
      given: [post(whole, role), set],
      when: { method: "DELETE", path: at, status: 204 },
      keys: [],
      then: get(at, { data: { [field]: back } }),
    },
  };
}

export const settingCases: Readonly<Record<string, RouteCase>> = Object.fromEntries(
  SETTINGS.flatMap((setting) => Object.entries(casesOf(setting))),
);
