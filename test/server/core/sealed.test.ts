/**
 * What is answered before init, while sealed, while it opens and after a seal in the middle: nothing but Vault's five
 * routes. And ceremonies of all kinds at once: whatever their order, the shares in force open the server afterwards.
 */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Secret } from "../../../lib/secret.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { type TestServer, testServer } from "../../fakes/server.ts";
import { operationsOf, routeTables } from "../../rules/route-tables.ts";

const METHODS = {
  create: "POST",
  read: "GET",
  update: "POST",
  patch: "PATCH",
  delete: "DELETE",
  list: "LINK",
} as const;
const OPEN = new Set(["sys/init", "sys/seal-status", "sys/unseal", "sys/health", "sys/leader"]);
const ALL = routeTables().flatMap(({ prefix, routes }) =>
  routes.flatMap((one) =>
    operationsOf(one).map((operation) => ({
      method: METHODS[operation],
      path: `${prefix}${one.path.replace(/[:*]\w+/g, "x")}`,
    })),
  ),
);

async function refused(server: TestServer): Promise<void> {
  const wrong: string[] = [];
  for (const { method, path } of ALL) {
    // A PATCH must say its form before anything is asked.
    if (OPEN.has(path) || method === "PATCH") continue;
    const reply = await server.request(method, path, method === "POST" ? {} : undefined);
    if (reply.status !== 503 || reply.text !== '{"errors":["Vault is sealed"]}\n') {
      wrong.push(`${method} ${path}: ${String(reply.status)} ${reply.text}`);
    }
  }
  expect(wrong).toEqual([]);
}

async function health(server: TestServer, query = ""): Promise<number> {
  return (await server.request("GET", `sys/health${query}`, undefined, "")).status;
}

