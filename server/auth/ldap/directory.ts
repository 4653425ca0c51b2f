/**
 * Who a name and a password belong to, by the directory: DN, bind, canonical name, groups.
 * Source: Vault docs, ldap, "Binding parameters" and "Group membership resolution"; RFC 4513 section 5.1.
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Ldap, LdapEntry, LdapQuery, LdapServer, LdapSession } from "../../contract/ldap.ts";
import type { LdapConfig } from "./config.ts";
import { urlsOf } from "./config-update.ts";
import { parseDn } from "./dn.ts";
import { escapeDnValue, escapeFilterValue } from "./escape.ts";
import { userFilter } from "./filters.ts";
import { foldName } from "./fold.ts";
import { groupsOf } from "./groups.ts";

export interface Person {
  /** As the directory spells it: the value of `userattr`. */
  readonly name: string;
  /** For identity: the same for everything that can be typed to log in as this user. */
  readonly alias: string;
  readonly groups: readonly string[];
}

/**
 * One bind with the password for every name, whether the directory knows it or not.
 * @returns undefined when the directory does not take the name with this password
 * @throws Fault "invalid", "upstream" for settings that cannot work, "unavailable" when the directory is away
 */
export async function personOf(
  ldap: Ldap,
  config: LdapConfig,
  username: string,
  password: string,
): Promise<Person | undefined> {
  // RFC 4513 section 5.1.2: a bind without a password succeeds for any name.
  if (password === "") return undefined;
  if (!isLookedUp(config) && config.upnDomain === "" && config.userDn === "") {
    throw new Fault(
      "invalid",
      "the settings do not say where users are: set userdn, upndomain, or binddn with bindpass",
    );
  }
  const server = serverOf(config);
  return ldap.session(server, async (session) => {
    const found = await bound(session, config, username, password);
    if (found === undefined) return undefined;
    const groups = (on: LdapSession): Promise<readonly string[]> => groupsOf(on, config, found.dn, username);
    return {
      name: found.name,
      alias: found.alias,
      groups: await (config.anonymousGroupSearch ? ldap.session(server, anonymous(groups)) : groups(session)),
    };
  });
}

/** On a connection of its own, which nobody was bound on. */
function anonymous<T>(work: (session: LdapSession) => Promise<T>): (session: LdapSession) => Promise<T> {
  return async (session) => {
    await session.bindWithoutPassword("");
    return work(session);
  };
}

function serverOf(config: LdapConfig): LdapServer {
  return {
    urls: urlsOf(config.urls),
    startTls: config.startTls,
    certificate: config.certificate,
    clientCertificate: config.clientCertificate,
    clientKey: config.clientKey,
    insecureTls: config.insecureTls,
    tlsMin: config.tlsMin,
    tlsMax: config.tlsMax,
    connectionTimeout: config.connectionTimeout,
    requestTimeout: config.requestTimeout,
  };
}

interface Found {
  readonly dn: string;
  readonly name: string;
  readonly alias: string;
}

async function bound(
  session: LdapSession,
  config: LdapConfig,
  username: string,
  password: string,
): Promise<Found | undefined> {
  const looked = isLookedUp(config) ? await lookUp(session, config, username) : undefined;
  const typed = typedDn(config, username);
  // A name that is not found costs the same bind, under a name that says nothing: time does not tell who is there.
  const fits = await session.bind(looked?.dn ?? typed, new Secret(password));
  if (!fits || (isLookedUp(config) && looked === undefined)) return undefined;
  if (hasService(config)) await bindService(session, config);
  const entry = looked ?? (await ownEntry(session, config, username, typed));
  const name = valueOf(entry, config.userAttr) ?? cleaned(username);
  return { dn: entry?.dn ?? typed, name, alias: aliasOf(config, entry, name, username) };
}

function hasService({ bindDn, bindPass }: LdapConfig): boolean {
  return bindDn !== "" && bindPass.reveal() !== "";
}

