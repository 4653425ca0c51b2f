/** auth help: how people log in with a method, and what it takes. Source: Vault CLI documentation, "auth help". */
import { isJsonMap } from "../../lib/wire/json.ts";
import { type Context, member, text } from "../context.ts";
import { mountPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { LOGIN_METHODS } from "./login-methods.ts";
import { command, type Spec } from "./register.ts";

export const authHelpCommands: readonly Spec[] = [
  command({
    usage: "auth help <method>",
    about: "Tells how to log in with a method, or with what is mounted at a path",
    run: async (context, [given = ""]) => {
      const known = helpOf(given, given);
      // A name that is no method's is a path, which only the server knows.
      const help = known ?? (await ofPath(context, mountPath(given).replace(/^auth\//, "")));
      context.io.out(help);
    },
  }),
];

async function ofPath(context: Context, path: string): Promise<string> {
  const { body } = await context.api({ method: "GET", path: "sys/auth", bare: true });
  const mount = member(body, "data").get(path);
  if (!isJsonMap(mount)) throw new CommandError(1, `No auth method found at "${path.slice(0, -1)}"`);
  const type = text(mount, "type");
  const help = helpOf(type, path.slice(0, -1));
  if (help === undefined)
    throw new CommandError(1, `no login from the command line for ${type}: see "oksae path-help auth/${path}login"`);
  return help;
}

function helpOf(type: string, path: string): string | undefined {
  if (type === "token") return TOKEN;
  const method = LOGIN_METHODS.get(type);
  if (method === undefined) return undefined;
  const where = path === type ? "" : ` -path=${path}`;
  const lines = method.takes.map(([name, about]) => `  ${name}\n      ${about}\n`);
  return `Usage: oksae login -method=${type}${where} [CONFIG K=V...]\n\nConfiguration:\n\n${lines.join("\n")}`;
}

const TOKEN = `Usage: oksae login [TOKEN]

Without an argument, or as -, the token is asked for, or read from standard input.
`;
