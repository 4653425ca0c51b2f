/** sys/in-flight-req: what is being served now, this request among it. Source: Vault's API page of this name. */
import { formatTime } from "../../../lib/time-text.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

export function inFlightRoutes({ inFlight }: Pick<SystemPorts, "inFlight">): readonly Route[] {
  return [
    route({
      path: "in-flight-req",
      about: "The requests that are being served",
      fields: {},
      on: {
        read: {
          about: "Shows them by their ids",
          run: () => {
            const shown = [...inFlight.all()].map(
              ([id, { startTime, remote, path, method, clientId }]) =>
                [
                  id,
                  {
                    start_time: formatTime(startTime),
                    client_remote_address: remote,
                    request_path: path,
                    request_method: method,
                    client_id: clientId,
                  },
                ] as const,
            );
            return Promise.resolve({ bare: Object.fromEntries(shown) });
          },
        },
      },
    }),
  ];
}
