/** audit enable, disable, list. Source: Vault CLI documentation, "audit". */
import { isJsonMap, type Json } from "../../lib/wire/json.ts";
import { member, text } from "../context.ts";
import { readPairs } from "../input/data.ts";
import { mountPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { sortKeys } from "../output/format.ts";
import { printData, say } from "../output/print.ts";
import { goText, sorted, table } from "../output/text.ts";
import { command, flagSet, flagText, type Spec } from "./register.ts";

export const auditCommands: readonly Spec[] = [
  command({
    usage: "audit enable <type> [options...]",
    about: "Enables an audit device: file file_path=/var/log/oksae/audit.log",
    flags: [
      ["--path <path>", "its name; by default the type"],
      ["--description <text>", "what it is for"],
      ["--local", "accepted for scripts written for Vault: there is no replication"],
    ],
    run: async (context, [type = "", ...pairs], flags) => {
      const path = mountPath(flagText(flags, "path") ?? type);
      const body = new Map<string, Json>([
        ["type", type],
        ["description", flagText(flags, "description") ?? ""],
        ["options", readPairs(pairs)],
        ["local", flagSet(flags, "local")],
      ]);
      await context.api({ method: "PUT", path: `sys/audit/${path.slice(0, -1)}`, body });
      say(context, `Success! Enabled the ${type} audit device at: ${path}`);
    },
  }),
  command({
    usage: "audit disable <path>",
    about: "Disables an audit device; its file stays",
    run: async (context, [given = ""]) => {
      const path = mountPath(given);
      await context.api({ method: "DELETE", path: `sys/audit/${path.slice(0, -1)}` });
      say(context, `Success! Disabled audit device (if it was enabled) at: ${path}`);
    },
  }),
  command({
    usage: "audit list",
    about: "Lists the audit devices",
    flags: [["--detailed", "with their options"]],
    run: async (context, _args, flags) => {
      const reply = await context.api({ method: "GET", path: "sys/audit" });
      const devices = member(reply.body, "data");
      if (devices.size === 0) throw new CommandError(2, "No audit devices are enabled.");
      const detailed = flagSet(flags, "detailed");
      const rows = sorted(devices).map(([path, value]) => {
        const device = isJsonMap(value) ? value : new Map<string, Json>();
        const options = sorted(member(device, "options")).map(([name, option]) => `${name}=${goText(option)}`);
        const row = [path, text(device, "type"), text(device, "description")];
        const replication = device.get("local") === true ? "local" : "replicated";
        return detailed ? [...row, replication, options.join(" ")] : row;
      });
      const header = ["Path", "Type", "Description", ...(detailed ? ["Replication", "Options"] : [])];
      printData(context, sortKeys(devices), () => table([header, ...rows]));
    },
  }),
];
