/** What a command may touch of the machine. main.ts gives the real thing, tests a recording one. */
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Secret } from "../lib/secret.ts";

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `out` is a terminal: only there a raw field gets a newline of its own. */
  readonly outIsTerminal: boolean;
  /** Whether a person can be asked. */
  readonly inIsTerminal: boolean;
  /** All of standard input. @throws Fault "invalid" beyond 32 MiB */
  readonly stdin: () => Promise<string>;
  /** Asks on the terminal without echo. */
  readonly ask: (question: string) => Promise<Secret>;
  /** @throws Fault "invalid" naming the file when it cannot be read or is beyond 32 MiB */
  readonly readFile: (path: string) => Promise<string>;
  /** The names of the files in a folder, sorted. @throws Fault "invalid" naming the folder when it cannot be read */
  readonly listFiles: (folder: string) => Promise<readonly string[]>;
  /** Replaces the file atomically; one that exists keeps its mode. @throws Fault "invalid" naming the file */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** `undefined` when there is none. */
  readonly readTokenFile: (name: string) => Promise<Secret | undefined>;
  /** Replaces the file atomically, 0600. */
  readonly writeTokenFile: (name: string, token: Secret) => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
}

/** A command that ended badly: what to say on stderr, and the exit code (1 = used wrongly, 2 = the server or the data said no). */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
