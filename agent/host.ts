/** The machine as `main.ts` hands it to the commands. */
import type { Clock } from "../lib/clock.ts";
import type { Level, Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";

export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: ReadonlyMap<string, string>;
  readonly uid: number;
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
  readonly print: (text: string) => void;
  readonly openLog: (level: Level, format: "json" | "text") => Promise<Log>;
}
