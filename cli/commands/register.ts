/** The shape of a command in the table that main.ts reads, and the flags that all of them share. */
import { Command } from "commander";
import type { Context } from "../context.ts";

/** What an action is given: its positional arguments and its own flags, already in camel case. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export type Action = (context: Context, args: readonly string[], flags: Flags) => Promise<void>;

export interface Spec {
  /** "kv get <path>": words, then arguments in commander's notation. */
  readonly usage: string;
  readonly about: string;
  /**
   * [flag in commander's notation, about]; a flag that ends in "..." may be repeated, "--[no-]x" is true, false or not given.
   */
  readonly flags?: readonly (readonly [string, string])[];
  /** Not in the help, and takes any flag: it only says why there is no such command. */
  readonly hidden?: true;
  readonly run: Action;
}

/** Checks the shape of a table's row where it stands. */
export function command(spec: Spec): Spec {
  return spec;
}

const SHARED: readonly (readonly [string, string])[] = [
  ["--address <url>", "the server (OKSAE_ADDR, VAULT_ADDR)"],
  ["--agent-address <url>", "an agent in front of it (OKSAE_AGENT_ADDR)"],
  ["--format <format>", "table, json or yaml (OKSAE_FORMAT)"],
  ["--field <name>", "print this field alone"],
  ["--ca-cert <file>", "PEM of the CA that signed the server's certificate (OKSAE_CACERT)"],
  ["--ca-path <folder>", "folder of such files, where -ca-cert names none (OKSAE_CAPATH)"],
  ["--client-cert <file>", "PEM of a client certificate (OKSAE_CLIENT_CERT)"],
  ["--client-key <file>", "PEM of its key (OKSAE_CLIENT_KEY)"],
  ["--tls-server-name <name>", "the name expected in the server's certificate (OKSAE_TLS_SERVER_NAME)"],
  ["--tls-skip-verify", "do not check the server's certificate: anyone on the way can read everything"],
  ["--namespace <name>", "accepted when empty or root, for scripts written for Vault"],
  ["--ns <name>", "the same as -namespace"],
  ["--wrap-ttl <duration>", "have the reply wrapped in a single-use token that lives this long"],
  ["--header <pair>...", "Name=Value sent with the request, may be named again"],
  ["--output-curl-string", "print the call as a line for curl instead of making it"],
  ["--output-policy", "print the policy that allows the call instead of making it"],
  ["--non-interactive", "never ask on the terminal"],
];

/** Adds one command, and the groups above it, to the program. */
export function register(
  program: Command,
  spec: Spec,
  run: (spec: Spec, args: readonly string[], flags: Flags) => Promise<void>,
): void {
  const words = spec.usage.split(" ");
  const firstArgument = words.findIndex((word) => /^[<[]/.test(word));
  const names = firstArgument === -1 ? words : words.slice(0, firstArgument);
  const parent = names.slice(0, -1).reduce((above, name) => groupOf(above, name), program);
  const added = new Command(names.at(-1)).description(spec.about);
  if (firstArgument !== -1) added.arguments(words.slice(firstArgument).join(" "));
  for (const [flag, about] of [...(spec.flags ?? []), ...SHARED]) {
    if (flag.endsWith("...")) added.option(flag.slice(0, -3), about, collect);
    else if (flag.startsWith(CHOICE)) {
      const name = flag.slice(CHOICE.length);
      added.option(`--${name}`, about).option(`--no-${name}`, "the opposite, also as =false");
    } else added.option(flag, about);
  }
  if (spec.hidden === true) added.allowUnknownOption().helpOption(false);
  added.action(async () => {
    await run(spec, added.args, added.opts());
  });
  parent.addCommand(added, { hidden: spec.hidden === true });
}

const CHOICE = "--[no-]";

function groupOf(above: Command, name: string): Command {
  const found = above.commands.find((below) => below.name() === name);
  if (found !== undefined) return found;
  const group = new Command(name);
  above.addCommand(group);
  return group;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function flagText(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

export function flagList(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** undefined when neither "-x" nor "-x=false" is given. */
export function flagChoice(flags: Flags, name: string): boolean | undefined {
  const value = flags[name];
  return typeof value === "boolean" ? value : undefined;
}

export function flagSet(flags: Flags, name: string): boolean {
  return flags[name] === true;
}
