/** kv delete, undelete, destroy, metadata: what happens to versions. Source: Vault CLI documentation, "kv". */
import { isJsonMap, type Json, JsonNumber } from "../../../lib/wire/json.ts";
import { callOrNothing, member, nothingAt } from "../../context.ts";
import { readPairs } from "../../input/data.ts";
import { CommandError } from "../../io.ts";
import { printKeys, printSecret, say } from "../../output/print.ts";
import { pathTitle, sorted } from "../../output/text.ts";
import { command, type Flags, flagChoice, flagList, flagText, type Spec } from "../register.ts";
import { apiPath, kvPath, needVersion2 } from "./mount.ts";
import { section } from "./secret.ts";

const MOUNT = ["--mount <path>", "the engine's mount; the path is then relative to it"] as const;
const VERSIONS = ["--versions <numbers>...", "which versions, as 1,2 or named again for each"] as const;

export const kvVersionCommands: readonly Spec[] = [
  command({
    usage: "kv delete <path>",
    about: "Deletes the newest version, or those named; on version 2 they can come back",
    flags: [MOUNT, VERSIONS],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      const versions = readVersions(flags);
      if (versions.length === 0) await context.api({ method: "DELETE", path: apiPath(at, "data") });
      else {
        needVersion2(at, "kv delete -versions");
        await context.api({ method: "POST", path: apiPath(at, "delete"), body: new Map([["versions", versions]]) });
      }
      say(context, `Success! Data deleted (if it existed) at: ${apiPath(at, "data")}`);
    },
  }),
  ...(["undelete", "destroy"] as const).map(
    (verb): Spec =>
      command({
        usage: `kv ${verb} <path>`,
        about: verb === "undelete" ? "Brings deleted versions back" : "Removes versions for good",
        flags: [MOUNT, VERSIONS],
        run: async (context, [path = ""], flags) => {
          const versions = readVersions(flags);
          if (versions.length === 0)
            throw new CommandError(1, 'No versions provided, use the "-versions" flag to specify them');
          const at = await kvPath(context, path, flags);
          needVersion2(at, `kv ${verb}`);
          await context.api({ method: "PUT", path: apiPath(at, verb), body: new Map([["versions", versions]]) });
          say(context, `Success! Data written to: ${apiPath(at, verb)}`);
        },
      }),
  ),
  command({
    usage: "kv metadata get <path>",
    about: "Shows a secret's versions and settings",
    flags: [MOUNT],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv metadata get");
      const api = apiPath(at, "metadata");
      const reply = await callOrNothing(context, { method: "GET", path: api });
      if (reply?.body === undefined) throw nothingAt(api);
      printSecret(context, reply.body, (body) => {
        const data = new Map(member(body, "data"));
        const versions = member(body, "data").get("versions");
        data.delete("versions");
        const each = isJsonMap(versions) ? [...versions].sort(([a], [b]) => Number(a) - Number(b)) : [];
        const sections = each.map(
          ([number, version]) => `\n${section(`Version ${number}`, isJsonMap(version) ? version : new Map())}`,
        );
        return `${pathTitle("Metadata Path", api)}\n${api}\n\n${section("Metadata", data)}${sections.join("")}`;
      });
    },
  }),
  command({
    usage: "kv metadata put <path>",
    about: "Sets a secret's settings without writing a version",
    flags: [MOUNT, ...settingFlags()],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv metadata put");
      await context.api({ method: "PUT", path: apiPath(at, "metadata"), body: readMetadata(flags) });
      say(context, `Success! Data written to: ${apiPath(at, "metadata")}`);
    },
  }),
  command({
    usage: "kv metadata patch <path>",
    about: "Changes some of a secret's settings and keeps the others",
    flags: [MOUNT, ...settingFlags(), ["--remove-custom-metadata <key>...", "remove this key"]],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv metadata patch");
      const api = apiPath(at, "metadata");
      const reply = await callOrNothing(context, { method: "PATCH", path: api, body: readMetadata(flags) });
      if (reply === undefined) throw nothingAt(api);
      say(context, `Success! Data written to: ${api}`);
    },
  }),
  command({
    usage: "kv metadata delete <path>",
    about: "Deletes a secret with all its versions for good",
    flags: [MOUNT],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv metadata delete");
      await context.api({ method: "DELETE", path: apiPath(at, "metadata") });
      say(context, `Success! Data deleted (if it existed) at: ${apiPath(at, "metadata")}`);
    },
  }),
  command({
    usage: "kv metadata list <path>",
    about: "Lists the secrets and folders below a path",
    flags: [MOUNT],
    run: async (context, [path = ""], flags) => {
      const at = await kvPath(context, path, flags);
      needVersion2(at, "kv metadata list");
      const api = apiPath(at, "metadata");
      printKeys(context, (await callOrNothing(context, { method: "LIST", path: api }))?.body, api);
    },
  }),
];

function settingFlags(): readonly (readonly [string, string])[] {
  return [
    ["--max-versions <number>", "how many versions are kept (0: the engine's setting)"],
    ["--[no-]cas-required", "every write must name the version it follows"],
    ["--delete-version-after <duration>", "delete each version this long after it was written"],
    ["--custom-metadata <pair>...", "key=value, may be named again"],
  ];
}

function readMetadata(flags: Flags): ReadonlyMap<string, Json> {
  const body = new Map<string, Json>();
  const versions = flagText(flags, "maxVersions");
  if (versions !== undefined) body.set("max_versions", new JsonNumber(wholeNumber("-max-versions", versions)));
  const cas = flagChoice(flags, "casRequired");
  if (cas !== undefined) body.set("cas_required", cas);
  const after = flagText(flags, "deleteVersionAfter");
  if (after !== undefined) body.set("delete_version_after", after);
  const custom = new Map<string, Json>(sorted(readPairs(flagList(flags, "customMetadata"))));
  for (const name of flagList(flags, "removeCustomMetadata")) custom.set(name, null);
  if (custom.size > 0) body.set("custom_metadata", custom);
  return body;
}

function readVersions(flags: Flags): readonly JsonNumber[] {
  const texts = flagList(flags, "versions").flatMap((list) => list.split(","));
  return texts
    .filter((item) => item.trim() !== "")
    .map((item) => new JsonNumber(wholeNumber("-versions", item.trim())));
}

function wholeNumber(flag: string, value: string): string {
  if (!/^\d{1,15}$/.test(value)) throw new CommandError(1, `${flag} takes whole numbers, not ${value}`);
  return String(Number(value));
}
