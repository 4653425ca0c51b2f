/** What goes with a token: asked for while the token is dead but still there, again when that failed or was cut short. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { memoryStore } from "../../../server/storage/memory.ts";
import { everyKey, KEPT_KEYS, type TestTokens, testTokens } from "../../fakes/tokens.ts";

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
});

interface Told {
  readonly ids: string[];
  fails: number;
}

async function opened(store = memoryStore()): Promise<TestTokens & { readonly told: Told }> {
  const told: Told = { ids: [], fails: 0 };
  const made: TestTokens = await testTokens({
    storage: store,
    ended: async (id) => {
      expect(await made.tokens.byId(id)).toBeUndefined();
      expect(await store.get(`sys/token/id/${id}`)).toBeDefined();
      told.ids.push(id);
      if (told.fails > 0) {
        told.fails -= 1;
        throw new Error("directory is down");
      }
    },
  });
  return { ...made, told };
}

describe("what goes with a token is ended", () => {
  test("with each of a tree that is revoked, once", async () => {
    const { tokens, make, told } = await opened();
    const top = (await make()).entry;
    const below = await Promise.all(Array.from({ length: 150 }, () => make({ parent: top.id })));
    await tokens.revoke(top.id);
    expect(told.ids.slice().sort()).toEqual([top.id, ...below.map(({ entry }) => entry.id)].sort());
  });

  test("with one that is revoked alone, its children live on", async () => {
    const { tokens, make, told } = await opened();
    const top = (await make()).entry;
    const child = await make({ parent: top.id });
    await tokens.revokeOrphan(top.id);
    expect(told.ids).toEqual([top.id]);
    expect(await tokens.find(child.token)).toMatchObject({ orphan: true });
  });

  test("with one that expires, and its last use", async () => {
    const { tokens, make, told, run, clock } = await opened();
    const done = run(stop.signal);
    const short = (await make({ ttl: 1000 })).entry;
    const once = (await make({ numUses: 1 })).entry;
    await clock.advance(1000);
    expect(told.ids).toEqual([short.id]);
    await tokens.spent((await tokens.use(once)) ?? once);
    expect(told.ids).toEqual([short.id, once.id]);
    stop.abort();
    await done;
  });

  test.each([["revoke"], ["revokeOrphan"]] as const)("again until it succeeds: %s", async (how) => {
    const { tokens, make, told, run, clock, store } = await opened();
    const done = run(stop.signal);
    const { token, entry } = await make();
    told.fails = 2;
    await expect(tokens[how](entry.id)).rejects.toThrow("directory is down");
    expect(await tokens.find(token)).toBeUndefined();
    await clock.advance(0);
    expect(told.ids).toEqual([entry.id, entry.id]);
    expect(await store.list("sys/token/ending/")).toEqual([entry.id]);
    await clock.advance(60_000);
    expect(told.ids).toEqual([entry.id, entry.id, entry.id]);
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
    stop.abort();
    await done;
  });

  test("after a crash, at the next start", async () => {
    const first = await opened();
    const { entry } = await first.make();
    first.told.fails = 1;
    await expect(first.tokens.revoke(entry.id)).rejects.toThrow();
    const next = await opened(first.store);
    const done = next.run(stop.signal);
    await next.clock.advance(10);
    expect(next.told.ids).toEqual([entry.id]);
    expect(await everyKey(first.store)).toEqual(KEPT_KEYS);
    stop.abort();
    await done;
  });
});
