/** What linting looks at: the stanzas of a policy. */
import type { Place } from "../hcl/tree.ts";

/** One `path` stanza. */
export interface Stanza {
  /** Without a leading slash. */
  readonly path: string;
  readonly at: Place;
  readonly capabilities: readonly { readonly word: string; readonly at: Place }[];
}
