/** Requests that hang while their mount goes: nothing of theirs may be left behind. And the storage that is taken away. */
import { expect, test } from "@jest/globals";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { revocable } from "../../../server/core/revocable.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { put } from "../../conformance/storage-values.ts";
import { testCore } from "../../fakes/core.ts";

const LATE = 10_000;

/** Whose writes wait for `go`: before they begin, or in the middle of a transaction. */
function slowKind(): { kind: EngineKind; go: () => void } {
  let go = (): void => undefined;
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const write = (storage: Storage, inside: boolean): Promise<undefined> =>
    storage.transact(async (tx) => {
      if (inside) await wait;
      tx.put("late", Buffer.from("x"));
      return undefined;
    });
  const on = (inside: boolean) => ({
    update: {
      about: "Writes late",
      run: async (_: unknown, { storage }: { storage: Storage }) => {
        if (!inside) await wait;
        return write(storage, inside);
      },
    },
  });
  const kind: EngineKind = {
    type: "slow",
    about: "Hangs",
    kind: "secret",
    create: () => ({
      routes: [
        route({ path: "before", about: "Before", fields: {}, on: on(false) }),
        route({ path: "inside", about: "Inside", fields: {}, on: on(true) }),
        route({
          path: "login",
          about: "Answers late",
          fields: {},
          on: { read: { about: "Reads late", run: () => wait.then(() => ({ data: { secret: "s" } })) } },
        }),
      ],
    }),
  };
  return { kind, go };
}

async function keysBelow(storage: Storage, prefix: string): Promise<readonly string[]> {
  const below: (readonly string[])[] = [];
  for (const name of await storage.list(prefix))
    below.push(name.endsWith("/") ? await keysBelow(storage, prefix + name) : [prefix + name]);
  return below.flat();
}

test.each([
  ["update", "before"],
  ["update", "inside"],
  ["read", "login"],
] as const)("%s of %s hangs beyond a disable: refused when it comes back, and leaves no key", async (operation, path) => {
  const { kind, go } = slowKind();
  const t = testCore({ kinds: [kind] });
  await t.start();
  await t.call("update", "sys/mounts/slow", { data: { type: "slow" } });
  const { uuid } = t.core.mounts.find("slow/") ?? { uuid: "" };
  const stuck = t.refusal(operation, `slow/${path}`);
  const disabled = t.call("delete", "sys/mounts/slow");
  let over = false;
  void disabled.then(() => {
    over = true;
  });
  await t.clock.advance(LATE - 1);
  expect(over).toBe(false);
  expect(await t.refusal("read", "slow/login")).toMatchObject({ kind: "not-found" });
  await t.clock.advance(1);
  await disabled;
  go();
  expect(await stuck).toMatchObject({ kind: "unavailable" });
  expect(await keysBelow(t.store, `logical/${uuid}/`)).toEqual([]);
});

test("a storage that is taken away: every verb is refused, what was landing has landed", async () => {
  const store = memoryStore();
  let land = (): void => undefined;
  const landing = new Promise<void>((resolve) => {
    land = resolve;
  });
  const slow: Storage = {
    ...store,
    transact: async (work) => {
      const result = await store.transact(work);
      await landing;
      return result;
    },
  };
  const taken = revocable(slow);
  const { storage } = taken;
  const written = put(storage, { a: "1" });
  await new Promise((resolve) => setImmediate(resolve));
  let revoked = false;
  const done = taken.revoke().then(() => {
    revoked = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(revoked).toBe(false);
  const gone = { kind: "unavailable" };
  await expect(storage.get("a")).rejects.toMatchObject(gone);
  await expect(storage.list("")).rejects.toMatchObject(gone);
  await expect(put(storage, { b: "1" })).rejects.toMatchObject(gone);
  expect(() => storage.snapshot()).toThrow(expect.objectContaining(gone));
  land();
  await Promise.all([written, done]);
  expect(Buffer.from((await store.get("a")) ?? "").toString()).toBe("1");
});
