/**
 * One name and value as each env-file format carries it, measured against the real readers: systemd 252, bash 5.2, dash,
 * docker CLI 28, compose-go 2.16 (`test/vectors/env-files`). What a format cannot carry is refused, never bent.
 */
import { Fault } from "../../lib/fault.ts";
import { stringifyJson } from "../../lib/wire/json.ts";

export type EnvFormat = "systemd" | "sh" | "docker" | "compose" | "json";

interface EnvEncoder {
  /** The names the format's readers take. */
  readonly name: RegExp;
  /** Names that match and still do not arrive, with the reason. */
  readonly reserved?: ReadonlySet<string>;
  /** @returns what is wrong with the value for this format, without the value */
  readonly problem?: (name: string, value: string) => string | undefined;
  /** One entry with its line end. */
  readonly entry: (name: string, value: string) => string;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Linux refuses to start a program with a longer `NAME=value`, its NUL included (MAX_ARG_STRLEN). */
const LONGEST_ENTRY = 131_072;
/** docker reads lines with a bufio.Scanner of 64 KiB. */
const LONGEST_DOCKER_LINE = 65_535;

/** Readonly in bash or dash, or set by the shell itself: an assignment fails or does not last. */
const SHELL_OWN: ReadonlySet<string> = new Set([
  "_",
  "BASHOPTS",
  "BASHPID",
  "BASH_VERSINFO",
  "DIRSTACK",
  "EPOCHREALTIME",
  "EPOCHSECONDS",
  "EUID",
  "FUNCNAME",
  "GROUPS",
  "HISTCMD",
  "LINENO",
  "OPTIND",
  "PPID",
  "RANDOM",
  "SECONDS",
  "SHELLOPTS",
  "SRANDOM",
  "UID",
]);

const ENV_ENCODERS: Readonly<Record<Exclude<EnvFormat, "json">, EnvEncoder>> = {
  systemd: {
    name: IDENTIFIER,
    problem: tooLong,
    entry: (name, value) => `${name}="${value.replace(/[\\"$`]/g, "\\$&")}"\n`,
  },
  sh: {
    name: IDENTIFIER,
    reserved: SHELL_OWN,
    problem: tooLong,
    entry: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  },
  docker: {
    name: /^(?!#)[!-<>-~]+$/,
    problem: dockerProblem,
    entry: (name, value) => `${name}=${value}\n`,
  },
  compose: {
    name: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    problem: tooLong,
    entry: (name, value) => {
      const escaped = value
        .replace(/[\\"$]/g, "\\$&")
        .replaceAll("\n", "\\n")
        .replaceAll("\r", "\\r");
      return `${name}="${escaped}"\n`;
    },
  },
};

function tooLong(name: string, value: string): string | undefined {
  const size = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  return size > LONGEST_ENTRY
    ? `is longer than Linux lets an environment entry be (${String(LONGEST_ENTRY)})`
    : undefined;
}

function dockerProblem(name: string, value: string): string | undefined {
  if (value.includes("\n")) return 'holds a line break; use format "compose" or "json"';
  if (value.endsWith("\r")) return 'ends in a carriage return; use format "compose" or "json"';
  const line = Buffer.byteLength(name) + Buffer.byteLength(value) + 1;
  return line > LONGEST_DOCKER_LINE ? `makes a line longer than ${String(LONGEST_DOCKER_LINE)} bytes` : undefined;
}

/** @throws Fault "invalid" naming the variable and what is wrong, never the value */
export function encodeEntry(format: Exclude<EnvFormat, "json">, name: string, value: string): string {
  const { name: pattern, reserved, problem, entry } = ENV_ENCODERS[format];
  const shown = stringifyJson(name);
  if (!pattern.test(name)) throw new Fault("invalid", `${shown} is no variable name that ${format} files can carry`);
  if (reserved?.has(name) === true) throw new Fault("invalid", `the shell keeps ${shown} for itself: rename the key`);
  const wrong = textProblem(value) ?? problem?.(name, value);
  if (wrong !== undefined) throw new Fault("invalid", `the value of ${shown} ${wrong}`);
  return entry(name, value);
}

function textProblem(value: string): string | undefined {
  if (value.includes("\0")) return "holds a NUL character, which no environment can carry";
  return /[\ud800-\udfff]/u.test(value) ? "is not valid UTF-8 text" : undefined;
}
