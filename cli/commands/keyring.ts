/** operator rotate, key-status, step-down, members. Source: Vault CLI documentation, pages of the same names. */
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import { type Context, member, text } from "../context.ts";
import { sortKeys } from "../output/format.ts";
import { printData, say } from "../output/print.ts";
import { table } from "../output/text.ts";
import { command, type Spec } from "./register.ts";

export const keyringCommands: readonly Spec[] = [
  command({
    usage: "operator rotate",
    about: "Makes a new key for what is written from now on; what was written stays readable",
    run: async (context) => {
      await context.api({ method: "PUT", path: "sys/rotate" });
      const status = await keyStatus(context);
      printData(context, status, () => `Success! Rotated key\n\n${statusLines(status)}`);
    },
  }),
  command({
    usage: "operator key-status",
    about: "Shows the newest key's term, when it was installed and how often it was used",
    run: async (context) => {
      const status = await keyStatus(context);
      printData(context, status, () => statusLines(status));
    },
  }),
  command({
    usage: "operator step-down",
    about: "Asks the active server to let another take over",
    run: async (context) => {
      await context.api({ method: "PUT", path: "sys/step-down" });
      say(context, `Success! Stepped down: ${context.settings.address}`);
    },
  }),
  command({
    usage: "operator members",
    about: "Lists the servers of this cluster",
    run: async (context) => {
      const { body = new Map<string, Json>() } = await context.api({ method: "GET", path: "sys/ha-status" });
      const data = member(body, "data");
      const nodes = data.get("nodes") ?? body.get("nodes");
      const rows = (isJsonList(nodes) ? nodes : []).map((node) => row(isJsonMap(node) ? node : new Map()));
      printData(context, sortKeys(data.size === 0 ? body : data), () => table([HEADER, ...rows]));
    },
  }),
];

const HEADER = ["Host Name", "API Address", "Cluster Address", "Active Node", "Version", "Last Echo"] as const;

function row(node: JsonMap): readonly string[] {
  const names = ["hostname", "api_address", "cluster_address", "active_node", "version", "last_echo"];
  return names.map((name) => (node.get(name) === null ? "" : text(node, name)));
}

async function keyStatus(context: Context): Promise<JsonMap> {
  const { body } = await context.api({ method: "GET", path: "sys/key-status" });
  return member(body, "data");
}

function statusLines(status: JsonMap): string {
  const rows = [
    ["Key Term", text(status, "term")],
    ["Install Time", text(status, "install_time")],
    ["Encryption Count", text(status, "encryptions")],
  ] as const;
  return rows.map(([title, value]) => `${title.padEnd(20)}${value}\n`).join("");
}
