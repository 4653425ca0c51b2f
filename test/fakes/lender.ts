/** A secrets engine that lends credentials of a directory, each with a lease; the directory may be down. */
import { type Json, JsonNumber } from "../../lib/wire/json.ts";
import { type EngineKind, route } from "../../server/contract/engine.ts";
import type { LeaseEntry } from "../../server/contract/leases.ts";

const MAX_TTL = 3 * 3_600_000;

/** What the fake directory behind the engine holds: alive credentials. */
export interface Directory {
  readonly alive: Set<string>;
  readonly tried: string[];
  down: boolean;
}

export function lender(directory: Directory): EngineKind {
  let made = 0;
  const nameOf = ({ internal }: LeaseEntry): string => internal.get("name") as string;
  return {
    type: "lender",
    about: "Lends credentials",
    kind: "secret",
    create: () => ({
      routes: [
        route({
          path: "creds/:role",
          about: "A credential",
          fields: {
            role: { type: "string", about: "Role", required: true },
            ttl: { type: "duration", about: "TTL" },
            fixed: { type: "bool", about: "Not renewable" },
          },
          on: {
            read: {
              about: "Lends",
              run: ({ ttl = 0, fixed = false }) => {
                made += 1;
                const name = `user-${String(made)}`;
                directory.alive.add(name);
                const internal = new Map<string, Json>([
                  ["name", name],
                  ["n", new JsonNumber("1e400")],
                ]);
                return Promise.resolve({
                  data: { name },
                  lease: { ttl, maxTtl: MAX_TTL, renewable: !fixed, internal },
                });
              },
            },
          },
        }),
      ],
      renewLease: (lease) => {
        if (!directory.alive.has(nameOf(lease))) throw new Error("gone");
        return Promise.resolve({ ttl: 0, maxTtl: 0, period: 0 });
      },
      revokeLease: (lease) => {
        directory.tried.push(nameOf(lease));
        if (directory.down) throw new Error("directory is down");
        directory.alive.delete(nameOf(lease));
        return Promise.resolve();
      },
    }),
  };
}
