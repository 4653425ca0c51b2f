/** The agent's command line, in Vault's manner: one dash or two, a value after "=" or as the next word. */
import { Fault } from "../lib/fault.ts";

export const COMMANDS = ["run", "validate", "status", "doctor", "help"] as const;
export type Command = (typeof COMMANDS)[number];

export interface Arguments {
  readonly command: Command;
  /** Files and folders, in the order given. */
  readonly config: readonly string[];
  readonly exitAfterAuth: boolean;
  readonly logLevel: string | undefined;
  readonly logFormat: string | undefined;
}

const DEFAULT_CONFIG = "/etc/oksae/agent.d";

export const USAGE = `usage: oksae agent [validate | status | doctor] [-config FILE|DIR]…

  oksae agent            keeps this machine's secrets in place, until it is stopped
  oksae agent validate   checks the configuration, without a server and without a metadata service
  oksae agent status     what is in place and what is wrong; exit 1 when something is
  oksae agent doctor     checks everything the agent needs, one line each, with the fix; exit 1 when something fails

  -config FILE|DIR       may be repeated; default ${DEFAULT_CONFIG}
  -exit-after-auth       place everything once, then exit 0
  -log-level LEVEL       debug, info, warn or error
  -log-format FORMAT     text or json
`;

const WITH_VALUE = new Set(["config", "log-level", "log-format"]);
const WITHOUT_VALUE = new Set(["exit-after-auth", "help", "h"]);

/** @param words what follows `oksae agent` @throws Fault "invalid" naming the word that is not understood */
export function parseArguments(words: readonly string[]): Arguments {
  const [first = "", ...rest] = words;
  const command = first.startsWith("-") || first === "" ? "run" : commandOf(first);
  const flags = parseFlags(command === "run" ? words : rest);
  const config = flags.get("config") ?? [];
  return {
    command: flags.has("help") || flags.has("h") ? "help" : command,
    config: config.length === 0 ? [DEFAULT_CONFIG] : config,
    exitAfterAuth: booleanOf("exit-after-auth", flags.get("exit-after-auth")?.at(-1)),
    logLevel: flags.get("log-level")?.at(-1),
    logFormat: flags.get("log-format")?.at(-1),
  };
}

/** @returns each flag's values in order; "true" for one of the flags that need none */
function parseFlags(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const flags = new Map<string, string[]>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    const flag = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word);
    if (flag === null)
      throw new Fault("invalid", `unexpected word ${JSON.stringify(word)}: commands come before flags`);
    const [, name = "", inline] = flag;
    if (inline === undefined && WITH_VALUE.has(name)) i += 1;
    flags.set(name, [...(flags.get(name) ?? []), valueOf(name, inline, words[i])]);
  }
  return flags;
}

function valueOf(name: string, inline: string | undefined, next: string | undefined): string {
  if (WITHOUT_VALUE.has(name)) return inline ?? "true";
  if (!WITH_VALUE.has(name)) throw new Fault("invalid", `unknown flag -${name}: see oksae agent -help`);
  const value = inline ?? next;
  if (value === undefined || value === "") throw new Fault("invalid", `-${name} needs a value`);
  return value;
}

function commandOf(word: string): Command {
  const command = COMMANDS.find((name) => name === word);
  if (command !== undefined && command !== "run") return command;
  throw new Fault("invalid", `unknown command ${JSON.stringify(word)}: use validate, status or doctor`);
}

function booleanOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw new Fault("invalid", `-${name} must be true or false`);
}
