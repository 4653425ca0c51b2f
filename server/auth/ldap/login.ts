/** The login and its renewal: the directory's word, then policies by user and groups. Source: Vault API, ldap, "Login". */
import { Fault } from "../../../lib/fault.ts";
import {
  type Context,
  type Fields,
  type Place,
  type Renewal,
  type Reply,
  type Route,
  route,
  type Values,
} from "../../contract/engine.ts";
import { BadCredentials } from "../../contract/guards.ts";
import type { Ldap } from "../../contract/ldap.ts";
import { textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { LoginGrant, TokenEntry } from "../../contract/token.ts";
import { mustComeFrom, mustStillHave, renewalOf } from "../renewal.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { type LdapConfig, readConfig } from "./config.ts";
import { type Person, personOf } from "./directory.ts";
import { countedName, foldName } from "./fold.ts";
import { readMapping } from "./mappings.ts";

const FIELDS = {
  username: { type: "string", about: "Name of the user", required: true },
  password: { type: "string", about: "The password", sensitive: true },
} as const satisfies Fields;

/** In Vault's words, for every reason: nothing tells which users there are. */
const REFUSAL = "ldap operation failed: failed to bind as user";

export function loginRoute(ldap: Ldap): Route {
  return route({
    path: "login/*username",
    about: "Trades a user's password in the directory for a token",
    login: true,
    fields: FIELDS,
    aliasOf: ({ username }) => Promise.resolve(username === undefined ? undefined : countedName(username)),
    on: { update: { about: "Logs in", run: (values, context) => logIn(ldap, values, context) } },
  });
}

async function logIn(
  ldap: Ldap,
  { username, password = "" }: Values<typeof FIELDS>,
  { storage, call, mount }: Context,
): Promise<Reply> {
  const config = await configured(storage);
  checkBoundCidrs(config.token, call.remote.address);
  if (foldName(username) === "") throw new Fault("invalid", "missing username");
  if (password === "") {
    throw new Fault("invalid", "password cannot be of zero length when passwordless binds are being denied");
  }
  const person = await personOf(ldap, config, username, password);
  if (person === undefined) throw new BadCredentials(REFUSAL);
  const { policies, groups } = await entitled(storage, config, person);
  const internal = new Map([
    ["mount", mount.uuid],
    ["username", username],
    ["password", password],
  ]);
  const login = { ...grant(config, person), policies, groupAliases: groups, internal };
  return { login, ...(person.groups.length > 0 ? {} : { warnings: [noGroups(config)] }) };
}

function noGroups({ groupDn }: LdapConfig): string {
  return `no LDAP groups found in groupDN ${JSON.stringify(groupDn)}; only policies from locally-defined groups available`;
}

function grant(config: LdapConfig, { name, alias }: Person): Omit<LoginGrant, "internal"> {
  return {
    ...grantOf(config.token),
    displayName: name,
    metadata: new Map([["username", name]]),
    alias,
    aliasMetadata: new Map([["name", name]]),
    role: "",
  };
}

async function configured(reader: Reader): Promise<LdapConfig> {
  const config = await readConfig(reader);
  if (config === undefined) throw new Fault("invalid", "auth method not configured");
  return config;
}

/** The policies of all logins, of the user and of the groups: the directory's and those mapped here. */
async function entitled(
  reader: Reader,
  { token, caseSensitiveNames: exact }: LdapConfig,
  { name, groups: inDirectory }: Person,
): Promise<{ readonly policies: readonly string[]; readonly groups: readonly string[] }> {
  const user = await readMapping(reader, "user/", name, exact);
  const groups = [...new Set([...(user?.groups ?? []), ...inDirectory])];
  const mapped = await Promise.all(groups.map((group) => readMapping(reader, "group/", group, exact)));
  const policies = mapped.flatMap((mapping) => mapping?.policies ?? []);
  return { policies: [...new Set([...token.policies, ...policies, ...(user?.policies ?? [])])].sort(), groups };
}

/**
 * The directory is asked again, with the password of the login: it lies in the token's own record, below the barrier.
 * @throws Fault "denied" when it refuses or the policies are others by now, "unavailable" when it is away
 */
export async function renewToken(
  ldap: Ldap,
  { internal, policies: held }: TokenEntry,
  { storage, mount }: Place,
): Promise<Renewal> {
  mustComeFrom(mount, internal);
  const config = await configured(storage);
  const person = await personOf(ldap, config, textIn(internal, "username"), textIn(internal, "password"));
  if (person === undefined) throw new Fault("denied", REFUSAL);
  const { policies, groups } = await entitled(storage, config, person);
  mustStillHave(policies, held, "policies have changed, not renewing");
  return { ...renewalOf(config.token), groups };
}
