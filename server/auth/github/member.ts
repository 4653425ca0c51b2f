/** Whose token it is, and what follows for a member of the organization. Source: Vault docs, "GitHub auth method". */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Github, GithubTeam } from "../../contract/github.ts";
import { BadCredentials } from "../../contract/guards.ts";
import type { Reader } from "../../contract/storage.ts";
import { apiOf, type GithubConfig } from "./config.ts";
import { mappedPolicies } from "./maps.ts";

export interface Member {
  readonly login: string;
  /** As GitHub calls it now. */
  readonly organization: string;
  readonly policies: readonly string[];
  /** Of its teams in this organization: names, slugs and ids. */
  readonly teams: readonly string[];
}

/** @throws BadCredentials when GitHub does not take the token, or its owner is not in the organization; Fault as `Github` says */
export async function memberOf(github: Github, reader: Reader, config: GithubConfig, token: string): Promise<Member> {
  if (!/^[!-~]{1,1024}$/.test(token)) throw new BadCredentials("GitHub does not take this token");
  const access = { baseUrl: apiOf(config), token: new Secret(token) };
  try {
    const login = await github.user(access);
    const organization = (await github.organizations(access)).find(({ id }) => id === config.organizationId);
    if (organization === undefined) throw new BadCredentials("user is not part of required org");
    const teams = (await github.teams(access)).filter(({ organizationId }) => organizationId === config.organizationId);
    const names = [...new Set(teams.flatMap(namesOf))].sort();
    const ofTeams = await mappedPolicies(reader, "teams", names);
    const ofUser = await mappedPolicies(reader, "users", [login]);
    const policies = [...new Set([...config.token.policies, ...ofTeams, ...ofUser])].sort();
    return { login, organization: organization.login, policies, teams: names };
  } catch (error) {
    if (error instanceof Fault && error.kind === "denied") throw new BadCredentials(error.message, { cause: error });
    throw error;
  }
}

/** A name of digits alone would be taken for another team's id. */
function namesOf({ id, name, slug }: GithubTeam): readonly string[] {
  return [String(id), ...[name, slug].filter((text) => !/^\d+$/.test(text.trim()))];
}
