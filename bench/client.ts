/** The wire's client as the benchmarks use it: one token, no signals, failures thrown. */
import { systemClock } from "../lib/clock.ts";
import { Secret } from "../lib/secret.ts";
import { wireClient } from "../lib/wire/client.ts";
import type { Encodable, Json } from "../lib/wire/json.ts";

export type Call = (
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: Readonly<Record<string, Encodable>>,
) => Promise<ReadonlyMap<string, Json>>;

export interface Client {
  readonly call: Call;
  readonly close: () => void;
}

export function clientOf(address: string, token: string): Client {
  const client = wireClient({ address, clock: systemClock, tls: { skipVerify: true } });
  const never = new AbortController().signal;
  return {
    call: async (method, path, body) => {
      const credential = token === "" ? {} : { token: new Secret(token) };
      const reply = await client.request(
        { method, path, ...credential, ...(body === undefined ? {} : { body }) },
        never,
      );
      return reply.body ?? new Map<string, Json>();
    },
    close: () => {
      client.close();
    },
  };
}
