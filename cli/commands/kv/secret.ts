/** kv get, put, patch, list: a secret's newest or named version. Source: Vault CLI documentation, "kv". */
import { isJsonMap, type Json, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import { type Context, callOrNothing, member, nothingAt } from "../../context.ts";
import { readData } from "../../input/data.ts";
import { CommandError } from "../../io.ts";
import { printField, printKeys, printSecret, say } from "../../output/print.ts";
import { goText, keyValueTable, pathTitle, sectionTitle, sorted } from "../../output/text.ts";
import { command, type Flags, flagList, flagText, type Spec } from "../register.ts";
import { apiPath, type KvPath, kvPath, needVersion2 } from "./mount.ts";

const MOUNT = ["--mount <path>", "the engine's mount; the path is then relative to it"] as const;
const CAS = ["--cas <version>", "write only if this is the newest version (0: only if there is none)"] as const;

export const kvSecretCommands: readonly Spec[] = [
  command({
    usage: "kv get <path>",
    about: "Reads a secret",
    flags: [MOUNT, ["--version <number>", "this version instead of the newest"]],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      const version = flagText(flags, "version");
      const call = {
        method: "GET",
        path: apiPath(at, "data"),
        query: version === undefined ? {} : { version },
      } as const;
      const reply = await callOrNothing(context, call);
      if (reply?.body === undefined) throw nothingAt(apiPath(at, "data"));
      printVersion(context, at, reply.body);
    },
  }),
  command({
    usage: "kv put <path> [data...]",
    about: "Writes a secret; on version 2 as a new version",
    flags: [MOUNT, CAS],
    run: async (context, [path = "", ...pairs], flags) => {
      if (pairs.length === 0) throw new CommandError(1, "Must supply data");
      const at = await kvPath(context, path, flags);
      const data = await readData(pairs, context.io);
      const body = at.version === 2 ? withOptions(data, flags) : data;
      const reply = await context.api({ method: "PUT", path: apiPath(at, "data"), body });
      printWritten(context, at, reply.body);
    },
  }),
  command({
    usage: "kv patch <path> [data...]",
    about: "Changes some keys of a secret and keeps the others",
    flags: [
      MOUNT,
      CAS,
      ["--method <method>", "patch (one request, the default) or rw (read, then write)"],
      ["--remove-data <key>...", "remove this key"],
    ],
    run: runPatch,
  }),
  command({
    usage: "kv list <path>",
    about: "Lists the secrets and folders below a path",
    flags: [MOUNT],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      const api = apiPath(at, "metadata");
      printKeys(context, (await callOrNothing(context, { method: "LIST", path: api }))?.body, api);
    },
  }),
];

async function runPatch(context: Context, args: readonly string[], flags: Flags): Promise<void> {
  const [path = "", ...pairs] = args;
  const removed = flagList(flags, "removeData");
  if (pairs.length === 0 && removed.length === 0) throw new CommandError(1, "Must supply data");
  const at = await kvPath(context, path, flags);
  needVersion2(at, "kv patch");
  const change = new Map<string, Json>(await readData(pairs, context.io));
  for (const name of removed) change.set(name, null);
  const method = flagText(flags, "method") ?? "patch";
  if (method === "patch") await patch(context, at, withOptions(change, flags));
  else if (method === "rw") await readThenWrite(context, at, change);
  else throw new CommandError(1, `-method must be patch or rw, not ${method}`);
}

async function patch(context: Context, at: KvPath, body: JsonMap): Promise<void> {
  const reply = await callOrNothing(context, { method: "PATCH", path: apiPath(at, "data"), body });
  if (reply === undefined) throw nothingAt(apiPath(at, "data"));
  printWritten(context, at, reply.body);
}

/** For tokens that may read and update but not patch; `cas` makes a write in between an error instead of a loss. */
async function readThenWrite(context: Context, at: KvPath, change: JsonMap): Promise<void> {
  const path = apiPath(at, "data");
  const before = await callOrNothing(context, { method: "GET", path, ahead: true });
  if (before === undefined) throw nothingAt(path);
  const data = member(before.body, "data");
  const merged = new Map(member(data, "data"));
  for (const [name, value] of change) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  const cas = member(data, "metadata").get("version") ?? null;
  const body = new Map<string, Json>([
    ["data", merged],
    ["options", new Map([["cas", cas]])],
  ]);
  printWritten(context, at, (await context.api({ method: "PUT", path, body })).body);
}

function withOptions(data: JsonMap, flags: Flags): JsonMap {
  const options = new Map<string, Json>();
  const cas = flagText(flags, "cas");
  if (cas !== undefined) {
    if (!/^\d+$/.test(cas)) throw new CommandError(1, `-cas must be a version number, not ${cas}`);
    options.set("cas", new JsonNumber(cas));
  }
  return new Map<string, Json>([
    ["data", data],
    ["options", options],
  ]);
}

export function printWritten(context: Context, at: KvPath, body: JsonMap | undefined): void {
  if (body === undefined) {
    say(context, `Success! Data written to: ${apiPath(at, "data")}`);
    return;
  }
  printSecret(context, body, (reply) => `${pathLines(at)}${section("Metadata", member(reply, "data"))}`);
}

function printVersion(context: Context, at: KvPath, body: JsonMap): void {
  if (at.version === 1) {
    printSecret(context, body, (reply) => section("Data", member(reply, "data")));
    return;
  }
  const data = member(body, "data");
  if (!isJsonMap(data.get("data")) && context.field !== undefined) throw nothingAt(apiPath(at, "data"));
  if (context.field !== undefined) {
    printField(context, new Map([...member(data, "metadata"), ...member(data, "data")]), context.field);
    return;
  }
  printSecret(context, body, () => {
    const secret = data.get("data");
    const shown = isJsonMap(secret) ? `\n${section("Data", secret)}` : "";
    return `${pathLines(at)}${section("Metadata", member(data, "metadata"))}${shown}`;
  });
}

function pathLines(at: KvPath): string {
  const path = apiPath(at, "data");
  return `${pathTitle("Secret Path", path)}\n${path}\n\n`;
}

/** A titled table of one map. */
export function section(title: string, data: JsonMap): string {
  const rows = sorted(data).map(([name, value]) => [name, goText(value)] as const);
  return rows.length === 0 ? keyValueTable([]) : `${sectionTitle(title, data.keys())}\n${keyValueTable(rows)}`;
}