describe("every route but five is refused", () => {
  test("before init", async () => {
    const server = await testServer({ open: false });
    await refused(server);
    expect([
      await health(server),
      await health(server, "?uninitcode=299"),
      await health(server, "?sealedcode=299"),
    ]).toEqual([501, 299, 501]);
    expect((await server.request("GET", "sys/seal-status", undefined, "")).body).toMatchObject({
      initialized: false,
      sealed: true,
      t: 0,
      n: 0,
    });
    expect((await server.request("PUT", "sys/unseal", { key: "00" }, "")).status).toBe(400);
    await server.close();
  }, 30_000);

  test("after a seal, also for the root token", async () => {
    const server = await testServer();
    expect((await server.request("PUT", "sys/seal")).status).toBe(204);
    await refused(server);
    expect([
      await health(server),
      await health(server, "?sealedcode=204"),
      await health(server, "?uninitcode=299"),
    ]).toEqual([503, 204, 503]);
    expect((await server.request("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 }, "")).status).toBe(400);
    await server.close();
  }, 30_000);
});

test("sealed is what is told until everything is open", async () => {
  const store = memoryStore();
  let opening: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    opening = resolve;
  });
  let held = false;
  const server = await testServer({
    store: {
      ...store,
      get: async (key) => {
        if (held && key.startsWith("core/mounts")) await gate;
        return store.get(key);
      },
    },
  });
  await server.core.operator.seal();
  held = true;
  const unsealing = server.request("PUT", "sys/unseal", { key: server.keys[0] }, "");
  await delay(50);
  expect(await health(server)).toBe(503);
  expect((await server.request("GET", "sys/seal-status", undefined, "")).body).toMatchObject({ sealed: true });
  expect((await server.request("GET", "sys/mounts")).status).toBe(503);
  opening();
  expect((await unsealing).body).toMatchObject({ sealed: false });
  expect(await health(server)).toBe(200);
  await server.close();
});

test.each([
  ["a share twice", (k: readonly string[]) => [k[0], k[0]], { sealed: true, progress: 1 }],
  ["one of another storage", (k: readonly string[]) => [k[0], "ab".repeat(33)], undefined],
  [
    "in hex and the same in base64",
    (k: readonly string[]) => [k[0], Buffer.from(k[0] ?? "", "hex").toString("base64")],
    { sealed: true, progress: 1 },
  ],
  ["two of three", (k: readonly string[]) => [k[2], k[1]], { sealed: false, progress: 0 }],
  ["more than are needed", (k: readonly string[]) => [k[2], k[1], k[0]], { sealed: false, progress: 0 }],
  ["too short", (k: readonly string[]) => [(k[0] ?? "").slice(2)], undefined],
])("unseal with %s", async (_what, pick, shows) => {
  const server = await testServer({ open: false });
  const made = await server.request("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 }, "");
  const keys = (made.body as { keys: string[] }).keys;
  let last = made;
  for (const key of pick(keys)) last = await server.request("PUT", "sys/unseal", { key }, "");
  if (shows === undefined) expect(last.status).toBe(400);
  else expect(last.body).toMatchObject(shows);
  await server.request("PUT", "sys/unseal", { reset: true }, "");
  for (const key of keys.slice(0, 2)) last = await server.request("PUT", "sys/unseal", { key }, "");
  expect(last.body).toMatchObject({ sealed: false });
  await server.close();
});

test("an unseal that a seal overtakes brings nothing up a second time", async () => {
  const lines: string[] = [];
  const server = await testServer({ log: (_level, message) => void lines.push(message) });
  const { operator } = server.core;
  const late = operator.unseal(new Secret(server.keys[0] ?? ""));
  await operator.seal();
  expect(await late).toMatchObject({ sealed: true });
  expect(lines.filter((line) => line.startsWith("open:"))).toHaveLength(1);
  await operator.unseal(new Secret(server.keys[0] ?? ""));
  expect(await health(server)).toBe(200);
  await server.close();
});

type Act = "seal" | "unseal" | "rekey" | "verified" | "root" | "rotate" | "rotateRoot" | "cancel" | "write";
const acts = fc.array(
  fc.constantFrom<Act>("seal", "unseal", "rekey", "verified", "root", "rotate", "rotateRoot", "cancel", "write"),
  { minLength: 4, maxLength: 12 },
);

test("ceremonies of all kinds at once: the shares in force open it, and acknowledged writes are there", async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (all) => {
      const server = await testServer();
      const { operator } = server.core;
      const known = new Set([server.keys[0] ?? ""]);
      const written: string[] = [];
      await server.request("POST", "sys/mounts/kv", { type: "kv" });
      const rekey = async (verify: boolean): Promise<void> => {
        const { nonce } = await operator.rekey.start({ shares: 1, threshold: 1, verify });
        for (const key of [...known]) {
          const made = await operator.rekey.update(new Secret(key), nonce).catch(() => undefined);
          const share = made?.shares[0]?.toString("hex");
          if (made === undefined || share === undefined) continue;
          known.add(share);
          if (verify) await operator.rekey.verify(new Secret(share), made.verificationNonce);
        }
      };
      const does: Readonly<Record<Act, () => Promise<unknown>>> = {
        seal: () => operator.seal(),
        unseal: () => Promise.all([...known].map((key) => operator.unseal(new Secret(key)))),
        rekey: () => rekey(false),
        verified: () => rekey(true),
        root: async () => {
          const { status } = await operator.rootGeneration.start(undefined);
          for (const key of known) await operator.rootGeneration.update(new Secret(key), status.nonce);
        },
        rotate: () => operator.rotate(),
        rotateRoot: () => operator.rotateRoot(),
        cancel: () => Promise.all([operator.rekey.cancel(undefined), operator.rootGeneration.cancel(undefined)]),
        write: async () => {
          const key = `k${String(written.length)}`;
          if ((await server.request("POST", `kv/${key}`, { v: key })).status === 204) written.push(key);
        },
      };
      await Promise.all(all.map((act) => does[act]().catch(() => undefined)));
      await operator.seal();
      const open: string[] = [];
      for (const key of known) {
        const status = await operator.unseal(new Secret(key)).catch(() => undefined);
        if (status?.sealed !== false) continue;
        open.push(key);
        for (const name of written)
          expect((await server.request("GET", `kv/${name}`)).body).toMatchObject({ data: { v: name } });
        await operator.seal();
      }
      await server.close();
      expect(open).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
}, 60_000);
