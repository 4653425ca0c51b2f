/** Work on one key runs one after the other, in the order it was asked for; work on other keys beside it. */

export class Serial {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Starts `work` once everything asked for earlier on `key` has ended, however it ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail: Promise<unknown> = mine
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return mine;
  }
}
