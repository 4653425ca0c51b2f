/** read, write, list, delete: the commands that take any path. Source: Vault CLI documentation, pages of the same names. */
import { ApiError } from "../connect/api.ts";
import { type Context, callOrNothing, nothingAt } from "../context.ts";
import { readData, readPairs } from "../input/data.ts";
import { cleanPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { printAnswer, printKeyInfo, printKeys, printSecret } from "../output/print.ts";
import { kvMountOf } from "./kv/mount.ts";
import { command, flagSet, type Spec } from "./register.ts";

export const basicCommands: readonly Spec[] = [
  command({
    usage: "read <path> [parameters...]",
    about: "Reads data: any path of the API that can be read",
    run: async (context, [path = "", ...pairs]) => {
      const clean = cleanPath(path);
      const query = Object.fromEntries(readPairs(pairs));
      const reply = await context.api({ method: "GET", path: clean, query }).catch(async (error: unknown) => {
        throw await withKvHint(context, clean, error);
      });
      if (reply.body === undefined) throw nothingAt(clean);
      printSecret(context, reply.body);
    },
  }),
  command({
    usage: "write <path> [data...]",
    about: "Writes data: key=value, key=@file, key=- or a JSON object from @file or -",
    flags: [
      ["--force", "write without any data"],
      ["-f", "the same as -force"],
    ],
    run: async (context, [path = "", ...pairs], flags) => {
      const clean = cleanPath(path);
      if (pairs.length === 0 && !flagSet(flags, "force") && !flagSet(flags, "f")) {
        throw new CommandError(1, "Must supply data or use -force");
      }
      const reply = await context.api({ method: "PUT", path: clean, body: await readData(pairs, context.io) });
      printAnswer(context, reply.body, `Success! Data written to: ${clean}`);
    },
  }),
  command({
    usage: "list <path>",
    about: "Lists the names below a path",
    flags: [["--detailed", "with what else the reply tells of each"]],
    run: async (context, [path = ""], flags) => {
      const clean = cleanPath(path);
      const reply = await callOrNothing(context, { method: "LIST", path: clean });
      if (flagSet(flags, "detailed")) printKeyInfo(context, reply?.body, clean);
      else printKeys(context, reply?.body, clean);
    },
  }),
  command({
    usage: "delete <path> [parameters...]",
    about: "Deletes what is at a path",
    run: async (context, [path = "", ...pairs]) => {
      const clean = cleanPath(path);
      const query = Object.fromEntries(readPairs(pairs));
      const reply = await context.api({ method: "DELETE", path: clean, query });
      printAnswer(context, reply.body, `Success! Data deleted (if it existed) at: ${clean}`);
    },
  }),
];

/** On KV version 2 a secret is not at the path people know: say which command reads it. */
async function withKvHint(context: Context, path: string, error: unknown): Promise<unknown> {
  if (!(error instanceof ApiError) || ![403, 404, 405].includes(error.status)) return error;
  const plain = error.status === 404 ? nothingAt(path) : error;
  const mount = await kvMountOf(context, path).catch(() => undefined);
  if (mount?.version !== 2 || /^(data|metadata|config|subkeys)(\/|$)/.test(path.slice(mount.path.length))) return plain;
  const hint = `${mount.path} is a KV version 2 engine: "oksae kv get ${path}" reads a secret`;
  return new CommandError(2, `${plain.message}\n\n${hint}`);
}
