/** Key shares and root tokens are not encrypted with PGP here: the flags are known, and refused with what to do instead. */
import { CommandError } from "../io.ts";

export const PGP_KEY = ["--pgp-key <key>", "refused: there is no PGP here"] as const;
export const PGP_KEYS = ["--pgp-keys <keys>", "refused: there is no PGP here"] as const;

/** @param instead a clause that says what to do */
export function noPgp(instead: string): CommandError {
  return new CommandError(1, `PGP keys are not supported: ${instead}`);
}
