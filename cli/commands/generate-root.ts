/**
 * operator generate-root: a new root token, made by a quorum of key shares. It comes encoded with a one-time password,
 * so that whoever gives the last share does not learn it. Source: Vault CLI documentation, "operator generate-root".
 */

import { randomText } from "../../lib/token-string.ts";
import { type Json, type JsonMap } from "../../lib/wire/json.ts";
import { type Context, text } from "../context.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { printData, say } from "../output/print.ts";
import { columns } from "../output/text.ts";
import { noPgp, PGP_KEY } from "./pgp.ts";
import { command, type Flags, flagSet, flagText, type Spec } from "./register.ts";

const ATTEMPT = "sys/generate-root/attempt";

export const generateRootCommands: readonly Spec[] = [
  command({
    usage: "operator generate-root [key]",
    about: "Makes a root token: begin with -init, then give key shares one by one, then -decode it",
    flags: [
      ["--init", "begin; prints the one-time password that decodes the token"],
      ["--cancel", "end the attempt under way (with -nonce, or as a token with sudo)"],
      ["--status", "show how far it has come"],
      ["--decode <text>", "with -otp: print the token that is in the encoded one"],
      ["--otp <text>", "the one-time password"],
      ["--generate-otp", "print a password that -init takes as -otp"],
      ["--nonce <nonce>", "of the attempt, as -init printed it"],
      PGP_KEY,
    ],
    run: generateRoot,
  }),
];

async function generateRoot(context: Context, args: readonly string[], flags: Flags): Promise<void> {
  if (flagText(flags, "pgpKey") !== undefined) throw noPgp("-otp protects the token");
  const encoded = flagText(flags, "decode");
  if (flagSet(flags, "generateOtp")) context.io.out(`${await makeOtp(context)}\n`);
  else if (encoded !== undefined) printToken(context, decodeToken(encoded, flagText(flags, "otp") ?? ""));
  else if (flagSet(flags, "init")) await begin(context, flagText(flags, "otp"));
  else if (flagSet(flags, "cancel")) await cancel(context, flagText(flags, "nonce"));
  else if (flagSet(flags, "status")) printStatus(context, await status(context));
  else await giveShare(context, args, flagText(flags, "nonce"));
}

async function status(context: Context): Promise<JsonMap> {
  return (await context.api({ method: "GET", path: ATTEMPT, ahead: true })).body ?? new Map<string, Json>();
}

/** As long as the server wants it. */
async function makeOtp(context: Context): Promise<string> {
  const length = Number(text(await status(context), "otp_length"));
  if (!Number.isInteger(length) || length < 16 || length > 128) {
    throw new CommandError(2, "the server does not say how long the one-time password must be");
  }
  return randomText(context.io.random, length);
}

async function begin(context: Context, otp: string | undefined): Promise<void> {
  const body = new Map<string, Json>(otp === undefined ? [] : [["otp", otp]]);
  printStatus(context, (await context.api({ method: "PUT", path: ATTEMPT, body })).body ?? new Map<string, Json>());
}

async function cancel(context: Context, nonce: string | undefined): Promise<void> {
  const query = nonce === undefined ? {} : { nonce };
  await context.api({ method: "DELETE", path: ATTEMPT, query });
  say(context, "Success! Root token generation canceled (if it was started)");
}

async function giveShare(context: Context, [given]: readonly string[], nonce: string | undefined): Promise<void> {
  const now = await status(context);
  if (now.get("started") !== true) {
    throw new CommandError(1, "No root generation is in progress. Start one with the -init flag.");
  }
  const known = nonce ?? text(now, "nonce");
  if (known === "") throw new CommandError(1, "give the attempt's -nonce, as -init printed it");
  const asked = `Operation nonce: ${known}\nUnseal Key (will be hidden): `;
  const key = given === undefined || given === "-" ? await typed(context, asked) : given;
  const body = new Map<string, Json>([
    ["key", key.trim()],
    ["nonce", known],
  ]);
  const reply = await context.api({ method: "PUT", path: "sys/generate-root/update", body });
  printStatus(context, reply.body ?? new Map<string, Json>());
}

/** XOR of the password with the base64 of `encoded`, padding or not. @throws CommandError 1 when the two do not belong together */
function decodeToken(encoded: string, otp: string): string {
  const bytes = Buffer.from(encoded.trim(), "base64");
  const pad = Buffer.from(otp.trim(), "utf8");
  if (bytes.length === 0 || bytes.length !== pad.length) {
    throw new CommandError(1, "-decode needs the -otp that -init printed: the two have different lengths");
  }
  return Buffer.from(bytes.map((byte, i) => byte ^ (pad[i] ?? 0))).toString("latin1");
}

function printToken(context: Context, token: string): void {
  printData(context, new Map([["token", token]]), () => `${token}\n`);
}

function printStatus(context: Context, body: JsonMap): void {
  printData(context, body, () => {
    const rows: [string, string][] = [
      ["Nonce", text(body, "nonce")],
      ["Started", text(body, "started")],
      ["Progress", `${text(body, "progress")}/${text(body, "required")}`],
      ["Complete", text(body, "complete")],
    ];
    for (const [title, name] of SHOWN) if (text(body, name) !== "") rows.push([title, text(body, name)]);
    const otp = text(body, "otp");
    return `${otp === "" ? "" : OTP_NOTE}${columns(rows)}`;
  });
}

const SHOWN = [
  ["OTP", "otp"],
  ["OTP Length", "otp_length"],
  ["Encoded Token", "encoded_token"],
] as const;

const OTP_NOTE = `A One-Time-Password has been generated for you and is shown in the OTP field.
You will need this value to decode the resulting root token, so keep it safe.
`;
