/** lease lookup, renew, revoke. Source: Vault CLI documentation, "lease". */
import type { Json } from "../../lib/wire/json.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../io.ts";
import { printSecret, say } from "../output/print.ts";
import { command, type Flags, flagSet, flagText, type Spec } from "./register.ts";

export const leaseCommands: readonly Spec[] = [
  command({
    usage: "lease lookup <lease>",
    about: "Shows a lease: when it was issued and when it ends",
    run: async (context, [lease = ""]) => {
      const { body } = await context.api({ method: "PUT", path: "sys/leases/lookup", body: about(lease) });
      if (body !== undefined) printSecret(context, body);
    },
  }),
  command({
    usage: "lease renew <lease>",
    about: "Renews a lease",
    flags: [
      ["--increment <duration>", "ask for this much from now"],
      ["-i <duration>", "the same as -increment"],
    ],
    run: async (context, [lease = ""], flags) => {
      const sent = new Map(about(lease));
      const increment = flagText(flags, "increment") ?? flagText(flags, "i");
      if (increment !== undefined) sent.set("increment", increment);
      const { body } = await context.api({ method: "PUT", path: "sys/leases/renew", body: sent });
      if (body !== undefined) printSecret(context, body);
    },
  }),
  command({
    usage: "lease revoke <lease>",
    about: "Revokes a lease, or with -prefix all below a path",
    flags: [
      ["--prefix", "the argument is a prefix"],
      ["--force", "with -prefix: forget the leases even if their engine cannot undo them"],
      ["-f", "the same as -force"],
      ["--sync", "wait until it is done"],
    ],
    run: revoke,
  }),
];

function about(lease: string): ReadonlyMap<string, Json> {
  return new Map([["lease_id", lease.trim()]]);
}

async function revoke(context: Context, [given = ""]: readonly string[], flags: Flags): Promise<void> {
  const lease = given.trim().replace(/^\/+/, "");
  const prefix = flagSet(flags, "prefix");
  const force = flagSet(flags, "force") || flagSet(flags, "f");
  const sync = flagSet(flags, "sync");
  if (force && !prefix) throw new CommandError(1, "Specifying -force requires also specifying -prefix");
  if (force) {
    context.io.err(
      "Warning! Force-removing leases can cause the server to become out of sync with its secrets engines!\n",
    );
    await context.api({ method: "PUT", path: `sys/leases/revoke-force/${lease}` });
    say(context, `Success! Force revoked any leases with prefix: ${lease}`);
    return;
  }
  if (prefix) await context.api({ method: "PUT", path: `sys/leases/revoke-prefix/${lease}`, body: { sync } });
  else
    await context.api({ method: "PUT", path: "sys/leases/revoke", body: new Map([...about(lease), ["sync", sync]]) });
  if (!sync) say(context, "All revocation operations queued successfully!");
  else if (prefix) say(context, `Success! Revoked any leases with prefix: ${lease}`);
  else say(context, `Success! Revoked lease: ${lease}`);
}