function isLookedUp(config: LdapConfig): boolean {
  return config.discoverDn || hasService(config);
}

async function bindService(session: LdapSession, { bindDn, bindPass }: LdapConfig): Promise<void> {
  const fits =
    bindPass.reveal() === "" ? await session.bindWithoutPassword(bindDn) : await session.bind(bindDn, bindPass);
  if (!fits) throw new Fault("upstream", "the directory does not take binddn with bindpass");
}

/** The one entry that the user filter finds; undefined for none and for several. */
async function lookUp(session: LdapSession, config: LdapConfig, username: string): Promise<LdapEntry | undefined> {
  await bindService(session, config);
  const filter = userFilter(config, username);
  const found = await session.search({ ...queryOf(config), base: config.userDn, scope: "sub", filter });
  return found.length === 1 ? found[0] : undefined;
}

/** Two entries are as good as many: a name must mean one. */
function queryOf({ userAttr, dereference }: LdapConfig): Omit<LdapQuery, "base" | "scope" | "filter"> {
  return { attributes: [...new Set([userAttr, "userPrincipalName"])], most: 2, pageSize: 0, dereference };
}

/** What the user binds as where nothing is looked up. */
function typedDn({ upnDomain, userAttr, userDn }: LdapConfig, username: string): string {
  const value = escapeDnValue(username);
  return upnDomain === "" ? `${userAttr}=${value},${userDn}` : `${value}@${upnDomain}`;
}

/**
 * The entry of a user who is bound: by its principal name, else under the DN that was bound. A directory may not let it be read.
 * @throws Fault "invalid" when a principal name is not that of one user
 */
async function ownEntry(
  session: LdapSession,
  config: LdapConfig,
  username: string,
  typed: string,
): Promise<LdapEntry | undefined> {
  const query = queryOf(config);
  if (config.upnDomain === "") {
    const own = { ...query, base: typed, scope: "base", filter: "(objectClass=*)" } as const;
    return (await session.search(own).catch(ifRefused))?.[0];
  }
  const filter = `(userPrincipalName=${escapeFilterValue(`${username}@${config.upnDomain}`)})`;
  const found = await session.search({ ...query, base: config.userDn, scope: "sub", filter });
  if (found.length !== 1) throw new Fault("invalid", "ldap operation failed: the user principal name is not unique");
  return found[0];
}

function ifRefused(error: unknown): undefined {
  if (!(error instanceof Fault) || error.kind !== "upstream") throw error;
}

/**
 * The same whatever was typed: of several values the one in the entry's own name, else the first in order. Else a user
 * with two names would be two aliases.
 */
function valueOf(entry: LdapEntry | undefined, attribute: string): string | undefined {
  const name = attribute.toLowerCase();
  const values = (entry?.attributes.get(name) ?? []).map((value) => Buffer.from(value).toString());
  if (entry === undefined || values.length < 2) return values[0];
  const own = parseDn(entry.dn)?.[0]?.find((part) => part.attribute.toLowerCase() === name)?.value;
  return own ?? values.sort()[0];
}

/** Of a directory that does not show the user's entry. */
function cleaned(username: string): string {
  return foldName(username);
}

/**
 * Vault's alias, made from the directory's own values instead of what was typed (CVE-2025-6013): the value of `userattr`
 * where the user is looked up or `username_as_alias` is set, else the principal name, else the DN.
 */
function aliasOf(config: LdapConfig, entry: LdapEntry | undefined, name: string, username: string): string {
  const exact = config.caseSensitiveNames;
  if (config.usernameAsAlias || isLookedUp(config)) return foldName(name, exact);
  if (config.upnDomain === "") return `${config.userAttr}=${escapeDnValue(foldName(name, exact))},${config.userDn}`;
  const principal = `${username}@${config.upnDomain}`;
  return foldName(valueOf(entry, "userPrincipalName") ?? principal, exact);
}
