/**
 * One at a time per name, in the order they came. The store alone decides who wins; taking turns only spares
 * fifty logins of one instance from starting their transaction over and over.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** @returns what `work` gives or throws, once all earlier work under `name` has ended */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}
