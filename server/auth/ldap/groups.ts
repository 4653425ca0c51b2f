/** Which groups a user is in. Source: Vault docs, ldap, "Group membership resolution"; [MS-ADTS] tokenGroups. */
import type { LdapEntry, LdapSession } from "../../contract/ldap.ts";
import type { LdapConfig } from "./config.ts";
import { parseDn } from "./dn.ts";
import { groupFilter } from "./filters.ts";
import { sidText } from "./sid.ts";

/** Questions to the directory at one time. */
const AT_ONCE = 10;

/** @returns their names, each once, in the directory's own spelling */
export async function groupsOf(
  session: LdapSession,
  config: LdapConfig,
  userDn: string,
  username: string,
): Promise<readonly string[]> {
  const entries = config.useTokenGroups
    ? await tokenGroups(session, config, userDn)
    : await filteredGroups(session, config, userDn, username);
  const names = entries.flatMap((entry) => namesOf(entry, config));
  return [...new Set(names.filter((name) => name !== ""))].sort();
}

/** Nested groups come with a filter that asks for them: (member:1.2.840.113556.1.4.1941:={{.UserDN}}). */
async function filteredGroups(
  session: LdapSession,
  config: LdapConfig,
  userDn: string,
  username: string,
): Promise<readonly LdapEntry[]> {
  if (config.groupFilter === "" || config.groupDn === "") return [];
  return session.search({
    base: config.groupDn,
    scope: "sub",
    filter: groupFilter(config, userDn, username),
    attributes: [config.groupAttr],
    most: 0,
    pageSize: Math.max(0, config.maxPageSize),
    dereference: config.dereference,
  });
}

/** All security groups, nested ones too, as Active Directory reckons them for the user's own token. */
async function tokenGroups(session: LdapSession, config: LdapConfig, userDn: string): Promise<readonly LdapEntry[]> {
  const base = { scope: "base", filter: "(objectClass=*)", most: 1, pageSize: 0 } as const;
  const { dereference } = config;
  const [user] = await session.search({ ...base, base: userDn, attributes: ["tokenGroups"], dereference });
  const sids = (user?.attributes.get("tokengroups") ?? []).map(sidText).filter((sid) => sid !== undefined);
  const found: LdapEntry[] = [];
  while (sids.length > 0) {
    const some = sids.splice(0, AT_ONCE).map((sid) => `<SID=${sid}>`);
    const answers = await Promise.all(
      some.map((one) => session.search({ ...base, base: one, attributes: ["1.1"], dereference })),
    );
    found.push(...answers.flat());
  }
  return found;
}

/** The values of `groupattr`; without one the name in the entry's own DN. */
function namesOf({ dn, attributes }: LdapEntry, { groupAttr, upperCn }: LdapConfig): readonly string[] {
  const values = (attributes.get(groupAttr.toLowerCase()) ?? []).map((value) => Buffer.from(value).toString());
  if (values.length === 0) return [commonName(dn, upperCn)];
  // A value of cn is a name, whatever it looks like: nobody names a group so that it is read as another one.
  return groupAttr.toLowerCase() === "cn" ? values : values.map((value) => commonName(value, upperCn));
}

/** The first CN of a DN; `text` itself when it is none or has none. */
function commonName(text: string, upperCn: boolean): string {
  const parts = parseDn(text)?.flat() ?? [];
  const isCn = (attribute: string): boolean => (upperCn ? attribute : attribute.toUpperCase()) === "CN";
  return parts.find(({ attribute }) => isCn(attribute))?.value ?? text;
}
