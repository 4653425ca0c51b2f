/**
 * The command line of `oksae server`, in Go's form as Vault takes it: -name value, -name=value, one dash or two.
 * Source: Vault's page "server" (commands).
 */
import { Fault } from "../lib/fault.ts";
import type { Level } from "../lib/log.ts";
import { Secret } from "../lib/secret.ts";

export interface DevFlags {
  /** undefined = a fresh one. */
  readonly rootToken: Secret | undefined;
  readonly listenAddress: string;
  /** Mount kv-v2 at secret/. */
  readonly kv: boolean;
}

export interface Flags {
  readonly help: boolean;
  /** Files and directories, in the order given. */
  readonly config: readonly string[];
  readonly dev: DevFlags | undefined;
  /** Over what the configuration says. */
  readonly logLevel: Level | undefined;
}

export const USAGE = `Usage: oksae server -config FILE|DIR [-config …] | -dev

  -config PATH                 a configuration file (HCL or JSON) or a directory of them; may be given more than once
  -log-level LEVEL             debug, info, warn or error
  -dev                         everything in memory, initialized, unsealed: for trying out, never for real secrets
  -dev-root-token-id ID        the root token of -dev
  -dev-listen-address ADDR     where -dev listens (127.0.0.1:8200)
  -dev-no-kv                   -dev without kv-v2 at secret/
`;

const VALUED = new Set(["config", "log-level", "dev-root-token-id", "dev-listen-address"]);
const SWITCHES = new Set(["dev", "dev-no-kv", "dev-no-store-token", "help", "h"]);
const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/**
 * @param args after the program's name; a leading "server" is dropped
 * @param env for OKSAE_DEV_… and VAULT_DEV_…, which flags win over
 * @throws Fault "invalid" naming the flag
 */
export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Flags {
  const given = readAll(args[0] === "server" ? args.slice(1) : args);
  const help = given.has("help") || given.has("h");
  const config = given.get("config") ?? [];
  if (!help && !given.has("dev") && config.length === 0) throw wrong("give -config FILE|DIR, or -dev to try it out");
  return {
    help,
    config,
    dev: given.has("dev") ? devFlags(given, env) : undefined,
    logLevel: levelOf(given.get("log-level")?.at(-1)),
  };
}

type Given = ReadonlyMap<string, readonly string[]>;

function devFlags(given: Given, env: Readonly<Record<string, string | undefined>>): DevFlags {
  const value = (flag: string, name: string): string | undefined =>
    given.get(flag)?.at(-1) ?? env[`OKSAE_${name}`] ?? env[`VAULT_${name}`];
  const rootToken = value("dev-root-token-id", "DEV_ROOT_TOKEN_ID") ?? "";
  return {
    rootToken: rootToken === "" ? undefined : new Secret(rootToken),
    listenAddress: value("dev-listen-address", "DEV_LISTEN_ADDRESS") ?? "127.0.0.1:8200",
    kv: !given.has("dev-no-kv"),
  };
}

function readAll(args: readonly string[]): Given {
  const out = new Map<string, string[]>();
  const rest = [...args.entries()];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const [, name = "", inline] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(next[1]) ?? [];
    const valued = VALUED.has(name);
    if (!valued && !SWITCHES.has(name)) throw wrong(`argument ${String(next[0] + 1)} is not known; see -help`);
    if (!valued && inline === "false") continue;
    out.set(name, [...(out.get(name) ?? []), inline ?? valueAfter(valued, name, rest)]);
  }
  return out;
}

function valueAfter(valued: boolean, name: string, rest: [number, string][]): string {
  if (!valued) return "true";
  const value = rest.shift()?.[1];
  if (value === undefined) throw wrong(`-${name} wants a value`);
  return value;
}

function levelOf(text: string | undefined): Level | undefined {
  if (text === undefined) return undefined;
  const level = LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined) throw wrong(`-log-level must be one of ${LEVELS.join(", ")}`);
  return level;
}

function wrong(message: string): Fault {
  return new Fault("invalid", message);
}
