/**
 * How a route of Vault's API is shown to be answered: a valid request with the status and members of its reply and an
 * effect that can be seen, and a bad one with its refusal. Strings may hold "{{name}}": what an earlier step saved.
 */

export interface Step {
  readonly method: "GET" | "LIST" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below /v1/. */
  readonly path: string;
  readonly data?: unknown;
  /** Default: the root token; "" = none. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: any below 300. */
  readonly status?: number;
  /** From names to members of the reply: { id: "data.role_id", first: "data.keys.0" }. */
  readonly save?: Readonly<Record<string, string>>;
  /** Part of the reply's body, compared as jest's toMatchObject does. */
  readonly shows?: object;
}

interface Answered {
  /** What must be there before. */
  readonly given?: readonly Step[];
  readonly when: Step & { readonly status: number };
  /** Members the reply must have, dotted: "data.keys", "auth.client_token". Empty for 204 alone. */
  readonly keys: readonly string[];
  /** Bad input, refused: with 400 wherever there is input that can be bad. Without it, for routes that take nothing else: a control character in the path's name, or a bad X-Vault-Wrap-TTL. */
  readonly bad?: Step & { readonly status: number; readonly error: string | RegExp };
}

/** A read shows what there is; a write is seen by what comes `then`. */
export type RouteCase =
  | (Answered & { readonly when: { readonly shows: object } })
  | (Answered & { readonly then: Step & ({ readonly shows: object } | { readonly status: number }) });

/** A shape that is always the same: counted apart. */
export interface StaticCase {
  readonly fixed: true;
  readonly when: Step & { readonly status: number };
  readonly keys: readonly string[];
}

export interface Area {
  /** As the first column of test/vectors/vault-routes.tsv. */
  readonly name: string;
  /** Once, before the first case. */
  readonly given?: readonly Step[];
  /** By "METHOD /path" as in the columns `method` and `path`. */
  readonly cases: Readonly<Record<string, RouteCase | StaticCase>>;
}
