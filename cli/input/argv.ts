/**
 * Vault's flags are Go's: "-format=json", "-format json", "--format=json", "-verbose=false" all mean the same.
 * Commander knows only the form with two dashes, so the command line is rewritten before it reads it.
 * Source: Go `flag` package documentation, "Command line flag syntax".
 */

/** One letter after one dash stays what it is: "-h". "-" alone and negative numbers are arguments. */
const LONG = /^-([A-Za-z][\w-]+)(=.*)?$/s;

/**
 * @param isSwitch tells which flags take no value: "-x=true" becomes "--x", "-x=false" disappears
 * @returns arguments in the two-dash form; nothing after "--" is touched
 */
export function normaliseArgv(argv: readonly string[], isSwitch: (name: string) => boolean): string[] {
  const out: string[] = [];
  for (const [i, arg] of argv.entries()) {
    if (arg === "--") return [...out, ...argv.slice(i)];
    const flag = LONG.exec(arg.startsWith("--") ? arg.slice(1) : arg);
    if (flag === null) {
      out.push(arg);
      continue;
    }
    const [, name = "", value] = flag;
    if (value === undefined || !isSwitch(name)) out.push(`--${name}${value ?? ""}`);
    else if (/^=(1|t|T|true|TRUE|True)$/.test(value)) out.push(`--${name}`);
    else if (!/^=(0|f|F|false|FALSE|False)$/.test(value)) out.push(`--${name}${value}`);
  }
  return out;
}
