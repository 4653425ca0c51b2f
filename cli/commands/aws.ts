/** aws unlock: lets one instance whose nonce is lost log in once more. */
import { type Json } from "../../lib/wire/json.ts";
import { mountPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { printSecret, say } from "../output/print.ts";
import { command, flagText, type Spec } from "./register.ts";

export const awsCommands: readonly Spec[] = [
  command({
    usage: "aws unlock <instance>",
    about: "Frees one instance for one login within 15 minutes (needs sudo, is audited)",
    flags: [
      ["--mount <path>", "of the aws auth method, below auth/ (aws)"],
      ["--account <id>", "where two accounts have an instance of this id"],
      ["--region <region>", "where two regions have an instance of this id"],
    ],
    run: async (context, [instance = ""], flags) => {
      if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(instance)) {
        throw new CommandError(1, `not an instance id: ${instance}: it looks like i-0123456789abcdef0`);
      }
      const mount = mountPath(flagText(flags, "mount") ?? "aws").replace(/^auth\//, "");
      const body = new Map<string, Json>();
      const account = flagText(flags, "account");
      if (account !== undefined) body.set("account_id", account);
      const region = flagText(flags, "region");
      if (region !== undefined) body.set("region", region);
      const reply = await context.api({ method: "POST", path: `auth/${mount}unlock/${instance}`, body });
      if (reply.body === undefined) say(context, `Success! ${instance} may log in once within 15 minutes`);
      else printSecret(context, reply.body);
    },
  }),
];
