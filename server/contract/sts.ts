/** A caller's own signed GetCallerIdentity, sent on to STS. `server/clients` sends it, tests answer with a function. */

/** Checked already: nothing in it decides where it goes but `endpoint`. */
export interface CallerRequest {
  /** URL of the STS that is asked: by config, never by the caller. */
  readonly endpoint: string;
  /** What the caller signed as Host. */
  readonly host: string;
  readonly method: "POST" | "GET";
  /** With its "?"; "" for a POST. */
  readonly query: string;
  /** Names in lower case, each once; without host and content-length. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** -1 = the default. */
  readonly maxRetries: number;
}

export interface StsAnswer {
  readonly status: number;
  /** As sent; "" when there is none. */
  readonly contentType: string;
  readonly body: string;
}

export interface Sts {
  /**
   * Follows no redirect; asks again after 5xx, 429 and silence.
   * @throws Fault "unavailable" when STS does not answer, "upstream" when its answer is too long
   */
  forward(request: CallerRequest): Promise<StsAnswer>;
}
