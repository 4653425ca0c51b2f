/** plugin list: what the server has built in; there is nothing to register. Source: Vault CLI documentation, "plugin list". */
import { isJsonList, isJsonMap } from "../../lib/wire/json.ts";
import { member, text } from "../context.ts";
import { printData } from "../output/print.ts";
import { table } from "../output/text.ts";
import { command, type Spec } from "./register.ts";

export const pluginCommands: readonly Spec[] = [
  command({
    usage: "plugin list [type]",
    about: "Lists the auth methods and secrets engines that the server has",
    flags: [["--detailed", "with the kind of each"]],
    run: async (context, [type = ""]) => {
      const { body } = await context.api({ method: "GET", path: "sys/plugins/catalog" });
      const detailed = member(body, "data").get("detailed");
      const all = (isJsonList(detailed) ? detailed : []).filter(isJsonMap);
      const shown = all.filter((one) => type === "" || text(one, "type") === type);
      const rows = shown.map((one) => [text(one, "name"), text(one, "type"), text(one, "version") || "n/a"]);
      printData(context, shown, () => table([["Name", "Type", "Version"], ...rows]));
    },
  }),
];
