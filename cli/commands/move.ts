/**
 * secrets move, auth move: the mount goes to another path with all its data. The server does it in the background and
 * tells how far it is. Source: Vault CLI documentation, "secrets move", "auth move"; API page "/sys/remount".
 */
import type { Json } from "../../lib/wire/json.ts";
import { type Context, member, text } from "../context.ts";
import { mountPath } from "../input/path.ts";
import { CommandError } from "../io.ts";
import { say } from "../output/print.ts";
import { command, type Spec } from "./register.ts";

const PAUSE = 500;
/** Ten minutes: what takes longer goes on without us. */
const TURNS = 1200;

export const moveCommands: readonly Spec[] = [
  command({
    usage: "secrets move <from> <to>",
    about: "Moves a secrets engine to another path; leases of its secrets are revoked",
    run: (context, [from = "", to = ""]) => move(context, mountPath(from), mountPath(to), "secrets engine"),
  }),
  command({
    usage: "auth move <from> <to>",
    about: "Moves an auth method to another path; tokens of its logins are revoked",
    run: (context, [from = "", to = ""]) => move(context, authPath(from), authPath(to), "auth method"),
  }),
];

function authPath(path: string): string {
  return `auth/${mountPath(path).replace(/^auth\//, "")}`;
}

async function move(context: Context, from: string, to: string, noun: string): Promise<void> {
  const body = new Map<string, Json>([
    ["from", from],
    ["to", to],
  ]);
  const reply = await context.api({ method: "POST", path: "sys/remount", body, bare: true });
  const id = text(member(reply.body, "data"), "migration_id") || text(reply.body, "migration_id");
  say(context, `Started moving ${noun} ${from} to ${to}, with migration ID ${id}`);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const { body: found } = await context.api({ method: "GET", path: `sys/remount/status/${id}`, bare: true });
    const status = text(member(member(found, "data"), "migration_info"), "status");
    if (status === "success") {
      say(context, `Success! Finished moving ${noun} ${from} to ${to}, with migration ID ${id}`);
      return;
    }
    if (status !== "in-progress")
      throw new CommandError(2, `moving ${from} to ${to} ended as "${status}": the server's log says why`);
    await context.io.clock.sleep(PAUSE, AbortSignal.any([]));
  }
  throw new CommandError(2, `moving ${from} to ${to} goes on: look at sys/remount/status/${id}`);
}
