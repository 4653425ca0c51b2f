/** Sequences of calls against server and model side by side, until they disagree or have had enough. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type Command, sequence } from "./commands.ts";
import type { Told } from "./reply.ts";
import { Rig, START } from "./rig.ts";
import { World } from "./world.ts";

export interface Disagreement {
  /** The shortest sequence found. */
  readonly commands: readonly Command[];
  readonly says: string;
}

export interface Run {
  readonly sequences: number;
  /** Calls in each, at least. */
  readonly length: number;
  readonly seed: number;
}

export interface Agreed {
  readonly disagreement: Disagreement | undefined;
  readonly calls: number;
}

/** Never throws for a disagreement. */
export async function check({ sequences, length, seed }: Run): Promise<Agreed> {
  let calls = 0;
  const property = fc.asyncProperty(sequence(length), async (commands) => {
    calls += commands.length;
    const says = await follow(commands);
    if (says !== undefined) throw new Error(says);
  });
  const found = await fc.check(property, { numRuns: sequences, seed, endOnFailure: false });
  if (!found.failed) return { disagreement: undefined, calls };
  const [commands = []] = found.counterexample ?? [];
  const error = found.errorInstance;
  return { disagreement: { commands, says: chain(error) }, calls };
}

/** @returns what the first disagreement is */
async function follow(commands: readonly Command[]): Promise<string | undefined> {
  const rig = await Rig.open();
  const world = new World(START);
  try {
    for (const [i, one] of commands.entries()) {
      const wanted = world.tell(one);
      const got = await rig.tell(one);
      if (!same(wanted, got))
        return `call ${i + 1} ${text(one)}: the model says ${text(wanted)}, the server ${text(got)}`;
    }
    return undefined;
  } finally {
    await rig.close();
  }
}

function same(wanted: Told, got: Told): boolean {
  return wanted.status === got.status && isDeepStrictEqual(wanted.body, got.body);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function chain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? (error.stack ?? error.message) : `${error.message}: ${chain(error.cause)}`;
}
