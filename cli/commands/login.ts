/**
 * login: proves who one is to an auth method and keeps the token for later commands. Source: Vault CLI documentation,
 * "login", and the pages of the auth methods.
 */
import { Secret } from "../../lib/secret.ts";
import { type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import { TOKEN_FILE } from "../connect/settings.ts";
import { type Context, member, text } from "../context.ts";
import { readData } from "../input/data.ts";
import { mountPath } from "../input/path.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { printField, printSecret } from "../output/print.ts";
import { rowsOf, secretTable } from "../output/secret.ts";
import { type Credentials, LOGIN_METHODS, type LoginMethod } from "./login-methods.ts";
import { command, type Flags, flagSet, flagText, type Spec } from "./register.ts";

export const loginCommands: readonly Spec[] = [
  command({
    usage: "login [arguments...]",
    about: "Logs in and keeps the token for later commands; without -method the argument is a token",
    flags: [
      ["--method <method>", `token, ${[...LOGIN_METHODS.keys()].join(", ")}`],
      ["--path <path>", "where the auth method is mounted, if not at its type's name"],
      ["--no-store", "do not keep the token"],
      ["--no-print", "do not show the token"],
      ["--token-only", "print the token alone and do not keep it"],
    ],
    run: runLogin,
  }),
];

async function runLogin(context: Context, args: readonly string[], flags: Flags): Promise<void> {
  const name = flagText(flags, "method") ?? "token";
  if (name === "token") {
    await finish(context, flags, await byToken(context, args));
    return;
  }
  const method = LOGIN_METHODS.get(name);
  if (method === undefined) {
    const known = ["token", ...LOGIN_METHODS.keys()].join(", ");
    throw new CommandError(1, `Unknown auth method: ${name}: use one of ${known}, or "oksae write auth/PATH/login"`);
  }
  await finish(context, flags, await byMethod(context, args, method, mountPath(flagText(flags, "path") ?? name)));
}

/** A reply whose `auth` is the login's. */
async function byToken(context: Context, [given]: readonly string[]): Promise<JsonMap> {
  const typedIn = given === undefined || given === "-" ? await typed(context, "Token (will be hidden): ") : given;
  const token = new Secret(typedIn.replace(/^token=/, "").trim());
  const { body } = await context.api({ method: "GET", path: "auth/token/lookup-self", token, ahead: true });
  return asAuth(body);
}

async function byMethod(
  context: Context,
  args: readonly string[],
  method: LoginMethod,
  mount: string,
): Promise<JsonMap> {
  const given = await readData(args, context.io);
  const credentials: Credentials = {
    text: (name) => {
      const value = given.get(name);
      return typeof value === "string" && value !== "" ? value : undefined;
    },
    ask: (question) => typed(context, question),
    env: context.io.env,
    clock: context.io.clock,
  };
  const { path, body } = await method.login(credentials);
  const place = mount.replace(/^auth\//, "");
  const call = { method: "POST", path: `auth/${place}${path}`, body, token: "none", takesWrapped: true } as const;
  const reply = await context.api(call);
  return reply.body ?? new Map<string, Json>();
}

/** What is to be kept is unwrapped first; where nothing is kept, the wrapping token is all there is to show. */
async function finish(context: Context, flags: Flags, given: JsonMap): Promise<void> {
  const only = flagSet(flags, "tokenOnly");
  const keep = flags["store"] !== false && !only;
  const body = keep ? await unwrapped(context, given) : given;
  const token = text(member(body, "auth"), "client_token");
  if (token === "") {
    if (only) printField(context, new Map(rowsOf(body)), "wrapping_token");
    else printSecret(context, body);
    return;
  }
  if (keep) {
    await context.io.writeTokenFile(TOKEN_FILE, new Secret(token));
    warnOfVariable(context);
  }
  if (only) printField(context, new Map([["token", token]]), "token");
  else if (flags["print"] !== false) printSecret(context, body, (shown) => greeting(keep) + secretTable(shown));
}

async function unwrapped(context: Context, body: JsonMap): Promise<JsonMap> {
  const wrapping = text(member(body, "wrap_info"), "token");
  if (wrapping === "") return body;
  const call = { method: "PUT", path: "sys/wrapping/unwrap", bare: true } as const;
  return (await context.api({ ...call, token: new Secret(wrapping) })).body ?? body;
}

function warnOfVariable({ io }: Context): void {
  const name = ["OKSAE_TOKEN", "VAULT_TOKEN"].find((one) => (io.env[one] ?? "") !== "");
  if (name === undefined) return;
  io.err(`WARNING! ${name} is set, and goes before the token that is kept now: unset it to use this one.\n\n`);
}

function greeting(kept: boolean): string {
  if (!kept) {
    return `Success! You are now authenticated. The token was not kept: set OKSAE_TOKEN
or give it to "oksae login" to use it.

`;
  }
  return `Success! You are now authenticated. The token information displayed below
is already stored in the token helper. You do NOT need to run "oksae login"
again. Future requests will automatically use this token.

`;
}

/** A looked-up token in the form of a login's reply. */
function asAuth(body: JsonMap | undefined): JsonMap {
  const data = member(body, "data");
  const auth = new Map<string, Json>([
    ["client_token", data.get("id") ?? ""],
    ["accessor", data.get("accessor") ?? ""],
    ["policies", data.get("policies") ?? []],
    ["token_policies", data.get("policies") ?? []],
    ["identity_policies", data.get("identity_policies") ?? []],
    ["metadata", data.get("meta") ?? null],
    ["orphan", data.get("orphan") ?? false],
    ["entity_id", data.get("entity_id") ?? ""],
    ["lease_duration", data.get("ttl") ?? new JsonNumber("0")],
    ["renewable", data.get("renewable") ?? false],
  ]);
  return new Map<string, Json>([...(body ?? new Map<string, Json>()), ["data", null], ["auth", auth]]);
}
