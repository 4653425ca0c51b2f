/** The tables of `secrets list` and `auth list`. Source: Vault CLI documentation, "secrets list" and "auth list". */
import { isJsonMap, type JsonMap } from "../../lib/wire/json.ts";
import { type Context, member, text } from "../context.ts";
import { sortKeys } from "../output/format.ts";
import { printData } from "../output/print.ts";
import { sorted, table } from "../output/text.ts";

export type MountRoute = "sys/mounts" | "sys/auth";

type Column = readonly [title: string, cell: (path: string, mount: JsonMap) => string];

export async function listMounts(context: Context, route: MountRoute, detailed: boolean): Promise<void> {
  const mounts = member((await context.api({ method: "GET", path: route })).body, "data");
  const columns = detailed ? allColumns(route) : FEW;
  const rows = sorted(mounts).map(([path, value]) => {
    const mount: JsonMap = isJsonMap(value) ? value : new Map();
    return columns.map(([, cell]) => cell(path, mount));
  });
  printData(context, sortKeys(mounts), () => table([columns.map(([title]) => title), ...rows]));
}

const named =
  (name: string): Column[1] =>
  (_path, mount) =>
    mount.get(name) === null ? "" : text(mount, name);

const FEW: readonly Column[] = [
  ["Path", (path) => path],
  ["Type", named("type")],
  ["Accessor", named("accessor")],
  ["Description", named("description")],
];

function allColumns(route: MountRoute): readonly Column[] {
  const own: Column =
    route === "sys/auth"
      ? ["Token Type", (_path, mount) => text(member(mount, "config"), "token_type")]
      : ["Force No Cache", (_path, mount) => text(member(mount, "config"), "force_no_cache")];
  return [
    ["Path", (path) => path],
    ["Plugin", named("type")],
    ["Accessor", named("accessor")],
    ["Default TTL", (_path, mount) => lifetime(mount, "default_lease_ttl")],
    ["Max TTL", (_path, mount) => lifetime(mount, "max_lease_ttl")],
    own,
    ["Replication", (_path, mount) => (mount.get("local") === true ? "local" : "replicated")],
    ["Seal Wrap", named("seal_wrap")],
    ["External Entropy Access", named("external_entropy_access")],
    ["Options", (_path, mount) => (isJsonMap(mount.get("options")) ? text(mount, "options") : "map[]")],
    ["Description", named("description")],
    ["UUID", named("uuid")],
    ["Version", named("plugin_version")],
    ["Running Version", named("running_plugin_version")],
    ["Running SHA256", named("running_sha256")],
    ["Deprecation Status", named("deprecation_status")],
  ];
}

/** In seconds. */
function lifetime(mount: JsonMap, name: string): string {
  if (["system", "cubbyhole"].includes(text(mount, "type"))) return "";
  const seconds = text(member(mount, "config"), name);
  return seconds === "0" ? "system" : seconds;
}
