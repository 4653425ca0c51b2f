/** operator init, unseal, seal; status. Source: Vault CLI documentation, pages of the same names. */

import { isJsonList, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import { ApiError } from "../connect/api.ts";
import { type Context, text } from "../context.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { sortKeys } from "../output/format.ts";
import { printData, say } from "../output/print.ts";
import { goText, keyValueTable } from "../output/text.ts";
import { number } from "./numbers.ts";
import { noPgp, PGP_KEYS } from "./pgp.ts";
import { command, type Flags, flagSet, flagText, type Spec } from "./register.ts";

export const operatorCommands: readonly Spec[] = [
  command({
    usage: "operator init",
    about: "Makes the keys of a new server; they are shown once",
    flags: [
      ["--key-shares <number>", "into how many shares the key is split (5)"],
      ["-n, --n <number>", "the same as -key-shares"],
      ["--key-threshold <number>", "how many of them open the server (3)"],
      ["-t, --t <number>", "the same as -key-threshold"],
      PGP_KEYS,
      ["--root-token-pgp-key <key>", "refused: there is no PGP here"],
      ["--recovery-shares <number>", "refused: the seal has no recovery keys"],
      ["--recovery-threshold <number>", "refused: the seal has no recovery keys"],
      ["--recovery-pgp-keys <keys>", "refused: the seal has no recovery keys"],
      ["--stored-shares <number>", "0 alone: shares are not stored"],
      ["--status", "tell only whether it is initialized: exit code 0, or 2 when not"],
    ],
    run: runInit,
  }),
  command({
    usage: "operator unseal [key]",
    about: "Gives one key share; at the threshold the server opens",
    flags: [
      ["--reset", "forget the shares given so far"],
      ["--migrate", "refused: there is one kind of seal"],
    ],
    run: async (context, [given], flags) => {
      if (flagSet(flags, "migrate"))
        throw new CommandError(1, "there is one kind of seal, shamir: nothing to -migrate");
      if (flagSet(flags, "reset")) {
        printStatus(context, await unsealCall(context, new Map([["reset", true]])));
        return;
      }
      const key = given === undefined || given === "-" ? await typed(context, "Unseal Key (will be hidden): ") : given;
      printStatus(context, await unsealCall(context, new Map([["key", key.trim()]])));
    },
  }),
  command({
    usage: "operator seal",
    about: "Seals the server: it forgets its keys and serves nothing until unsealed",
    run: async (context) => {
      await context.api({ method: "PUT", path: "sys/seal" });
      say(context, "Success! Vault is sealed.");
    },
  }),
  command({
    usage: "status",
    about: "Shows the server's state; exit code 0 when open, 2 when sealed, 1 when it does not answer",
    run: async (context) => {
      const reply = await context.api({ method: "GET", path: "sys/seal-status" }).catch((error: unknown) => {
        // 2 means sealed here: a server that does not answer must not look like one.
        throw error instanceof ApiError ? new CommandError(1, error.message) : error;
      });
      const body = reply.body ?? new Map<string, Json>();
      printStatus(context, body);
      if (text(body, "sealed") === "true") throw new CommandError(2, "");
    },
  }),
];

async function unsealCall(context: Context, body: ReadonlyMap<string, Json>): Promise<JsonMap> {
  return (await context.api({ method: "PUT", path: "sys/unseal", body })).body ?? new Map<string, Json>();
}

async function runInit(context: Context, _args: readonly string[], flags: Flags): Promise<void> {
  if (flagSet(flags, "status")) {
    const reply = await context.api({ method: "GET", path: "sys/init" });
    const done = reply.body?.get("initialized") === true;
    say(context, done ? "Vault is initialized" : "Vault is not initialized");
    if (!done) throw new CommandError(2, "");
    return;
  }
  refuse(flags);
  const shares = number(flags, ["keyShares", "n"], "-key-shares", "5");
  const threshold = number(flags, ["keyThreshold", "t"], "-key-threshold", "3");
  const body = new Map<string, Json>([
    ["secret_shares", new JsonNumber(shares)],
    ["secret_threshold", new JsonNumber(threshold)],
  ]);
  const reply = (await context.api({ method: "PUT", path: "sys/init", body })).body ?? new Map<string, Json>();
  printData(context, initOutput(reply, shares, threshold), () => initText(reply, shares, threshold));
}

function refuse(flags: Flags): void {
  if (["pgpKeys", "rootTokenPgpKey"].some((name) => flagText(flags, name) !== undefined)) {
    throw noPgp("hand each share to its holder yourself, and revoke the root token once it has done its work");
  }
  if (["recoveryShares", "recoveryThreshold", "recoveryPgpKeys"].some((name) => flagText(flags, name) !== undefined)) {
    throw new CommandError(
      1,
      "recovery keys belong to a seal that opens by itself: use -key-shares and -key-threshold",
    );
  }
  const stored = flagText(flags, "storedShares") ?? "0";
  if (stored !== "0") throw new CommandError(1, "key shares are not stored: -stored-shares can be 0 alone");
}

/** The members that `vault operator init -format=json` prints. */
function initOutput(reply: JsonMap, shares: string, threshold: string): JsonMap {
  return new Map<string, Json>([
    ["unseal_keys_b64", reply.get("keys_base64") ?? []],
    ["unseal_keys_hex", reply.get("keys") ?? []],
    ["unseal_shares", new JsonNumber(shares)],
    ["unseal_threshold", new JsonNumber(threshold)],
    ["recovery_keys_b64", []],
    ["recovery_keys_hex", []],
    ["recovery_keys_shares", new JsonNumber("0")],
    ["recovery_keys_threshold", new JsonNumber("0")],
    ["root_token", reply.get("root_token") ?? ""],
  ]);
}

function initText(reply: JsonMap, shares: string, threshold: string): string {
  const keys = reply.get("keys_base64");
  const lines = (isJsonList(keys) ? keys : []).map((key, i) => `Unseal Key ${String(i + 1)}: ${goText(key)}\n`);
  return `${lines.join("")}
Initial Root Token: ${text(reply, "root_token")}

Vault initialized with ${shares} key shares and a key threshold of ${threshold}. Please securely
distribute the key shares printed above. When the server is re-sealed, restarted,
or stopped, you must supply at least ${threshold} of these keys to unseal it before it can
start servicing requests.

The keys are not stored: without at least ${threshold} of them the server stays sealed for ever.
`;
}

function printStatus(context: Context, body: JsonMap): void {
  printData(context, sortKeys(body), () => {
    const rows: [string, string][] = [
      ["Seal Type", text(body, "type")],
      ["Initialized", text(body, "initialized")],
      ["Sealed", text(body, "sealed")],
      ["Total Shares", text(body, "n")],
      ["Threshold", text(body, "t")],
    ];
    if (text(body, "sealed") === "true") {
      rows.push(
        ["Unseal Progress", `${text(body, "progress")}/${text(body, "t")}`],
        ["Unseal Nonce", text(body, "nonce")],
      );
    }
    rows.push(["Version", text(body, "version")], ["Build Date", text(body, "build_date")]);
    rows.push(["Storage Type", text(body, "storage_type")]);
    if (body.has("cluster_name"))
      rows.push(["Cluster Name", text(body, "cluster_name")], ["Cluster ID", text(body, "cluster_id")]);
    rows.push(["HA Enabled", text(body, "ha_enabled") || "false"]);
    return keyValueTable(rows);
  });
}
