/**
 * Vault's flags are Go's: "-format=json", "-format json", "--format=json", "-verbose=false" all mean the same.
 * Commander knows only the form with two dashes, so the command line is rewritten before it reads it.
 * Source: Go `flag` package documentation, "Command line flag syntax".
 */

/** "-" alone and negative numbers are arguments. */
const LONG = /^-([A-Za-z][\w-]+)(=.*)?$/s;
/** One letter after one dash stays what it is, "-h"; its value after "=" becomes an argument of its own. */
const SHORT = /^-([A-Za-z])=(.*)$/s;

/** How a flag takes its value: "choice" is a switch whose "=false" is not the same as its absence. */
export type FlagKind = "switch" | "choice" | "valued";

/**
 * @param kindOf a switch's "-x=true" becomes "--x", "-x=false" disappears; a choice's becomes "--no-x"
 * @returns arguments in the two-dash form; nothing after "--" is touched
 */
export function normaliseArgv(argv: readonly string[], kindOf: (name: string) => FlagKind): string[] {
  const out: string[] = [];
  for (const [i, arg] of argv.entries()) {
    if (arg === "--") return [...out, ...argv.slice(i)];
    out.push(...normaliseOne(arg, kindOf));
  }
  return out;
}

function normaliseOne(arg: string, kindOf: (name: string) => FlagKind): readonly string[] {
  const [, letter, short = ""] = SHORT.exec(arg) ?? [];
  if (letter !== undefined) {
    return kindOf(letter) === "valued" ? [`-${letter}`, short] : switched(arg, `=${short}`, [`-${letter}`], []);
  }
  const flag = LONG.exec(arg.startsWith("--") ? arg.slice(1) : arg);
  if (flag === null) return [arg];
  const [, name = "", value] = flag;
  const kind = kindOf(name);
  const whole = `--${name}${value ?? ""}`;
  if (value === undefined || kind === "valued") return [whole];
  return switched(whole, value, [`--${name}`], kind === "choice" ? [`--no-${name}`] : []);
}

function switched(arg: string, value: string, on: readonly string[], off: readonly string[]): readonly string[] {
  if (/^=(1|t|T|true|TRUE|True)$/.test(value)) return on;
  return /^=(0|f|F|false|FALSE|False)$/.test(value) ? off : [arg];
}
