/**
 * patch, unwrap, path-help, version-history: single commands that belong to no group.
 * Source: Vault CLI documentation, pages of the same names.
 */
import { Secret } from "../../lib/secret.ts";
import { isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import { readToken } from "../connect/settings.ts";
import { type Context, callOrNothing, member, nothingAt, text } from "../context.ts";
import { readData } from "../input/data.ts";
import { cleanPath } from "../input/path.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { printAnswer, printData, printSecret } from "../output/print.ts";
import { sorted, table } from "../output/text.ts";
import { command, flagSet, type Spec } from "./register.ts";

export const moreCommands: readonly Spec[] = [
  command({
    usage: "patch <path> [data...]",
    about: "Changes some keys of what is at a path and keeps the others",
    flags: [
      ["--force", "patch without any data"],
      ["-f", "the same as -force"],
    ],
    run: async (context, [path = "", ...pairs], flags) => {
      const clean = cleanPath(path);
      if (pairs.length === 0 && !flagSet(flags, "force") && !flagSet(flags, "f")) {
        throw new CommandError(1, "Must supply data or use -force");
      }
      const reply = await context.api({ method: "PATCH", path: clean, body: await readData(pairs, context.io) });
      printAnswer(context, reply.body, `Success! Data written to: ${clean}`);
    },
  }),
  command({
    usage: "unwrap [token]",
    about: "Opens a wrapping token, once; without an argument the one you are logged in with",
    run: async (context, [given]) => {
      const { body } = await unwrapCall(
        context,
        given === "-" ? await typed(context, "Token (will be hidden): ") : given,
      );
      if (body === undefined) throw new CommandError(2, "Could not find wrapped response");
      printSecret(context, body);
    },
  }),
  command({
    usage: "path-help <path>",
    about: "Prints what the server says about a path",
    run: async (context, [path = ""]) => {
      const clean = cleanPath(path);
      const ask = (at: string) => callOrNothing(context, { method: "GET", path: at, query: { help: "1" } });
      // A mount's own help is behind its slash.
      const reply = (await ask(clean)) ?? (await ask(`${clean}/`));
      if (reply?.body === undefined) throw new CommandError(2, `No help found for ${clean}`);
      const { body } = reply;
      printData(context, body, () => `${text(body, "help").trimEnd()}\n`);
    },
  }),
  command({
    usage: "version-history",
    about: "Lists the versions that this server's storage has been opened with",
    run: async (context) => {
      const reply = await callOrNothing(context, { method: "LIST", path: "sys/version-history" });
      if (reply?.body === undefined) throw nothingAt("sys/version-history");
      const data = member(reply.body, "data");
      printData(context, data, () => versionTable(data));
    },
  }),
];

/** In the body when somebody is logged in, else as the caller's own: both are one use. */
async function unwrapCall(
  context: Context,
  given: string | undefined,
): Promise<{ readonly body: JsonMap | undefined }> {
  const call = { method: "PUT", path: "sys/wrapping/unwrap" } as const;
  if (given === undefined) return context.api(call);
  const token = new Secret(given.trim());
  const own = await readToken(context.io);
  if (own === undefined || own.equals(token)) return context.api({ ...call, token });
  return context.api({ ...call, body: new Map<string, Json>([["token", given.trim()]]) });
}

function versionTable(data: JsonMap): string {
  const rows = sorted(member(data, "key_info")).map(([version, value]) => {
    const info = isJsonMap(value) ? value : new Map<string, Json>();
    return [version, text(info, "timestamp_installed"), text(info, "build_date")];
  });
  return table([["Version", "Installation Time", "Build Date"], ...rows]);
}
