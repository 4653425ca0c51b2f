/** kv rollback, enable-versioning. Source: Vault CLI documentation, "kv rollback", "kv enable-versioning". */
import { type Json, JsonNumber } from "../../../lib/wire/json.ts";
import { callOrNothing, member, nothingAt } from "../../context.ts";
import { mountPath } from "../../input/path.ts";
import { CommandError } from "../../io.ts";
import { say } from "../../output/print.ts";
import { command, flagText, type Spec } from "../register.ts";
import { apiPath, kvPath, needVersion2 } from "./mount.ts";
import { printWritten } from "./secret.ts";

export const kvUpkeepCommands: readonly Spec[] = [
  command({
    usage: "kv rollback <path>",
    about: "Writes an older version anew, unless somebody has written in between",
    flags: [
      ["--mount <path>", "the engine's mount; the path is then relative to it"],
      ["--version <number>", "the version to go back to"],
    ],
    run: async (context, [path = ""], flags) => {
      const version = flagText(flags, "version") ?? "";
      if (!/^[1-9]\d*$/.test(version))
        throw new CommandError(1, "Version flag must be specified and be a version number");
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv rollback");
      const api = apiPath(at, "data");
      const newest = await callOrNothing(context, { method: "GET", path: apiPath(at, "metadata"), ahead: true });
      const old = await callOrNothing(context, { method: "GET", path: api, query: { version }, ahead: true });
      if (newest === undefined || old === undefined) throw nothingAt(api);
      const cas = member(newest.body, "data").get("current_version") ?? new JsonNumber("0");
      const body = new Map<string, Json>([
        ["data", member(member(old.body, "data"), "data")],
        ["options", new Map([["cas", cas]])],
      ]);
      printWritten(context, at, (await context.api({ method: "PUT", path: api, body })).body);
    },
  }),
  command({
    usage: "kv enable-versioning <path>",
    about: "Makes a KV version 1 mount a version 2: its secrets become their first versions",
    run: async (context, [path = ""]) => {
      const mount = mountPath(path);
      const body = new Map<string, Json>([["options", new Map([["version", "2"]])]]);
      await context.api({ method: "POST", path: `sys/mounts/${mount}tune`, body });
      say(context, `Success! Tuned the secrets engine at: ${mount}`);
    },
  }),
];
