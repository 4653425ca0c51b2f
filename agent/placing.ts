/** From the configuration's words to those of placing: targets and commands. */
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import type { Random } from "../lib/random.ts";
import type { Secret } from "../lib/secret.ts";
import { bytesFromText } from "../lib/template/bytes.ts";
import type { CommandConfig, TargetConfig } from "./config/types.ts";
import { localAccounts } from "./place/accounts.ts";
import { runCommand } from "./place/command.ts";
import { placeFile } from "./place/place.ts";

export interface Placing {
  /**
   * @param beforeSwap called right before the new file takes the old one's place; not when they are equal
   * @returns whether the file was written @throws Fault; the file is then as it was before
   */
  readonly place: (target: TargetConfig, text: Secret, beforeSwap?: () => Promise<void>) => Promise<boolean>;
  /** @throws Fault when the command fails: what it printed stays out of it, since it may show secrets */
  readonly runCommand: (command: CommandConfig, target: TargetConfig, signal: AbortSignal) => Promise<void>;
}

export function placing(clock: Clock, random: Random): Placing {
  const ports = { accounts: localAccounts(), clock, random };
  return {
    async place({ path, perms, user, group, createDirs }, text, beforeSwap) {
      const placement = {
        path,
        createDirectories: createDirs,
        ...(perms === undefined ? {} : { perms }),
        ...(user === undefined ? {} : { user }),
        ...(group === undefined ? {} : { group }),
      };
      const bytes = bytesFromText(text.reveal());
      try {
        return (await placeFile(placement, bytes, { ...ports, ...(beforeSwap === undefined ? {} : { beforeSwap }) }))
          .changed;
      } finally {
        bytes.fill(0);
      }
    },
    async runCommand({ argv, timeout }, { path }, signal) {
      signal.throwIfAborted();
      const result = await runCommand({ path, command: argv, commandTimeout: timeout }, { ...ports, signal });
      signal.throwIfAborted();
      if (result.timedOut) throw failed(path, `was ended: it took longer than ${String(timeout / 1000)} s`);
      if (result.signal !== null) throw failed(path, `was ended by ${result.signal}`);
      if (result.exitCode !== 0) throw failed(path, `ended with status ${String(result.exitCode)}`);
    },
  };
}

function failed(path: string, how: string): Fault {
  return new Fault("unavailable", `the command for ${path} ${how}`);
}
