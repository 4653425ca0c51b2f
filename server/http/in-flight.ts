/** The requests that are being served, for sys/in-flight-req: bounded, so that a flood costs no more than its connections. */
import type { FlightInfo, InFlight } from "../contract/in-flight.ts";

const MOST = 10_000;

export class Flights implements InFlight {
  readonly #all = new Map<string, FlightInfo>();
  readonly #most: number;

  constructor(most = MOST) {
    this.#most = most;
  }

  begin(requestId: string, info: FlightInfo): void {
    if (this.#all.size < this.#most) this.#all.set(requestId, info);
  }

  end(requestId: string): void {
    this.#all.delete(requestId);
  }

  identify(requestId: string, clientId: string): void {
    const info = this.#all.get(requestId);
    if (info !== undefined) this.#all.set(requestId, { ...info, clientId });
  }

  all(): ReadonlyMap<string, FlightInfo> {
    return this.#all;
  }
}
