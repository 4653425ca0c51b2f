/** `config`: the settings as they are written. What could not work is refused here rather than at each login. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { Ldap } from "../../contract/ldap.ts";
import { checkAgainstMount, updateTokenParams } from "../token-params.ts";
import {
  CONFIG,
  CONFIG_FIELDS,
  type ConfigValues,
  configBytes,
  configReply,
  DEFAULTS,
  dereferenceOf,
  type LdapConfig,
  readConfig,
  tlsVersion,
} from "./config.ts";
import { groupFilter, userFilter } from "./filters.ts";

const MOST_URLS = 16;
/** Milliseconds. */
const LONGEST_TIMEOUT = 600_000;
const LARGEST_PAGE = 10_000;

export function configRoute(ldap: Ldap): Route {
  return route({
    path: "config",
    about: "How the directory is reached, and what token logins get",
    fields: CONFIG_FIELDS,
    on: {
      read: {
        about: "Reads the settings, without passwords and keys; the defaults while there are none",
        run: async (_, { storage }) => ({ data: configReply((await readConfig(storage)) ?? DEFAULTS) }),
      },
      update: {
        about: "Changes the settings that are sent",
        run: (values, { storage, mount }) =>
          storage.transact(async (tx) => {
            const config = updateConfig((await readConfig(tx)) ?? DEFAULTS, values);
            checkConfig(ldap, config, values);
            const warnings = checkAgainstMount(config.token, mount);
            tx.put(CONFIG, configBytes(config));
            return { warnings };
          }),
      },
    },
  });
}

function updateConfig(before: LdapConfig, sent: ConfigValues): LdapConfig {
  return {
    ...before,
    ...sentTexts(sent),
    ...sentFlags(sent),
    bindPass: sent.bindpass === undefined ? before.bindPass : new Secret(sent.bindpass),
    clientKey: sent.client_tls_key === undefined ? before.clientKey : new Secret(sent.client_tls_key),
    tlsMin: tlsVersion(sent.tls_min_version, before.tlsMin),
    tlsMax: tlsVersion(sent.tls_max_version, before.tlsMax),
    requestTimeout: sent.request_timeout ?? before.requestTimeout,
    connectionTimeout: sent.connection_timeout ?? before.connectionTimeout,
    maxPageSize: sent.max_page_size ?? before.maxPageSize,
    dereference: dereferenceOf(sent.dereference_aliases, before.dereference),
    token: updateTokenParams(before.token, sent),
  };
}

/** URLs and the user's attribute are kept in lower case, as in Vault. */
function sentTexts(sent: ConfigValues): Partial<LdapConfig> {
  return withoutAbsent({
    urls: sent.url?.toLowerCase(),
    userDn: sent.userdn,
    userAttr: sent.userattr?.toLowerCase(),
    userFilter: sent.userfilter,
    groupDn: sent.groupdn,
    groupFilter: sent.groupfilter,
    groupAttr: sent.groupattr,
    upnDomain: sent.upndomain,
    bindDn: sent.binddn,
    certificate: sent.certificate,
    clientCertificate: sent.client_tls_cert,
  });
}

function sentFlags(sent: ConfigValues): Partial<LdapConfig> {
  return withoutAbsent({
    discoverDn: sent.discoverdn,
    anonymousGroupSearch: sent.anonymous_group_search,
    useTokenGroups: sent.use_token_groups,
    caseSensitiveNames: sent.case_sensitive_names,
    usernameAsAlias: sent.username_as_alias,
    upperCn: sent.use_pre111_group_cn_behavior,
    startTls: sent.starttls,
    insecureTls: sent.insecure_tls,
  });
}

/** The members that were sent. */
function withoutAbsent<T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function checkConfig(ldap: Ldap, config: LdapConfig, sent: ConfigValues): void {
  if (sent.deny_null_bind === false) {
    throw new Fault("invalid", "deny_null_bind must be true: directories let anyone in without a password");
  }
  urlsOf(config.urls);
  checkAttribute("userattr", config.userAttr);
  checkAttribute("groupattr", config.groupAttr);
  checkFilters(ldap, config);
  checkTls(config);
  checkTimeout("request_timeout", config.requestTimeout);
  checkTimeout("connection_timeout", config.connectionTimeout);
  // Less than 0 is kept and means 0: Terraform's provider sends -1 unless told otherwise, and expects to read it back.
  if (config.maxPageSize > LARGEST_PAGE) {
    throw new Fault("invalid", `max_page_size must be at most ${String(LARGEST_PAGE)}`);
  }
}

/** @throws Fault "invalid" naming what is wrong */
export function urlsOf(text: string): readonly string[] {
  const urls = text.split(",").map((url) => url.trim());
  if (urls.length > MOST_URLS) throw new Fault("invalid", `url may hold at most ${String(MOST_URLS)} servers`);
  for (const url of urls) {
    const read = URL.canParse(url) ? new URL(url) : undefined;
    const plain = read !== undefined && `${read.username}${read.password}${read.search}${read.hash}` === "";
    const named = read !== undefined && read.hostname !== "" && ["", "/"].includes(read.pathname);
    if (!plain || !named || !["ldap:", "ldaps:"].includes(read.protocol)) {
      throw new Fault("invalid", "url must hold URLs such as ldaps://ldap.example.com:636, with commas between them");
    }
  }
  return urls;
}

function checkAttribute(field: string, value: string): void {
  if (/^[A-Za-z][\w-]*$/.test(value)) return;
  throw new Fault("invalid", `${field} must be the name of an attribute, such as cn`);
}

/** Tried with plain values: what is no filter then never will be one. */
function checkFilters(ldap: Ldap, config: LdapConfig): void {
  if (!ldap.isFilter(userFilter(config, "user"))) {
    throw new Fault("invalid", "invalid userfilter: what it gives is no LDAP filter");
  }
  if (config.groupFilter !== "" && !ldap.isFilter(groupFilter(config, "cn=user", "user"))) {
    throw new Fault("invalid", "invalid groupfilter: what it gives is no LDAP filter");
  }
}

function checkTls({ tlsMin, tlsMax, certificate, clientCertificate, clientKey }: LdapConfig): void {
  if (tlsMax < tlsMin) {
    throw new Fault("invalid", "'tls_max_version' must be greater than or equal to 'tls_min_version'");
  }
  if (certificate !== "") read("failed to parse server tls cert", () => new X509Certificate(certificate));
  const key = clientKey.reveal();
  if ((clientCertificate === "") !== (key === "")) {
    throw new Fault("invalid", "both client_tls_cert and client_tls_key must be set");
  }
  if (key === "") return;
  const message = "failed to parse client X509 key pair";
  const fits = read(message, () => new X509Certificate(clientCertificate).checkPrivateKey(createPrivateKey(key)));
  if (!fits) throw new Fault("invalid", `${message}: the key is not the certificate's`);
}

function read<T>(message: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Fault("invalid", `${message}: it must be PEM`, { cause });
  }
}

function checkTimeout(field: string, value: number): void {
  if (value < 1 || value > LONGEST_TIMEOUT) throw new Fault("invalid", `${field} must be above 0 and up to 10m`);
}
