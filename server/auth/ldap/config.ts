/** The method's settings: fields, record, reply. Source: Vault API, ldap, "Configure LDAP", with its defaults. */
import { toSeconds } from "../../../lib/duration.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import type { LdapQuery, TlsVersion } from "../../contract/ldap.ts";
import { flagIn, numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import {
  NO_TOKEN_PARAMS,
  TOKEN_FIELDS,
  type TokenParams,
  tokenParamsFrom,
  tokenParamsRecord,
  tokenParamsReply,
} from "../token-params.ts";
import { GROUP_FILTER, USER_FILTER } from "./filters.ts";

export const CONFIG = "config";

const TLS_VERSIONS = ["tls10", "tls11", "tls12", "tls13"] as const satisfies readonly TlsVersion[];
const DEREFERENCES = ["never", "finding", "searching", "always"] as const;

const text = (about: string) => ({ type: "string", about }) as const;
const flag = (about: string, otherwise = false) => ({ type: "bool", about, default: otherwise }) as const;

export const CONFIG_FIELDS = {
  url: { ...text("ldap:// or ldaps:// URLs with commas, tried in order"), default: "ldap://127.0.0.1" },
  userdn: text("Base of the search for users"),
  userattr: { ...text("Attribute that holds the user's name"), default: "cn" },
  userfilter: { ...text("Go template of the filter for users: {{.UserAttr}}, {{.Username}}"), default: USER_FILTER },
  groupdn: text("Base of the search for groups"),
  groupfilter: { ...text("Go template of the filter for groups: {{.UserDN}}, {{.Username}}"), default: GROUP_FILTER },
  groupattr: { ...text("Attribute of what the filter finds that holds the group's name"), default: "cn" },
  upndomain: text("Domain of userPrincipalName: users bind as USERNAME@DOMAIN"),
  binddn: text("DN that searches for users and groups"),
  bindpass: { ...text("Its password; never returned"), sensitive: true },
  discoverdn: flag("Search for the user's DN without a bind"),
  deny_null_bind: flag("Refuse empty passwords; only true is taken", true),
  anonymous_group_search: flag("Search for groups without a bind"),
  use_token_groups: flag("Groups from Active Directory's tokenGroups, nested ones too"),
  case_sensitive_names: flag("Tell names by case"),
  username_as_alias: flag("The user's name is the alias, not the value of the search"),
  use_pre111_group_cn_behavior: flag('Only "CN" in capitals is a group\'s name in a DN'),
  starttls: flag("StartTLS on ldap://"),
  insecure_tls: flag("Take any certificate"),
  certificate: text("PEM certificates of authorities"),
  client_tls_cert: text("PEM certificate of the client"),
  client_tls_key: { ...text("PEM key of the client; never returned"), sensitive: true },
  tls_min_version: { ...text("Lowest TLS version"), oneOf: TLS_VERSIONS, default: "tls12" },
  tls_max_version: { ...text("Highest TLS version"), oneOf: TLS_VERSIONS, default: "tls12" },
  request_timeout: { type: "duration", about: "Time for all questions of one login, up to 10m", default: "90s" },
  connection_timeout: { type: "duration", about: "Time to connect to one server, up to 10m", default: "30s" },
  max_page_size: { type: "int", about: "Groups a page; 0 = in one", default: 0 },
  dereference_aliases: { ...text("When aliases are followed"), oneOf: DEREFERENCES, default: "never" },
  ...TOKEN_FIELDS,
} as const satisfies Fields;

export type ConfigValues = Values<typeof CONFIG_FIELDS>;

export interface LdapConfig {
  readonly urls: string;
  readonly userDn: string;
  readonly userAttr: string;
  readonly userFilter: string;
  readonly groupDn: string;
  readonly groupFilter: string;
  readonly groupAttr: string;
  readonly upnDomain: string;
  readonly bindDn: string;
  readonly bindPass: Secret;
  readonly discoverDn: boolean;
  readonly anonymousGroupSearch: boolean;
  readonly useTokenGroups: boolean;
  readonly caseSensitiveNames: boolean;
  readonly usernameAsAlias: boolean;
  readonly upperCn: boolean;
  readonly startTls: boolean;
  readonly insecureTls: boolean;
  readonly certificate: string;
  readonly clientCertificate: string;
  readonly clientKey: Secret;
  readonly tlsMin: TlsVersion;
  readonly tlsMax: TlsVersion;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly connectionTimeout: number;
  readonly maxPageSize: number;
  readonly dereference: LdapQuery["dereference"];
  readonly token: TokenParams;
}

export const DEFAULTS: LdapConfig = {
  urls: "ldap://127.0.0.1",
  userDn: "",
  userAttr: "cn",
  userFilter: USER_FILTER,
  groupDn: "",
  groupFilter: GROUP_FILTER,
  groupAttr: "cn",
  upnDomain: "",
  bindDn: "",
  bindPass: new Secret(""),
  discoverDn: false,
  anonymousGroupSearch: false,
  useTokenGroups: false,
  caseSensitiveNames: false,
  usernameAsAlias: false,
  upperCn: false,
  startTls: false,
  insecureTls: false,
  certificate: "",
  clientCertificate: "",
  clientKey: new Secret(""),
  tlsMin: "tls12",
  tlsMax: "tls12",
  requestTimeout: 90_000,
  connectionTimeout: 30_000,
  maxPageSize: 0,
  dereference: "never",
  token: NO_TOKEN_PARAMS,
};

/** undefined until it is written for the first time. */
export async function readConfig(reader: Reader): Promise<LdapConfig | undefined> {
  const record = await readRecord(reader, CONFIG);
  return record === undefined ? undefined : configFrom(record);
}

/** Without passwords and keys, and without the client's certificate, as Vault. */
export function configReply(config: LdapConfig): Record<string, Encodable> {
  return { ...shown(config), ...tokenParamsReply(config.token) };
}

export function configBytes(config: LdapConfig): Uint8Array {
  return recordBytes({
    ...shown(config),
    request_timeout: config.requestTimeout,
    connection_timeout: config.connectionTimeout,
    client_tls_cert: config.clientCertificate,
    bindpass: config.bindPass.reveal(),
    client_tls_key: config.clientKey.reveal(),
    ...tokenParamsRecord(config.token),
  });
}

function shown(config: LdapConfig): Record<string, Encodable> {
  return {
    url: config.urls,
    userdn: config.userDn,
    userattr: config.userAttr,
    userfilter: config.userFilter,
    groupdn: config.groupDn,
    groupfilter: config.groupFilter,
    groupattr: config.groupAttr,
    upndomain: config.upnDomain,
    binddn: config.bindDn,
    discoverdn: config.discoverDn,
    deny_null_bind: true,
    anonymous_group_search: config.anonymousGroupSearch,
    use_token_groups: config.useTokenGroups,
    case_sensitive_names: config.caseSensitiveNames,
    username_as_alias: config.usernameAsAlias,
    use_pre111_group_cn_behavior: config.upperCn,
    starttls: config.startTls,
    insecure_tls: config.insecureTls,
    certificate: config.certificate,
    tls_min_version: config.tlsMin,
    tls_max_version: config.tlsMax,
    request_timeout: toSeconds(config.requestTimeout),
    connection_timeout: toSeconds(config.connectionTimeout),
    max_page_size: config.maxPageSize,
    dereference_aliases: config.dereference,
  };
}

function configFrom(record: JsonMap): LdapConfig {
  return {
    urls: textIn(record, "url"),
    userDn: textIn(record, "userdn"),
    userAttr: textIn(record, "userattr"),
    userFilter: textIn(record, "userfilter"),
    groupDn: textIn(record, "groupdn"),
    groupFilter: textIn(record, "groupfilter"),
    groupAttr: textIn(record, "groupattr"),
    upnDomain: textIn(record, "upndomain"),
    bindDn: textIn(record, "binddn"),
    bindPass: new Secret(textIn(record, "bindpass")),
    discoverDn: flagIn(record, "discoverdn"),
    anonymousGroupSearch: flagIn(record, "anonymous_group_search"),
    useTokenGroups: flagIn(record, "use_token_groups"),
    caseSensitiveNames: flagIn(record, "case_sensitive_names"),
    usernameAsAlias: flagIn(record, "username_as_alias"),
    upperCn: flagIn(record, "use_pre111_group_cn_behavior"),
    startTls: flagIn(record, "starttls"),
    insecureTls: flagIn(record, "insecure_tls"),
    certificate: textIn(record, "certificate"),
    clientCertificate: textIn(record, "client_tls_cert"),
    clientKey: new Secret(textIn(record, "client_tls_key")),
    tlsMin: oneOf(TLS_VERSIONS, textIn(record, "tls_min_version"), DEFAULTS.tlsMin),
    tlsMax: oneOf(TLS_VERSIONS, textIn(record, "tls_max_version"), DEFAULTS.tlsMax),
    requestTimeout: numberIn(record, "request_timeout", DEFAULTS.requestTimeout),
    connectionTimeout: numberIn(record, "connection_timeout", DEFAULTS.connectionTimeout),
    maxPageSize: numberIn(record, "max_page_size"),
    dereference: oneOf(DEREFERENCES, textIn(record, "dereference_aliases"), DEFAULTS.dereference),
    token: tokenParamsFrom(record),
  };
}

/** The member of `list` that `text` is. */
function oneOf<T extends string>(list: readonly T[], value: string | undefined, otherwise: T): T {
  return list.find((item) => item === value) ?? otherwise;
}

export function tlsVersion(sent: string | undefined, before: TlsVersion): TlsVersion {
  return oneOf(TLS_VERSIONS, sent, before);
}

export function dereferenceOf(sent: string | undefined, before: LdapQuery["dereference"]): LdapQuery["dereference"] {
  return oneOf(DEREFERENCES, sent, before);
}
