/** policy list, read, write, delete. Source: Vault CLI documentation, "policy". */
import { isJsonList, type Json } from "../../lib/wire/json.ts";
import { callOrNothing, member, text } from "../context.ts";
import { CommandError } from "../io.ts";
import { printData, say } from "../output/print.ts";
import { goText } from "../output/text.ts";
import { command, type Spec } from "./register.ts";

export const policyCommands: readonly Spec[] = [
  command({
    usage: "policy list",
    about: "Lists the policies",
    run: async (context) => {
      const reply = await context.api({ method: "LIST", path: "sys/policies/acl" });
      const keys = member(reply.body, "data").get("keys");
      const names: readonly Json[] = isJsonList(keys) ? keys : [];
      printData(context, names, () => names.map((name) => `${goText(name)}\n`).join(""));
    },
  }),
  command({
    usage: "policy read <name>",
    about: "Prints a policy as it was written",
    run: async (context, [given = ""]) => {
      const name = policyName(given);
      const reply = await callOrNothing(context, { method: "GET", path: `sys/policies/acl/${name}` });
      if (reply === undefined) throw new CommandError(2, `No policy named: ${name}`);
      const policy = text(member(reply.body, "data"), "policy");
      printData(context, new Map([["policy", policy]]), () => (policy.endsWith("\n") ? policy : `${policy}\n`));
    },
  }),
  command({
    usage: "policy write <name> <file>",
    about: "Writes a policy from a file, or from standard input as -",
    run: async (context, [given = "", file = ""]) => {
      const name = policyName(given);
      const policy = file === "-" ? await context.io.stdin() : await context.io.readFile(file);
      await context.api({ method: "PUT", path: `sys/policies/acl/${name}`, body: new Map([["policy", policy]]) });
      say(context, `Success! Uploaded policy: ${name}`);
    },
  }),
  command({
    usage: "policy delete <name>",
    about: "Deletes a policy; tokens that name it lose what it gave",
    run: async (context, [given = ""]) => {
      const name = policyName(given);
      await context.api({ method: "DELETE", path: `sys/policies/acl/${name}` });
      say(context, `Success! Deleted policy: ${name}`);
    },
  }),
];

function policyName(given: string): string {
  const name = given.trim().toLowerCase();
  if (name === "" || name.includes("/")) throw new CommandError(1, `not a policy name: ${JSON.stringify(given)}`);
  return name;
}
