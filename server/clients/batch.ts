/** Many questions that come at about the same time become one call: five hundred instances that boot together do not throttle EC2. */
import type { Clock } from "../../lib/clock.ts";

export interface BatchOptions<A> {
  /** Milliseconds that the first question waits for others. */
  readonly window: number;
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
      if (this.#open === open) this.#open = undefined;
      return ask([...names]);
    };
    const open: Open<A> = { names, full, answers: collect() };
    return open;
  }
}
