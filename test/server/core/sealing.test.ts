/**
 * Changes of the mount table that a seal comes upon: what has not been written by then is not written any more, least of
 * all a table that lacks mounts; and nothing of an engine lives on behind a sealed door.
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Secret } from "../../../lib/secret.ts";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import { type TestServer, testServer } from "../../fakes/server.ts";
import { toyAuth } from "../../fakes/toy-auth.ts";

/** Engines that take their time to end, as one that finishes what it is at. */
function slow(ended: string[]): EngineKind {
  const hang = async (): Promise<undefined> => {
    await delay(60);
    return undefined;
  };
  return {
    type: "slow",
    about: "Ends slowly",
    kind: "secret",
    create: () => ({
      routes: [
        route({
          path: "hang",
          about: "Hangs",
          fields: {},
          on: { read: { about: "Hangs", run: hang } },
        }),
      ],
      run: async ({ mount }, signal) => {
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
        });
        await delay(200);
        ended.push(mount.path);
      },
      forget: () => void ended.push("forget"),
    }),
  };
}

const paths = (server: TestServer): readonly string[] => server.core.mounts.list("secret").map(({ path }) => path);

const CHANGES: readonly (readonly [string, (server: TestServer) => Promise<unknown>])[] = [
  ["enable", (server) => server.request("POST", "sys/mounts/new", { type: "kv" })],
  ["disable", (server) => server.request("DELETE", "sys/mounts/slow2")],
  ["tune", (server) => server.request("POST", "sys/mounts/slow2/tune", { max_lease_ttl: "2h" })],
  ["upgrade", (server) => server.request("POST", "sys/mounts/old/tune", { options: { version: "2" } })],
  ["remount", (server) => server.request("POST", "sys/remount", { from: "slow2", to: "moved" })],
];

test.each(CHANGES)(
  "%s under way at a seal: every other mount is there after the unseal",
  async (_name, change) => {
    for (const wait of [0, 20, 80]) {
      const ended: string[] = [];
      const server = await testServer({ kinds: [slow(ended)] });
      try {
        for (const path of ["slow1", "slow2"]) await server.request("POST", `sys/mounts/${path}`, { type: "slow" });
        await server.request("POST", "sys/mounts/old", { type: "kv" });
        for (let n = 0; n < 5; n += 1) await server.request("POST", `old/k${String(n)}`, { n });
        const before = server.core.mounts.find("cubbyhole/")?.uuid;
        // A request that hangs in the mount has the change wait for it.
        const hanging = server.request("GET", "slow2/hang");
        await delay(5);
        const changing = change(server);
        await delay(wait);
        await server.core.operator.seal();
        await Promise.all([hanging, changing]);
        await delay(100);
        expect(paths(server)).toEqual(["sys/"]);
        await server.core.operator.unseal(new Secret(server.keys[0] ?? ""));
        expect(paths(server)).toEqual(expect.arrayContaining(["cubbyhole/", "identity/", "old/", "slow1/", "sys/"]));
        expect(server.core.mounts.find("cubbyhole/")?.uuid).toBe(before);
        // Each engine that was made before the seal has ended with it.
        expect(ended.filter((what) => what !== "forget").length).toBeGreaterThanOrEqual(2);
      } finally {
        await server.close();
      }
    }
  },
  30_000,
);

type Act = "enable" | "disable" | "remount" | "tune" | "upgrade" | "seal" | "unseal" | "auth" | "disableAuth";
const ACTS: readonly Act[] = [
  "enable",
  "disable",
  "remount",
  "tune",
  "upgrade",
  "seal",
  "unseal",
  "auth",
  "disableAuth",
];
const act = fc.record({ act: fc.constantFrom(...ACTS), at: fc.constantFrom("a", "b", "c"), after: fc.nat(20) });

test("changes of mounts and seals in any order: what a seal leaves is what the unseal finds, with its data", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 14 }), async (all) => {
      const server = await testServer({ kinds: [toyAuth] });
      const { operator, mounts } = server.core;
      const table = (): readonly string[] =>
        [...mounts.list("secret"), ...mounts.list("auth")].map(
          ({ path, uuid, options }) => `${path} ${uuid} ${options.get("version") ?? ""}`,
        );
      try {
        await server.request("POST", "sys/mounts/keep", { type: "kv" });
        await server.request("POST", "keep/x", { v: "kept" });
        const keep = mounts.find("keep/")?.uuid;
        const does: Readonly<Record<Act, (at: string) => Promise<unknown>>> = {
          enable: (at) => server.request("POST", `sys/mounts/${at}`, { type: "kv" }),
          disable: (at) => server.request("DELETE", `sys/mounts/${at}`),
          remount: (at) => server.request("POST", "sys/remount", { from: at, to: at === "a" ? "b" : "a" }),
          tune: (at) => server.request("POST", `sys/mounts/${at}/tune`, { max_lease_ttl: "2h" }),
          upgrade: (at) => server.request("POST", `sys/mounts/${at}/tune`, { options: { version: "2" } }),
          seal: () => operator.seal(),
          unseal: () => operator.unseal(new Secret(server.keys[0] ?? "")),
          auth: (at) => server.request("POST", `sys/auth/${at}`, { type: toyAuth.type }),
          disableAuth: (at) => server.request("DELETE", `sys/auth/${at}`),
        };
        await Promise.all(
          all.map(async ({ act: what, at, after }) => {
            await delay(after);
            await does[what](at);
          }),
        );
        await operator.unseal(new Secret(server.keys[0] ?? ""));
        // A move goes on behind its reply: the next change of the table waits for it.
        await server.request("POST", "sys/mounts/keep/tune", { description: "last" });
        const before = table();
        await operator.seal();
        expect(table()).toHaveLength(1);
        await operator.unseal(new Secret(server.keys[0] ?? ""));
        expect(table()).toEqual(before);
        expect(mounts.find("keep/")?.uuid).toBe(keep);
        expect((await server.request("GET", "keep/x")).body).toMatchObject({ data: { v: "kept" } });
      } finally {
        await server.close();
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
