/**
 * operator rekey: new key shares, made by a quorum of the old. Whoever cancels it brings its nonce, or a token with sudo.
 * Source: Vault CLI documentation, "operator rekey"; API pages "/sys/rekey" and "/sys/rekey-recovery-key".
 */
import { isJsonList, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import { type Context, text } from "../context.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { printData, say } from "../output/print.ts";
import { goText, keyValueTable } from "../output/text.ts";
import { number } from "./numbers.ts";
import { noPgp, PGP_KEYS } from "./pgp.ts";
import { command, type Flags, flagSet, flagText, type Spec } from "./register.ts";

export const rekeyCommands: readonly Spec[] = [
  command({
    usage: "operator rekey [key]",
    about: "Makes new key shares: begin with -init, then give the old shares one by one",
    flags: [
      ["--init", "begin; no other rekey may be under way"],
      ["--cancel", "end the rekey under way (with -nonce, or as a token with sudo)"],
      ["--status", "show how far it has come"],
      ["--key-shares <number>", "with -init: into how many shares (5)"],
      ["-n, --n <number>", "the same as -key-shares"],
      ["--key-threshold <number>", "with -init: how many of them open the server (3)"],
      ["-t, --t <number>", "the same as -key-threshold"],
      ["--verify", "with -init: the new shares count only once they were given back; without: give them back"],
      ["--nonce <nonce>", "of the rekey, as -init printed it"],
      PGP_KEYS,
      ["--backup", "refused: shares are never stored"],
      ["--backup-retrieve", "refused: shares are never stored"],
      ["--backup-delete", "refused: shares are never stored"],
      ["--target <target>", "barrier (the default) or recovery"],
    ],
    run: rekey,
  }),
];

async function rekey(context: Context, args: readonly string[], flags: Flags): Promise<void> {
  refuse(flags);
  const base = baseOf(flags);
  const verifying = flagSet(flags, "verify") && !flagSet(flags, "init");
  const place = `${base}/${verifying ? "verify" : "init"}`;
  if (flagSet(flags, "init")) printStatus(context, await begin(context, base, flags));
  else if (flagSet(flags, "cancel")) {
    const nonce = flagText(flags, "nonce");
    const body = nonce === undefined ? {} : { body: new Map<string, Json>([["nonce", nonce]]) };
    await context.api({ method: "DELETE", path: place, query: nonce === undefined ? {} : { nonce }, ...body });
    say(context, "Success! Canceled rekeying (if it was started)");
  } else if (flagSet(flags, "status")) printStatus(context, await read(context, place));
  else await giveShare(context, args, { flags, base, place, verifying });
}

function refuse(flags: Flags): void {
  if (flagText(flags, "pgpKeys") !== undefined) throw noPgp("hand each share to its holder yourself");
  if (["backup", "backupRetrieve", "backupDelete"].some((name) => flagSet(flags, name))) {
    throw new CommandError(1, "new shares are shown once and never stored: there is no -backup");
  }
}

function baseOf(flags: Flags): string {
  const target = (flagText(flags, "target") ?? "barrier").toLowerCase();
  if (target === "barrier") return "sys/rekey";
  if (target === "recovery" || target === "hsm") return "sys/rekey-recovery-key";
  throw new CommandError(1, `-target must be barrier or recovery, not ${target}`);
}

async function begin(context: Context, base: string, flags: Flags): Promise<JsonMap> {
  const body = new Map<string, Json>([
    ["secret_shares", new JsonNumber(number(flags, ["keyShares", "n"], "-key-shares", "5"))],
    ["secret_threshold", new JsonNumber(number(flags, ["keyThreshold", "t"], "-key-threshold", "3"))],
    ["require_verification", flagSet(flags, "verify")],
  ]);
  const reply = await context.api({ method: "PUT", path: `${base}/init`, body });
  return reply.body ?? (await read(context, `${base}/init`));
}

async function read(context: Context, path: string): Promise<JsonMap> {
  return (await context.api({ method: "GET", path, ahead: true })).body ?? new Map<string, Json>();
}

interface Turn {
  readonly flags: Flags;
  readonly base: string;
  readonly place: string;
  readonly verifying: boolean;
}

async function giveShare(context: Context, [given]: readonly string[], turn: Turn): Promise<void> {
  const status = await read(context, turn.place);
  if (status.get("started") !== true && !turn.verifying) {
    throw new CommandError(1, "No rekey is in progress. Start a rekey process by specifying the -init flag.");
  }
  const nonce = flagText(turn.flags, "nonce") ?? text(status, "nonce");
  if (nonce === "") throw new CommandError(1, "give the rekey's -nonce, as -init printed it");
  const asked = `Rekey operation nonce: ${nonce}\nUnseal Key (will be hidden): `;
  const key = given === undefined || given === "-" ? await typed(context, asked) : given;
  const body = new Map<string, Json>([
    ["key", key.trim()],
    ["nonce", nonce],
  ]);
  const path = `${turn.base}/${turn.verifying ? "verify" : "update"}`;
  const reply = (await context.api({ method: "PUT", path, body })).body ?? new Map<string, Json>();
  await showTurn(context, turn, { status, reply });
}

interface Taken {
  /** Before the share. */
  readonly status: JsonMap;
  readonly reply: JsonMap;
}

async function showTurn(context: Context, turn: Turn, { status, reply }: Taken): Promise<void> {
  if (reply.get("complete") !== true) printStatus(context, await read(context, turn.place));
  else if (turn.verifying) say(context, VERIFIED);
  else printData(context, reply, () => newKeys(reply, status));
}

const VERIFIED = `Success! The new key shares have been verified. From now on they open the server,
the old ones no longer do.`;

function newKeys(reply: JsonMap, status: JsonMap): string {
  const keys = reply.get("keys_base64");
  const lines = (isJsonList(keys) ? keys : []).map((key, i) => `Key ${String(i + 1)}: ${goText(key)}\n`).join("");
  const [shares, threshold] = [text(status, "n"), text(status, "t")];
  const head = `\n${lines}\nOperation nonce: ${text(reply, "nonce")}\n`;
  if (reply.get("verification_required") === true) {
    return `${head}
The server has made a new key, split into ${shares} key shares with a threshold of ${threshold}. They do
not count yet: give ${threshold} of them back with "oksae operator rekey -verify". Until then the old ones
open the server.

Verification nonce: ${text(reply, "verification_nonce")}
`;
  }
  return `${head}
Vault unseal keys rekeyed with ${shares} key shares and a key threshold of ${threshold}. Please
securely distribute the key shares printed above. When the server is re-sealed, restarted,
or stopped, you must supply at least ${threshold} of these keys to unseal it before it can
start servicing requests.
`;
}

function printStatus(context: Context, status: JsonMap): void {
  printData(context, status, () => keyValueTable(status.has("required") ? rekeyRows(status) : verifyRows(status)));
}

function rekeyRows(status: JsonMap): readonly (readonly [string, string])[] {
  const rows = [
    ["Nonce", text(status, "nonce")],
    ["Started", text(status, "started")],
  ] as const;
  if (status.get("started") !== true) return rows;
  const [progress, required] = [text(status, "progress"), text(status, "required")];
  const verifying = text(status, "verification_nonce");
  return [
    ...rows,
    ["Rekey Progress", `${progress}/${required}${verifying === "" ? "" : " (verification in progress)"}`],
    ["New Shares", text(status, "n")],
    ["New Threshold", text(status, "t")],
    ["Verification Required", text(status, "verification_required")],
    ...(verifying === "" ? [] : [["Verification Nonce", verifying] as const]),
  ];
}

/** Of new shares that are given back. */
function verifyRows(status: JsonMap): readonly (readonly [string, string])[] {
  return [
    ["Started", text(status, "started")],
    ["New Shares", text(status, "n")],
    ["New Threshold", text(status, "t")],
    ["Verification Nonce", text(status, "nonce")],
    ["Verification Progress", `${text(status, "progress")}/${text(status, "t")}`],
  ];
}
