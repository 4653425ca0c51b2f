/** plugin list: what the server has built in; there is nothing to register. Source: Vault CLI documentation, "plugin list". */
import { isJsonList, isJsonMap } from "../../lib/wire/json.ts";
import { member, text } from "../context.ts";
import { CommandError } from "../io.ts";
import { printData } from "../output/print.ts";
import { table } from "../output/text.ts";
import { command, flagSet, type Spec } from "./register.ts";

const TYPES = ["auth", "database", "secret"];

export const pluginCommands: readonly Spec[] = [
  command({
    usage: "plugin list [type]",
    about: "Lists the auth methods and secrets engines that the server has",
    flags: [["--detailed", "with whether each has a future"]],
    run: async (context, [type = ""], flags) => {
      if (!["", ...TYPES].includes(type))
        throw new CommandError(1, `the type must be ${TYPES.join(", ")}, not ${type}`);
      const full = flagSet(flags, "detailed");
      const { body } = await context.api({ method: "GET", path: "sys/plugins/catalog" });
      const detailed = member(body, "data").get("detailed");
      const all = (isJsonList(detailed) ? detailed : []).filter(isJsonMap);
      const shown = all.filter((one) => type === "" || text(one, "type") === type);
      const rows = shown.map((one) => {
        const row = [text(one, "name"), text(one, "type"), text(one, "version")];
        return full ? [...row, text(one, "deprecation_status")] : row;
      });
      const header = ["Name", "Type", "Version", ...(full ? ["Deprecation Status"] : [])];
      printData(context, shown, () => table([header, ...rows]));
    },
  }),
];
