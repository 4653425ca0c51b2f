/** What is to be placed and what came of it. */
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Accounts } from "./accounts.ts";

export interface Placement {
  /** Absolute, without `.`, `..`, `//` or symbolic links in it. */
  readonly path: string;
  /** Permission bits. Without them: what the file has, never wider than 0640; 0600 for a new one. */
  readonly perms?: number;
  /** A name or a numeric id. Without it: the file's owner; the agent for a new one. */
  readonly user?: string;
  /** A name or a numeric id. Without it: the file's group; for a new one the primary group of `user`, else the agent's. */
  readonly group?: string;
  /** Missing directories are made, 0755 and the agent's own. */
  readonly createDirectories?: boolean;
  /** Run after each change: a text by `/bin/sh -c`, a list as it is. */
  readonly command?: string | readonly string[];
  /** Milliseconds; 30 s when left out. */
  readonly commandTimeout?: number;
}

export interface PlacePorts {
  readonly accounts: Accounts;
  readonly random: Random;
  readonly clock: Clock;
  /** The values that must not show in a command's output. */
  readonly secrets?: readonly Secret[];
  /** Called when all is ready, right before the new file takes the old one's place. */
  readonly beforeSwap?: () => Promise<void>;
  /** Ends a running command as its time-out does. */
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** The end of stdout and stderr together, at most 2,048 characters, every known secret in it replaced by `[secret]`. */
  readonly output: string;
}

export interface PlaceResult {
  /** Whether anything was written. When not, the file and its mtime are untouched and no command was run. */
  readonly changed: boolean;
  readonly command?: CommandResult;
}
