/**
 * Where the server is and how to speak to it: flags first, then OKSAE_*, then VAULT_* variables, then defaults.
 * Source: Vault CLI documentation, "Environment variables".
 */

import { parseDuration } from "../../lib/duration.ts";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";
import type { Io } from "../io.ts";
import { CommandError } from "../io.ts";
import { type Format, isFormat } from "../output/format.ts";

/** Flags that every command that speaks to a server takes. */
export interface GlobalFlags {
  readonly address?: string;
  readonly agentAddress?: string;
  readonly format?: string;
  readonly field?: string;
  readonly caCert?: string;
  readonly caPath?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly tlsServerName?: string;
  readonly tlsSkipVerify?: boolean;
  readonly namespace?: string;
  readonly ns?: string;
  readonly wrapTtl?: string;
  readonly header?: readonly string[];
  readonly outputCurlString?: boolean;
  readonly outputPolicy?: boolean;
  readonly nonInteractive?: boolean;
}

export interface Settings {
  readonly address: string;
  readonly format: Format;
  readonly caCert: string | undefined;
  /** A folder of PEM files; caCert goes before it. */
  readonly caPath: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly tlsServerName: string | undefined;
  readonly tlsSkipVerify: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** How often a read that failed for the moment is sent again. */
  readonly retries: number;
  readonly wrapTtl: number | undefined;
  /** Beside the client's own, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Show the call instead of making it. */
  readonly preview: "curl" | "policy" | undefined;
  /** Never ask on the terminal. */
  readonly nonInteractive: boolean;
}

const DEFAULT_ADDRESS = "https://127.0.0.1:8200";
const DEFAULT_TIMEOUT = 60_000;

/** @returns the value of OKSAE_<name>, else of VAULT_<name>; empty counts as unset */
function variable(env: Io["env"], name: string): string | undefined {
  const own = env[`OKSAE_${name}`];
  const vaults = own === undefined || own === "" ? env[`VAULT_${name}`] : own;
  return vaults === "" ? undefined : vaults;
}

/** @throws CommandError 1 naming the flag or variable that makes no sense */
export function readSettings(flags: GlobalFlags, env: Io["env"]): Settings {
  refuseNamespace(flags.namespace ?? flags.ns ?? variable(env, "NAMESPACE"));
  const given = (flag: string | undefined, name: string): string | undefined => flag ?? variable(env, name);
  return {
    address: addressOf(flags, env),
    format: readFormat(given(flags.format, "FORMAT") ?? "table"),
    caCert: given(flags.caCert, "CACERT"),
    caPath: given(flags.caPath, "CAPATH"),
    clientCert: given(flags.clientCert, "CLIENT_CERT"),
    clientKey: given(flags.clientKey, "CLIENT_KEY"),
    tlsServerName: given(flags.tlsServerName, "TLS_SERVER_NAME"),
    tlsSkipVerify: flags.tlsSkipVerify ?? /^(1|t|true)$/i.test(variable(env, "SKIP_VERIFY") ?? ""),
    timeout: duration("CLIENT_TIMEOUT", variable(env, "CLIENT_TIMEOUT")) ?? DEFAULT_TIMEOUT,
    retries: retriesOf(variable(env, "MAX_RETRIES")),
    wrapTtl: duration("-wrap-ttl", given(flags.wrapTtl, "WRAP_TTL")),
    headers: readHeaders(flags.header ?? []),
    preview: previewOf(flags),
    nonInteractive: flags.nonInteractive === true,
  };
}

/** An agent is asked before the server, unless the flag names the server. */
function addressOf({ address, agentAddress }: GlobalFlags, env: Io["env"]): string {
  return agentAddress ?? address ?? variable(env, "AGENT_ADDR") ?? variable(env, "ADDR") ?? DEFAULT_ADDRESS;
}

const MOST_RETRIES = 100;

/** None unless asked for, as Vault's command line; 0 and below mean none. */
function retriesOf(text = "0"): number {
  const value = Number(text.trim());
  if (/^[+-]?\d{1,9}$/.test(text.trim())) return Math.min(MOST_RETRIES, Math.max(0, value));
  throw new CommandError(1, `MAX_RETRIES takes a whole number, not ${text}`);
}

function previewOf({ outputCurlString, outputPolicy }: GlobalFlags): Settings["preview"] {
  if (outputCurlString === true && outputPolicy === true) {
    throw new CommandError(1, "cannot specify both -output-curl-string and -output-policy");
  }
  if (outputCurlString === true) return "curl";
  return outputPolicy === true ? "policy" : undefined;
}

/** Those that say who asks and how are the client's own. */
const RESERVED = /^(x-vault-(?!aws-iam-server-id$).*|authorization|content-length|transfer-encoding|host|connection)$/;

/** "Name=Value" each, as vault takes them. */
function readHeaders(given: readonly string[]): Readonly<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const header of given) {
    const at = header.indexOf("=");
    const name = header.slice(0, Math.max(0, at)).trim().toLowerCase();
    const value = header.slice(at + 1).trim();
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new CommandError(1, "-header takes Name=Value");
    if (!/^[\t -~]*$/.test(value)) throw new CommandError(1, `-header ${name}: the value must be printable ASCII`);
    if (RESERVED.test(name))
      throw new CommandError(1, `-header must not set ${name}: there is a flag or variable for it`);
    out[name] = value;
  }
  return out;
}

function readFormat(format: string): Format {
  if (isFormat(format)) return format;
  throw new CommandError(1, `Invalid output format: ${format}: use table, json or yaml`);
}

function refuseNamespace(namespace = ""): void {
  if (namespace.replaceAll("/", "") === "" || namespace === "root") return;
  throw new CommandError(1, "namespaces are not supported: leave -namespace and VAULT_NAMESPACE empty");
}

function duration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof Fault) throw new CommandError(1, `${name}: ${error.message}`);
    throw error;
  }
}

/** The file that `login` writes; Vault's own is read when there is none of ours. */
export const TOKEN_FILE = ".oksae-token";
const VAULT_TOKEN_FILE = ".vault-token";

/** OKSAE_TOKEN, VAULT_TOKEN, ~/.oksae-token, ~/.vault-token, in this order. */
export async function readToken(io: Pick<Io, "env" | "readTokenFile">): Promise<Secret | undefined> {
  const given = variable(io.env, "TOKEN");
  if (given !== undefined) return new Secret(given.trim());
  return (await io.readTokenFile(TOKEN_FILE)) ?? (await io.readTokenFile(VAULT_TOKEN_FILE));
}
