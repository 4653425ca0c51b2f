/** The login with a personal access token, and its renewal. Source: Vault API, github, "Login". */
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
import type { Github } from "../../contract/github.ts";
import { BadCredentials } from "../../contract/guards.ts";
import { textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { mustComeFrom, mustStillHave, renewalOf } from "../renewal.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { type GithubConfig, readConfig } from "./config.ts";
import { memberOf } from "./member.ts";

const FIELDS = {
  token: { type: "string", about: "A personal access token with the scope read:org", sensitive: true },
} as const satisfies Fields;

export function loginRoute(github: Github): Route {
  return route({
    path: "login",
    about: "Trades a GitHub token for one of ours",
    login: true,
    fields: FIELDS,
    on: { update: { about: "Logs in", run: (values, context) => logIn(github, values, context) } },
  });
}

async function logIn(
  github: Github,
  { token = "" }: Values<typeof FIELDS>,
  { storage, call, mount }: Context,
): Promise<Reply> {
  const config = await configured(storage);
  checkBoundCidrs(config.token, call.remote.address);
  if (token === "") throw new Fault("invalid", "missing token");
  const { login, organization, policies, teams } = await memberOf(github, storage, config, token);
  return {
    login: {
      ...grantOf(config.token),
      policies,
      displayName: login,
      metadata: new Map([
        ["username", login],
        ["org", organization],
      ]),
      alias: login,
      groupAliases: teams,
      role: "",
      internal: new Map([
        ["mount", mount.uuid],
        ["token", token],
      ]),
    },
  };
}

async function configured(reader: Reader): Promise<GithubConfig> {
  const config = await readConfig(reader);
  if (config === undefined) throw new Fault("invalid", "configuration has not been set");
  return config;
}

/**
 * GitHub is asked again with the token of the login: it lies in our token's own record, below the barrier.
 * @throws Fault "denied" when it is not taken, its owner has left or has other policies; "unavailable" when GitHub is away
 */
export async function renewToken(
  github: Github,
  { internal, policies: held }: TokenEntry,
  { storage, mount }: Place,
): Promise<Renewal> {
  mustComeFrom(mount, internal);
  const config = await configured(storage);
  try {
    const { policies, teams } = await memberOf(github, storage, config, textIn(internal, "token"));
    mustStillHave(policies, held, "policies do not match");
    return { ...renewalOf(config.token), groups: teams };
  } catch (error) {
    if (error instanceof BadCredentials) throw new Fault("denied", error.message, { cause: error });
    throw error;
  }
}
