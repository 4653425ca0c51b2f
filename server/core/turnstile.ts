/** One at a time, in the order of asking; one that fails does not stop the next. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

export function turnstile(): Turnstile {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
