/** Many questions that come at about the same time become one call: five hundred instances that boot together do not throttle EC2. */
import type { Clock } from "../../lib/clock.ts";

export interface BatchOptions<A> {
  /** Milliseconds that the first question waits for others. */
  readonly window: number;
  /** Milliseconds that the next call goes on gathering while the one before it has no answer yet. */
  readonly patience: number;
  /** Questions in one call. */
  readonly most: number;
  readonly clock: Clock;
  /** Names without an answer are left out. */
  readonly ask: (names: readonly string[]) => Promise<ReadonlyMap<string, A>>;
}

interface Open<A> {
  readonly names: Set<string>;
  readonly full: AbortController;
  readonly answers: Promise<ReadonlyMap<string, A>>;
}

export class Batch<A> {
  readonly #options: BatchOptions<A>;
  #open: Open<A> | undefined;
  /** Of the last call that went out: resolves when it has its answer, or never will. */
  #underWay: Promise<unknown> | undefined;

  constructor(options: BatchOptions<A>) {
    this.#options = options;
  }

  /** @returns the answer of a call that began after this question was put; undefined when it had none for `name` */
  async ask(name: string): Promise<A | undefined> {
    const open = (this.#open ??= this.#start());
    open.names.add(name);
    if (open.names.size >= this.#options.most) {
      this.#open = undefined;
      open.full.abort();
    }
    return (await open.answers).get(name);
  }

  #start(): Open<A> {
    const { window, clock, ask } = this.#options;
    const names = new Set<string>();
    const full = new AbortController();
    const collect = async (): Promise<ReadonlyMap<string, A>> => {
      await clock.sleep(window, full.signal).catch(() => undefined);
      await this.#turn(full.signal);
      if (this.#open === open) this.#open = undefined;
      const answers = ask([...names]);
      this.#underWay = answers.catch(() => undefined);
      return answers;
    };
    const open: Open<A> = { names, full, answers: collect() };
    return open;
  }

  /** So that a slow EC2 is asked seldom, and one that hangs holds nobody up for long. */
  async #turn(full: AbortSignal): Promise<void> {
    const { patience, clock } = this.#options;
    if (this.#underWay === undefined || full.aborted) return;
    const over = new AbortController();
    const end = AbortSignal.any([full, over.signal]);
    await Promise.race([this.#underWay, clock.sleep(patience, end).catch(() => undefined)]);
    over.abort();
  }
}
