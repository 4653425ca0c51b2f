/**
 * The policies of a token and of its entity as one list. The same two lists give the same list again, as long as both
 * live: it is what the policy store keeps compiled rules by, so that a request with an entity costs no sorting.
 */
export class JoinedNames {
  readonly #known = new WeakMap<readonly string[], WeakMap<readonly string[], readonly string[]>>();

  /** @returns sorted, each once; `own` itself when there is nothing to add. Neither list may change afterwards */
  of(own: readonly string[], more: readonly string[]): readonly string[] {
    if (more.length === 0) return own;
    const beside = this.#known.get(own) ?? new WeakMap<readonly string[], readonly string[]>();
    const known = beside.get(more);
    if (known !== undefined) return known;
    const joined = [...new Set([...own, ...more])].sort();
    this.#known.set(own, beside.set(more, joined));
    return joined;
  }
}
