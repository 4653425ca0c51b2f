/** The requests that are being served: `server/http` counts them, sys/in-flight-req shows them. */

export interface FlightInfo {
  /** Wall-clock milliseconds. */
  readonly startTime: number;
  /** "192.0.2.7:51312" */
  readonly remote: string;
  /** With "/v1", without the query. */
  readonly path: string;
  readonly method: string;
  /** As `Subject.id`, once the token is known; "" before, and for tokens that belong to nobody. */
  readonly clientId: string;
}

export interface InFlight {
  /** By request id, oldest first; bounded: what comes beyond is served without being listed. */
  all(): ReadonlyMap<string, FlightInfo>;
  /** Who is behind it is known by now; without effect on a request that is not listed. */
  identify(requestId: string, clientId: string): void;
}
