/** A directory as a list of entries: filters are compared as text, so a test says which filter finds what. */
import { Fault } from "../../lib/fault.ts";
import { ldapDirectory } from "../../server/clients/ldap.ts";
import type { Ldap, LdapEntry, LdapQuery, LdapServer } from "../../server/contract/ldap.ts";

export interface FakeLdap extends Ldap {
  /** DN or principal name → password. */
  readonly passwords: Map<string, string>;
  /** "base filter" → what is found there. */
  readonly found: Map<string, readonly LdapEntry[]>;
  /** In order: "bind DN", "anonymous DN", "search BASE FILTER". */
  readonly said: string[];
  readonly servers: LdapServer[];
  readonly queries: LdapQuery[];
  fault: Fault | undefined;
}

export function fakeLdap(): FakeLdap {
  const fake: FakeLdap = {
    passwords: new Map(),
    found: new Map(),
    said: [],
    servers: [],
    queries: [],
    fault: undefined,
    isFilter: (text) => ldapDirectory().isFilter(text),
    session: async (server, work) => {
      fake.servers.push(server);
      if (fake.fault !== undefined) throw fake.fault;
      return work({
        bind: (dn, password) => {
          fake.said.push(`bind ${dn}`);
          return Promise.resolve(password.reveal() !== "" && fake.passwords.get(dn) === password.reveal());
        },
        bindWithoutPassword: (dn) => {
          fake.said.push(`anonymous ${dn}`);
          return Promise.resolve(true);
        },
        search: (query) => {
          fake.queries.push(query);
          fake.said.push(`search ${query.base} ${query.filter}`);
          const found = fake.found.get(`${query.base} ${query.filter}`);
          if (found === undefined) return Promise.reject(new Fault("upstream", "LDAP result 32"));
          return Promise.resolve(found);
        },
      });
    },
  };
  return fake;
}

export function entry(
  dn: string,
  attributes: Readonly<Record<string, readonly (string | Uint8Array)[]>> = {},
): LdapEntry {
  const values = Object.entries(attributes).map(([name, list]) => {
    const bytes = list.map((value) => (typeof value === "string" ? Buffer.from(value) : value));
    return [name.toLowerCase(), bytes] as const;
  });
  return { dn, attributes: new Map(values) };
}
