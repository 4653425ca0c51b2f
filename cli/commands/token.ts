/** token create, lookup, renew, revoke, capabilities. Source: Vault CLI documentation, "token". */
import { isJsonList, type Json, JsonNumber } from "../../lib/wire/json.ts";
import type { ApiCall } from "../connect/api.ts";
import { type Context, member } from "../context.ts";
import { readPairs } from "../input/data.ts";
import { cleanPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { printData, printSecret, say } from "../output/print.ts";
import { goText } from "../output/text.ts";
import { command, type Flags, flagChoice, flagList, flagSet, flagText, type Spec } from "./register.ts";

const ACCESSOR = ["--accessor", "the argument is an accessor, not a token"] as const;

export const tokenCommands: readonly Spec[] = [
  command({
    usage: "token create",
    about: "Makes a token below your own",
    flags: [
      ["--policy <name>...", "may be named again; without it the new token has yours"],
      ["--ttl <duration>", "how long it lives unless renewed"],
      ["--explicit-max-ttl <duration>", "how long it lives at most, whatever is renewed"],
      ["--period <duration>", "makes it periodic: every renewal gives this much, for ever"],
      ["--use-limit <number>", "dies after this many requests"],
      ["--display-name <name>", "how it is named in the audit"],
      ["--metadata <pair>...", "key=value, may be named again"],
      ["--[no-]renewable", "-renewable=false: cannot be renewed"],
      ["--orphan", "has no parent: outlives yours"],
      ["--no-default-policy", "without the policy named default"],
      ["--id <token>", "this string instead of a random one (root only)"],
      ["--type <type>", "service or batch"],
      ["--role <role>", "by the rules of this token role"],
      ["--entity-alias <name>", "with -role: for the entity that has this alias"],
    ],
    run: async (context, _args, flags) => {
      const path = createPath(flags);
      const reply = await context.api({ method: "POST", path, body: readNewToken(flags) });
      if (reply.body !== undefined) printSecret(context, reply.body);
    },
  }),
  command({
    usage: "token lookup [token]",
    about: "Shows a token, yours without an argument",
    flags: [ACCESSOR],
    run: async (context, [token], flags) => {
      const reply = await context.api(aboutToken("lookup", token, flags));
      if (reply.body !== undefined) printSecret(context, reply.body);
    },
  }),
  command({
    usage: "token renew [token]",
    about: "Renews a token, yours without an argument",
    flags: [
      ACCESSOR,
      ["--increment <duration>", "ask for this much from now"],
      ["-i <duration>", "the same as -increment"],
    ],
    run: async (context, [token], flags) => {
      const call = aboutToken("renew", token, flags);
      const increment = flagText(flags, "increment") ?? flagText(flags, "i");
      const body = new Map(call.body);
      if (increment !== undefined) body.set("increment", increment);
      const reply = await context.api({ ...call, method: "PUT", body });
      if (reply.body !== undefined) printSecret(context, reply.body);
    },
  }),
  command({
    usage: "token revoke [token]",
    about: "Revokes a token and everything below it",
    flags: [
      ACCESSOR,
      ["--self", "revoke your own"],
      ["--mode <mode>", "orphan: leave its children alive; path: all tokens made at this path"],
    ],
    run: runRevoke,
  }),
  command({
    usage: "token capabilities <token-or-path> [path]",
    about: "Tells what your token may do at a path; with two arguments, what the first one may do at the second",
    flags: [ACCESSOR],
    run: async (context, [first = "", second], flags) => {
      const accessor = flagSet(flags, "accessor");
      if (accessor && second === undefined) throw new CommandError(1, "give the accessor, then the path");
      const path = second ?? first;
      const paths = new Map<string, Json>([["paths", [cleanPath(path)]]]);
      const kind = second === undefined ? "-self" : accessor ? "-accessor" : "";
      if (second !== undefined) paths.set(accessor ? "accessor" : "token", first);
      const reply = await context.api({ method: "POST", path: `sys/capabilities${kind}`, body: paths });
      const list = member(reply.body, "data").get("capabilities") ?? member(reply.body, "data").get(cleanPath(path));
      const names: readonly Json[] = isJsonList(list) ? list : [];
      printData(context, names, () => `${names.map(goText).join(", ")}\n`);
    },
  }),
];

function createPath(flags: Flags): string {
  const role = flagText(flags, "role");
  if (role !== undefined) return `auth/token/create/${role}`;
  return flagSet(flags, "orphan") ? "auth/token/create-orphan" : "auth/token/create";
}

async function runRevoke(context: Context, args: readonly string[], flags: Flags): Promise<void> {
  const [token] = args;
  const self = flagSet(flags, "self");
  if (self === (token !== undefined)) throw new CommandError(1, "name a token, or give -self for your own");
  await context.api(revokeCall(token, flags));
  say(context, "Success! Revoked token (if it existed)");
}

function revokeCall(token: string | undefined, flags: Flags): ApiCall {
  const mode = flagText(flags, "mode");
  const call = { ...aboutToken("revoke", token, flags), method: "PUT" } as const;
  if (mode === undefined) return call;
  if (mode !== "orphan" && mode !== "path") throw new CommandError(1, `-mode can be orphan or path, not ${mode}`);
  if (token === undefined || flagSet(flags, "accessor")) {
    throw new CommandError(1, `-mode=${mode} needs ${mode === "path" ? "the path" : "the token itself"} as argument`);
  }
  if (mode === "path") return { method: "PUT", path: `sys/leases/revoke-prefix/${cleanPath(token)}` };
  return { ...call, path: "auth/token/revoke-orphan" };
}

interface TokenCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: ReadonlyMap<string, Json>;
}

function aboutToken(verb: string, token: string | undefined, flags: Flags): TokenCall {
  if (token === undefined) {
    if (flagSet(flags, "accessor")) throw new CommandError(1, "-accessor needs the accessor as argument");
    return { method: verb === "lookup" ? "GET" : "POST", path: `auth/token/${verb}-self`, body: new Map() };
  }
  if (flagSet(flags, "accessor")) {
    return { method: "POST", path: `auth/token/${verb}-accessor`, body: new Map([["accessor", token]]) };
  }
  return { method: "POST", path: `auth/token/${verb}`, body: new Map([["token", token]]) };
}

function readNewToken(flags: Flags): ReadonlyMap<string, Json> {
  const body = new Map<string, Json>();
  const policies = flagList(flags, "policy");
  if (policies.length > 0) body.set("policies", policies);
  const named = {
    ttl: "ttl",
    explicitMaxTtl: "explicit_max_ttl",
    period: "period",
    displayName: "display_name",
    id: "id",
    type: "type",
    entityAlias: "entity_alias",
  };
  for (const [flag, name] of Object.entries(named)) {
    const value = flagText(flags, flag);
    if (value !== undefined) body.set(name, value);
  }
  const uses = flagText(flags, "useLimit");
  if (uses !== undefined) {
    if (!/^\d{1,9}$/.test(uses)) throw new CommandError(1, `-use-limit takes a whole number, not ${uses}`);
    body.set("num_uses", new JsonNumber(String(Number(uses))));
  }
  const metadata = readPairs(flagList(flags, "metadata"));
  if (metadata.size > 0) body.set("meta", metadata);
  const renewable = flagChoice(flags, "renewable");
  if (renewable !== undefined) body.set("renewable", renewable);
  if (flags["defaultPolicy"] === false) body.set("no_default_policy", true);
  return body;
}
