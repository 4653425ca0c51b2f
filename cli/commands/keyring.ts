/** operator rotate, key-status, step-down, members. Source: Vault CLI documentation, pages of the same names. */
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import { type Context, member, text } from "../context.ts";
import { sortKeys } from "../output/format.ts";
import { printData, say } from "../output/print.ts";
import { columns, table } from "../output/text.ts";
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
  const { body } = await context.api({ method: "GET", path: "sys/key-status", bare: true });
  return member(body, "data");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "02 Jan 26 15:04 UTC", as Vault shows this one time; what is no UTC time stays as it is. */
function rfc822(time: string): string {
  const [, year, month, day, clock] = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d:\d\d):.*Z$/.exec(time) ?? [];
  if (year === undefined || day === undefined || clock === undefined) return time;
  return `${day} ${MONTHS[Number(month) - 1] ?? ""} ${year} ${clock} UTC`;
}

function statusLines(status: JsonMap): string {
  const rows = [
    ["Key Term", text(status, "term")],
    ["Install Time", rfc822(text(status, "install_time"))],
    ["Encryption Count", text(status, "encryptions")],
  ] as const;
  return columns(rows);
}
