/** The kill -9 test, for anything that can be started on one data directory, written to, and read again. */

import { setTimeout as delay } from "node:timers/promises";
import { expect } from "@jest/globals";

export interface Running {
  /** Resolves only when the program has acknowledged the write. Rejects when the connection breaks. */
  write(key: string, value: string): Promise<void>;
  read(key: string): Promise<string | undefined>;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
}

export interface KillTest {
  /** Starts the program on the same data each time. */
  start(): Promise<Running>;
  readonly cycles: number;
  readonly writers: number;
  /** Milliseconds that the program is written to before it is killed, and up to 120 more. Default 60. */
  readonly atLeast?: number;
}

/** @returns how many acknowledged writes were looked for; every one of them was there after every kill */
export async function surviveKills(kills: KillTest): Promise<number> {
  const { cycles, writers, atLeast = 60 } = kills;
  const acknowledged = new Map<string, string>();
  let program = await kills.start();
  try {
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const current = program;
      const work = Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; ; n += 1) {
          // Half of the writes are to keys of their own, half overwrite: a lost overwrite shows as an older value.
          const key = n % 2 === 0 ? `w${String(writer)}/c${String(cycle)}/n${String(n)}` : `hot/w${String(writer)}`;
          const value = `${String(cycle)}.${String(n)}`;
          const pending = current.write(key, value);
          if (key.startsWith("hot/")) acknowledged.delete(key);
          await pending;
          acknowledged.set(key, value);
        }
      });
      const ended = Promise.allSettled(work);
      await delay(atLeast + ((cycle * 37) % 120));
      await current.kill();
      await ended;
      program = await kills.start();
      expect(await lostOf(program, acknowledged)).toEqual([]);
    }
  } finally {
    await program.kill();
  }
  return acknowledged.size;
}

/** Sixteen look at once: all that was acknowledged is looked for again after every kill. */
async function lostOf(program: Running, acknowledged: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const lost: string[] = [];
  const left = acknowledged.entries();
  const look = async (): Promise<void> => {
    for (const [key, value] of left) if ((await program.read(key)) !== value) lost.push(key);
  };
  await Promise.all(Array.from({ length: 16 }, look));
  return lost;
}
