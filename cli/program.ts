/** The command line: from arguments to one command, its context and its exit code. */
import { Command, CommanderError, type Option } from "commander";
import { Fault } from "../lib/fault.ts";
import { auditCommands } from "./commands/audit.ts";
import { authHelpCommands } from "./commands/auth-help.ts";
import { awsCommands } from "./commands/aws.ts";
import { basicCommands } from "./commands/basic.ts";
import { generateRootCommands } from "./commands/generate-root.ts";
import { keyringCommands } from "./commands/keyring.ts";
import { kvSecretCommands } from "./commands/kv/secret.ts";
import { kvUpkeepCommands } from "./commands/kv/upkeep.ts";
import { kvVersionCommands } from "./commands/kv/versions.ts";
import { leaseCommands } from "./commands/lease.ts";
import { loginCommands } from "./commands/login.ts";
import { moreCommands } from "./commands/more.ts";
import { mountCommands } from "./commands/mounts.ts";
import { moveCommands } from "./commands/move.ts";
import { notHereCommands } from "./commands/not-here.ts";
import { operatorCommands } from "./commands/operator.ts";
import { pluginCommands } from "./commands/plugin.ts";
import { policyCommands } from "./commands/policy.ts";
import { policyExplainCommands } from "./commands/policy-explain.ts";
import { policyTextCommands } from "./commands/policy-text.ts";
import { printCommands } from "./commands/print-token.ts";
import { type Flags, register, type Spec } from "./commands/register.ts";
import { rekeyCommands } from "./commands/rekey.ts";
import { tokenCommands } from "./commands/token.ts";
import { type Api, ApiError, Wrapped } from "./connect/api.ts";
import { Preview } from "./connect/preview.ts";
import { readSettings, type Settings } from "./connect/settings.ts";
import { type FlagKind, normaliseArgv } from "./input/argv.ts";
import { CommandError, type Io } from "./io.ts";
import { printSecret } from "./output/print.ts";

const commands: readonly Spec[] = [
  ...basicCommands,
  ...kvSecretCommands,
  ...kvVersionCommands,
  ...kvUpkeepCommands,
  ...policyCommands,
  ...policyTextCommands,
  ...policyExplainCommands,
  ...tokenCommands,
  ...mountCommands,
  ...auditCommands,
  ...operatorCommands,
  ...rekeyCommands,
  ...generateRootCommands,
  ...keyringCommands,
  ...leaseCommands,
  ...loginCommands,
  ...authHelpCommands,
  ...moreCommands,
  ...moveCommands,
  ...pluginCommands,
  ...printCommands,
  ...awsCommands,
  ...notHereCommands,
];

const ABOUT: Readonly<Record<string, string>> = {
  kv: "Secrets with versions",
  "kv metadata": "A secret's versions and settings",
  policy: "What tokens may do",
  token: "Tokens",
  secrets: "Secrets engines",
  auth: "Auth methods",
  audit: "Audit devices",
  plugin: "What the server has built in",
  lease: "What ends by itself: tokens and secrets",
  print: "What the commands go by",
  operator: "The server's keys",
  aws: "Instances of the aws auth method",
};

/** Makes the connection that a command line asks for. Called once the flags are known. */
export type Connect = (settings: Settings) => Promise<Api>;

/**
 * @param argv without node and the script
 * @returns the exit code: 0, 1 for a command line that makes no sense, 2 when the server or the data said no
 */
export async function runCommand(argv: readonly string[], io: Io, connect: Connect, version: string): Promise<number> {
  const program = buildProgram(io, connect, version);
  try {
    await program.parseAsync(normaliseArgv(argv, kindsOf(program)), { from: "user" });
    return 0;
  } catch (error) {
    return report(error, io);
  }
}

function buildProgram(io: Io, connect: Connect, version: string): Command {
  const program = new Command("oksae")
    .enablePositionalOptions()
    .description("Secrets, in place. Programs: oksae server, oksae agent.");
  program.version(`oksae v${version}`, "-v, --version");
  const run = async (spec: Spec, args: readonly string[], flags: Flags): Promise<void> => {
    const settings = readSettings(flags, io.env);
    const field = flags["field"];
    const context = {
      io,
      api: await connect(settings),
      settings,
      field: typeof field === "string" ? field : undefined,
    };
    try {
      await spec.run(context, args, flags);
    } catch (error) {
      if (!(error instanceof Wrapped)) throw error;
      printSecret(context, error.body);
    }
  };
  for (const spec of commands) register(program, spec, run);
  forEachCommand(program, "", (command, name) => {
    if (command.description() === "") command.description(ABOUT[name] ?? "");
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err }).showHelpAfterError();
  });
  return program;
}

function forEachCommand(command: Command, name: string, visit: (command: Command, name: string) => void): void {
  visit(command, name);
  for (const below of command.commands) forEachCommand(below, `${name} ${below.name()}`.trim(), visit);
}

/** What takes a value in one command is read so in all. */
function kindsOf(program: Command): (name: string) => FlagKind {
  const all: Option[] = [];
  forEachCommand(program, "", ({ options }) => all.push(...options));
  const takesNone = (option: Option): boolean => option.isBoolean() || option.negate;
  const switches = new Set(["help", "version", ...all.filter(takesNone).flatMap(namesOf)]);
  const valued = new Set(all.filter((option) => !takesNone(option)).flatMap(namesOf));
  const choices = new Set(all.filter(({ negate }) => negate).map((option) => option.attributeName()));
  const positive = new Set(all.filter(({ negate }) => !negate).map((option) => option.attributeName()));
  return (name) => {
    if (!switches.has(name) || valued.has(name)) return "valued";
    const attribute = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return choices.has(attribute) && positive.has(attribute) ? "choice" : "switch";
  };
}

/** "detailed", "f"; without dashes. */
function namesOf({ long, short }: Option): readonly string[] {
  return [long, short].filter((name) => name !== undefined).map((name) => name.replace(/^--?/, ""));
}

function report(error: unknown, io: Io): number {
  if (error instanceof Preview) {
    io.out(error.text);
    return 0;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (error instanceof CommandError) {
    if (error.message !== "") io.err(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ApiError) {
    io.err(`${error.message}\n`);
    return 2;
  }
  if (error instanceof Fault) {
    io.err(`Error: ${error.message}\n`);
    return 1;
  }
  throw error;
}
