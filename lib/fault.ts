/**
 * The closed set of ways a request can fail, each with the HTTP status the Vault API gives it.
 * Only `server/http` turns a fault into a response; every other room throws one and knows no HTTP.
 * Source of the statuses: Vault's API page, section "HTTP status codes".
 */
const STATUS = {
  invalid: 400,
  denied: 403,
  "not-found": 404,
  unsupported: 405,
  conflict: 409,
  precondition: 412,
  "too-large": 413,
  throttled: 429,
  internal: 500,
  upstream: 502,
  sealed: 503,
  unavailable: 503,
} as const satisfies Record<string, number>;

export type FaultKind = keyof typeof STATUS;

export interface FaultOptions {
  /** What really happened: for the log, never for the client. */
  readonly cause?: unknown;
  /** Milliseconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfter?: number;
  /** The reply's `errors` list where it differs from `[message]`: Vault answers some 404s with an empty list. */
  readonly errors?: readonly string[];
  /** Notes that go beside the errors in the reply. */
  readonly warnings?: readonly string[];
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly kind: FaultKind;
  readonly retryAfter: number | undefined;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];

  /** @param message is shown to the client: no secret, no path of this machine, no period at the end. */
  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.retryAfter = options.retryAfter;
    this.errors = options.errors ?? [message];
    this.warnings = options.warnings ?? [];
  }

  get status(): number {
    return STATUS[this.kind];
  }
}

/** Anything that is not a `Fault` is a bug of ours: the client learns only that it happened. */
export function toFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault("internal", "internal error", { cause: error });
}
