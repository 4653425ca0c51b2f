/**
 * What each auth method wants of a person, and the call that logs in. Variables are those of Vault's CLI.
 * Source: Vault documentation, pages of the auth methods, section "Authentication via the CLI".
 */
import type { Clock } from "../../lib/clock.ts";
import { iamLoginFields } from "../../lib/crypto/sigv4.ts";
import { Secret } from "../../lib/secret.ts";
import type { Json, JsonMap } from "../../lib/wire/json.ts";
import { CommandError, type Io } from "../io.ts";

/** Arguments ("username=ann"), the terminal, the environment. */
export interface Credentials {
  readonly text: (name: string) => string | undefined;
  /** Asks without echo; standard input where there is no terminal. */
  readonly ask: (question: string) => Promise<string>;
  readonly env: Io["env"];
  readonly clock: Clock;
}

export interface LoginMethod {
  /** ["username=<name>", what it is], for `auth help`. */
  readonly takes: readonly (readonly [string, string])[];
  /** @returns the path below the mount and the body. @throws CommandError 1 naming the argument that is missing */
  readonly login: (given: Credentials) => Promise<{ readonly path: string; readonly body: JsonMap }>;
}

function userAndPassword(method: string, prefix: string): LoginMethod {
  return {
    takes: [
      ["username=<name>", `who logs in (OKSAE_${prefix}USERNAME, VAULT_${prefix}USERNAME)`],
      ["password=<text>", `asked for when not given (OKSAE_${prefix}PASSWORD, VAULT_${prefix}PASSWORD)`],
    ],
    login: async ({ text, ask, env }) => {
      const username = text("username") ?? env[`OKSAE_${prefix}USERNAME`] ?? env[`VAULT_${prefix}USERNAME`];
      if (username === undefined || username === "") {
        throw new CommandError(1, `'username' must be specified: oksae login -method=${method} username=NAME`);
      }
      const known = text("password") ?? env[`OKSAE_${prefix}PASSWORD`] ?? env[`VAULT_${prefix}PASSWORD`];
      const password = known ?? (await ask("Password (will be hidden): "));
      return { path: `login/${username}`, body: new Map([["password", password]]) };
    },
  };
}

const github: LoginMethod = {
  takes: [["token=<text>", "a personal access token; asked for when not given (VAULT_AUTH_GITHUB_TOKEN)"]],
  login: async ({ text, ask, env }) => {
    const known = text("token") ?? env["OKSAE_AUTH_GITHUB_TOKEN"] ?? env["VAULT_AUTH_GITHUB_TOKEN"];
    const token = known ?? (await ask("GitHub Personal Access Token (will be hidden): "));
    return { path: "login", body: new Map([["token", token.trim()]]) };
  },
};

const jwt: LoginMethod = {
  takes: [
    ["jwt=<token>", "asked for when not given; jwt=@file reads it from a file"],
    ["role=<name>", "the mount's default_role when not given"],
  ],
  login: async ({ text, ask }) => {
    const token = (text("jwt") ?? (await ask("JWT (will be hidden): "))).trim();
    const body = new Map<string, Json>([["jwt", token]]);
    const role = text("role");
    if (role !== undefined) body.set("role", role);
    return { path: "login", body };
  },
};

const aws: LoginMethod = {
  takes: [
    ["role=<name>", "when not given, the role of the caller's own name"],
    ["aws_access_key_id=<id>", "when not given, AWS_ACCESS_KEY_ID"],
    ["aws_secret_access_key=<key>", "when not given, AWS_SECRET_ACCESS_KEY"],
    ["aws_security_token=<token>", "of temporary keys; when not given, AWS_SESSION_TOKEN"],
    ["header_value=<text>", "for X-Vault-AWS-IAM-Server-ID, where the server asks for it"],
    ["region=<name>", "of the STS that is asked; the global one when not given"],
  ],
  login: ({ text, env, clock }) => {
    const accessKeyId = text("aws_access_key_id") ?? env["AWS_ACCESS_KEY_ID"];
    const secretAccessKey = text("aws_secret_access_key") ?? env["AWS_SECRET_ACCESS_KEY"];
    const sessionToken = text("aws_security_token") ?? env["AWS_SESSION_TOKEN"];
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new CommandError(
        1,
        "no AWS credentials: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or give aws_access_key_id=… aws_secret_access_key=…",
      );
    }
    const fields = iamLoginFields({
      keys: {
        accessKeyId,
        secretAccessKey: new Secret(secretAccessKey),
        ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
      },
      region: text("region") ?? "",
      serverId: text("header_value") ?? "",
      time: clock.now(),
    });
    const role = text("role");
    const body = new Map<string, Json>([
      ...Object.entries(fields),
      ...(role === undefined ? [] : [["role", role] as const]),
    ]);
    return Promise.resolve({ path: "login", body });
  },
};

export const LOGIN_METHODS: ReadonlyMap<string, LoginMethod> = new Map([
  ["userpass", userAndPassword("userpass", "")],
  ["ldap", userAndPassword("ldap", "LDAP_")],
  ["github", github],
  ["aws", aws],
  ["jwt", jwt],
]);
