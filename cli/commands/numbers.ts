/** Whole numbers among the flags. */
import { CommandError } from "../io.ts";
import { type Flags, flagText } from "./register.ts";

/** @param names of flags that mean the same, the first that is given counts. @throws CommandError 1 naming `flag` */
export function number(flags: Flags, names: readonly string[], flag: string, otherwise: string): string {
  const value = names.map((name) => flagText(flags, name)).find((found) => found !== undefined) ?? otherwise;
  if (!/^\d{1,3}$/.test(value)) throw new CommandError(1, `${flag} takes a whole number, not ${value}`);
  return String(Number(value));
}
