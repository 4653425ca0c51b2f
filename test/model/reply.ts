/** What a call came to, as far as model and server can be compared. */

export interface Told {
  readonly status: number;
  /** Of the reply, with what is random or a moment of time left out. */
  readonly body?: unknown;
}

export const DENIED: Told = { status: 403 };
export const NOTHING: Told = { status: 404 };
export const INVALID: Told = { status: 400 };
export const DONE: Told = { status: 204 };

export function shown(body: unknown): Told {
  return { status: 200, body };
}
