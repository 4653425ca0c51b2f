/** The token store on a store in memory: what is kept, uses, trees, expiry, recovery after a crash. */
import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import { looksLikeToken } from "../../../lib/token-string.ts";
import type { Store } from "../../../server/contract/storage.ts";
import type { TokenEntry } from "../../../server/contract/token.ts";
import type { NewToken } from "../../../server/contract/tokens.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { tokenStore } from "../../../server/token/store.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { everyKey, KEPT_KEYS } from "../../fakes/tokens.ts";

const NEW: NewToken = {
  id: undefined,
  type: "service",
  policies: ["default"],
  path: "auth/token/create",
  displayName: "token",
  metadata: new Map([["__proto__", "x"]]),
  ttl: 3_600_000,
  explicitMaxTtl: 0,
  maxTtl: 0,
  period: 0,
  renewable: true,
  numUses: 0,
  parent: "",
  boundCidrs: [],
  entityId: "",
  role: "",
  internal: new Map([["nonce", "n"]]),
};

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

async function opened(store: Store = memoryStore(), clock = fakeClock(1_000_000)) {
  const logged: string[] = [];
  const parts = {
    storage: store,
    clock,
    random: systemRandom(),
    log: (_level: string, m: string) => void logged.push(m),
  };
  const tokens = tokenStore(parts);
  await tokens.open();
  const make = (over: Partial<NewToken> = {}) => tokens.create({ ...NEW, ...over });
  const run = () => {
    const stop = new AbortController();
    stops.push(stop);
    return { stop, done: tokens.expire(stop.signal) };
  };
  return { tokens, store, clock, make, run, logged };
}

describe("a token", () => {
  test("is found by its string, its id and its accessor, also after a restart", async () => {
    const { tokens, make, store, clock } = await opened();
    const { token, entry } = await make({ policies: ["B", " a ", "b"] });
    expect(looksLikeToken(token.reveal())).toBe(true);
    expect(entry).toMatchObject({ policies: ["a", "b"], creationTime: 1_000_000, expireTime: 4_600_000, orphan: true });
    const again = (await opened(store, clock)).tokens;
    for (const t of [tokens, again]) {
      expect(await t.find(token)).toEqual(entry);
      expect(await t.byId(entry.id)).toEqual(entry);
      expect(await t.byAccessor(entry.accessor)).toEqual(entry);
      expect(await t.find(new Secret(`${token.reveal()}x`))).toBeUndefined();
      expect(await t.byAccessor("none")).toBeUndefined();
    }
  });

  test("leaves neither its string nor its accessor in any key, and its string in no value", async () => {
    const { make, store } = await opened();
    const { token, entry } = await make();
    for (const key of await everyKey(store)) {
      expect(key).not.toContain(token.reveal());
      expect(key).not.toContain(entry.accessor);
      expect(Buffer.from((await store.get(key)) ?? []).toString()).not.toContain(token.reveal());
    }
  });

  test("may have a chosen string, once", async () => {
    const { tokens, make } = await opened();
    const id = new Secret("root");
    await make({ id, policies: ["root"], ttl: 0 });
    expect((await tokens.find(new Secret("root")))?.expireTime).toBe(0);
    await expect(make({ id })).rejects.toMatchObject({ kind: "invalid" });
  });

  test("lives for ever only as root", async () => {
    const { make } = await opened();
    await expect(make({ ttl: 0 })).rejects.toMatchObject({ kind: "internal" });
    expect((await make({ ttl: 0, policies: ["ROOT ", "x"] })).entry.policies).toEqual(["root"]);
  });

  test("needs a live parent", async () => {
    const { tokens, make, clock } = await opened();
    const parent = (await make()).entry;
    expect((await make({ parent: parent.id })).entry).toMatchObject({ orphan: false, parent: parent.id });
    await tokens.revoke(parent.id);
    await expect(make({ parent: parent.id })).rejects.toMatchObject({ kind: "denied" });
    // Nobody has swept these yet.
    const [ending, once] = [await make({ ttl: 60_000 }), await make({ numUses: 1 })];
    await tokens.use(once.entry);
    clock.jump(60_000);
    for (const { entry } of [ending, once]) {
      await expect(make({ parent: entry.id })).rejects.toMatchObject({ kind: "denied" });
      await expect(make({ parent: entry.id, type: "batch" })).rejects.toMatchObject({ kind: "denied" });
    }
  });

  test("may not be the 257th below another", async () => {
    const { make } = await opened();
    let parent = "";
    for (let depth = 0; depth <= 256; depth += 1) parent = (await make({ parent })).entry.id;
    await expect(make({ parent })).rejects.toMatchObject({ kind: "invalid" });
  });
});

describe("uses", () => {
  test.each([[1], [7], [50]])("of 50 concurrent calls exactly %d get a use", async (numUses) => {
    const { tokens, make } = await opened();
    const { token, entry } = await make({ numUses });
    const used = await Promise.all(Array.from({ length: 50 }, () => tokens.use(entry)));
    const got = used.filter((u): u is TokenEntry => u !== undefined);
    expect(got).toHaveLength(numUses);
    expect(got.map((u) => u.numUses).sort((a, b) => a - b)).toEqual([
      -1,
      ...Array.from({ length: numUses - 1 }, (_, i) => i + 1),
    ]);
    expect(await tokens.find(token)).toBeUndefined();
    await Promise.all(got.map((u) => tokens.spent(u)));
    expect(await tokens.accessors()).toEqual([]);
  });

  test("a token without a limit is not written", async () => {
    const { tokens, make, store } = await opened();
    const { entry } = await make();
    const before = await Promise.all((await everyKey(store)).map((key) => store.get(key)));
    expect(await tokens.use(entry)).toBe(entry);
    await tokens.spent(entry);
    expect(await Promise.all((await everyKey(store)).map((key) => store.get(key)))).toEqual(before);
  });

  test("spent before the last use does nothing", async () => {
    const { tokens, make } = await opened();
    const { token, entry } = await make({ numUses: 2 });
    const after = await tokens.use(entry);
    await tokens.spent(after ?? entry);
    expect((await tokens.find(token))?.numUses).toBe(1);
  });

  test("a token whose last request a crash cut short is swept at the next start", async () => {
    const { tokens, make, store, clock } = await opened();
    const { entry } = await make({ numUses: 1 });
    await tokens.use(entry);
    const next = await opened(store, clock);
    next.run();
    await clock.advance(10);
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
  });
});

describe("revocation", () => {
  test("takes the whole tree and leaves nothing in storage", async () => {
    const { tokens, make, store } = await opened();
    const top = await make();
    const made = [top];
    for (let i = 0; i < 200; i += 1) made.push(await make({ parent: made[Math.floor(i / 3)]?.entry.id ?? "" }));
    await tokens.revoke(top.entry.id);
    for (const { token } of made) expect(await tokens.find(token)).toBeUndefined();
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
  });

  test("children made while it runs die with the tree", async () => {
    const { tokens, make, store } = await opened();
    const top = (await make()).entry;
    const middle = await Promise.all(Array.from({ length: 20 }, () => make({ parent: top.id })));
    const late = middle.map(async ({ entry }) => {
      await Promise.resolve();
      return make({ parent: entry.id });
    });
    await tokens.revoke(top.id);
    for (const outcome of await Promise.allSettled(late)) {
      if (outcome.status === "fulfilled") expect(await tokens.find(outcome.value.token)).toBeUndefined();
      else expect(outcome.reason).toMatchObject({ kind: "denied" });
    }
    await tokens.revoke(top.id);
    expect((await everyKey(store)).filter((key) => key.includes("/child/"))).toEqual([]);
  });

  test("is over once the top is marked, and a crash there is made good at the next start", async () => {
    const store = memoryStore();
    const first = await opened(store);
    const top = await first.make();
    const child = await first.make({ parent: top.entry.id });
    let commits = -10;
    const crashing: Store = {
      ...store,
      transact: (work) => {
        commits += 1;
        return commits === 2 ? Promise.reject(new Error("power cut")) : store.transact(work);
      },
    };
    const second = await opened(crashing, first.clock);
    commits = 0;
    await expect(second.tokens.revoke(top.entry.id)).rejects.toThrow("power cut");
    const third = await opened(store, first.clock);
    for (const { tokens } of [second, third]) {
      expect(await tokens.find(child.token)).toBeUndefined();
      expect(await tokens.find(top.token)).toBeUndefined();
    }
    third.run();
    await first.clock.advance(10);
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
  });

  test("of an orphaning kind lets the children live on, however many", async () => {
    const { tokens, make, store } = await opened();
    const top = (await make()).entry;
    const children = await Promise.all(Array.from({ length: 150 }, () => make({ parent: top.id })));
    const below = await make({ parent: children[0]?.entry.id ?? "" });
    await tokens.revokeOrphan(top.id);
    expect(await tokens.byId(top.id)).toBeUndefined();
    for (const { token } of children) expect(await tokens.find(token)).toMatchObject({ orphan: true, parent: "" });
    expect(await tokens.find(below.token)).toMatchObject({ orphan: false });
    expect(await store.list(`sys/token/child/${top.id}/`)).toEqual([]);
  });

  test("by prefix takes what one mount has made", async () => {
    const { tokens, make } = await opened();
    const aws = await make({ path: "auth/aws/login" });
    const child = await make({ parent: aws.entry.id });
    const other = await make({ path: "auth/aws-ec2/login" });
    await tokens.revokePrefix("auth/aws/");
    expect(await tokens.find(aws.token)).toBeUndefined();
    expect(await tokens.find(child.token)).toBeUndefined();
    expect(await tokens.accessors()).toEqual([other.entry.accessor]);
  });

  test("of what is not there is no error", async () => {
    const { tokens } = await opened();
    await expect(tokens.revoke("0".repeat(64))).resolves.toBeUndefined();
    await expect(tokens.revokeOrphan("0".repeat(64))).resolves.toBeUndefined();
  });

  test("a new token with a revoked one's chosen string does not bring its children back", async () => {
    const { tokens, make } = await opened();
    const id = new Secret("chosen");
    const child = await make({ parent: (await make({ id })).entry.id });
    await tokens.find(child.token);
    await tokens.revoke((await tokens.find(id))?.id ?? "");
    await make({ id });
    expect(await tokens.find(child.token)).toBeUndefined();
  });

  test("property: any mix of create, revoke and orphan leaves what the model leaves", async () => {
    const step = fc.record({ what: fc.constantFrom("create", "create", "create", "revoke", "orphan"), at: fc.nat(40) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { tokens, make, store } = await opened();
        const model = new Model();
        for (const { what, at } of steps) {
          const target = model.at(at);
          if (what === "create" || target === undefined) {
            const parent = target === undefined || !model.lives(target) || at % 4 === 0 ? "" : target;
            model.add((await make({ parent })).entry.id, parent);
          } else if (what === "orphan" && model.lives(target)) {
            await tokens.revokeOrphan(target);
            model.orphan(target);
          } else {
            await tokens.revoke(target);
            model.dead.add(target);
          }
        }
        const ids = [...model.parents.keys()];
        for (const id of ids) expect((await tokens.byId(id)) !== undefined).toBe(model.lives(id));
        const live = ids.filter((id) => model.lives(id));
        expect(await tokens.accessors()).toHaveLength(live.length);
        expect(await store.list("sys/token/id/")).toEqual(live.sort());
      }),
      { numRuns: 100 },
    );
  });
});

/** Which tokens are alive, told from parents and revocations alone. */
class Model {
  readonly parents = new Map<string, string>();
  readonly dead = new Set<string>();

  add(id: string, parent: string): void {
    this.parents.set(id, parent);
  }

  at(n: number): string | undefined {
    return this.parents.size === 0 ? undefined : [...this.parents.keys()][n % this.parents.size];
  }

  lives(id: string): boolean {
    const parent = this.parents.get(id) ?? "";
    return !this.dead.has(id) && (parent === "" || this.lives(parent));
  }

  orphan(id: string): void {
    this.dead.add(id);
    for (const [child, parent] of this.parents) if (parent === id) this.parents.set(child, "");
  }
}

describe("expiry", () => {
  test.each([
    [3_599_999, true],
    [3_600_000, false],
  ])("after %d ms of an hour it is live: %s, swept or not", async (ms, live) => {
    const { tokens, make, clock } = await opened();
    const { token } = await make();
    await clock.advance(ms);
    expect((await tokens.find(token)) !== undefined).toBe(live);
  });

  test("takes children at once, and storage soon", async () => {
    const { tokens, make, clock, store, run } = await opened();
    run();
    const parent = (await make({ ttl: 1000 })).entry;
    const child = await make({ parent: parent.id });
    await tokens.find(child.token);
    clock.jump(1000);
    expect(await tokens.find(child.token)).toBeUndefined();
    await clock.advance(60_000);
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
  });

  test("renewal moves it", async () => {
    const { tokens, make, clock, run } = await opened();
    run();
    const { token, entry } = await make({ ttl: 10_000 });
    await clock.advance(9_000);
    const renewed = await tokens.renew(entry, clock.now() + 10_000);
    expect(renewed).toMatchObject({ lastRenewalTime: clock.now(), expireTime: clock.now() + 10_000 });
    // What a reply tells is the difference of the two, so the wait for the disk must not be in it.
    const reckoned = clock.now() - 3;
    expect(await tokens.renew(entry, reckoned + 10_003, reckoned)).toMatchObject({
      lastRenewalTime: reckoned,
      expireTime: renewed.expireTime,
    });
    await clock.advance(9_999);
    expect(await tokens.find(token)).toEqual({ ...renewed, lastRenewalTime: reckoned });
    await clock.advance(1);
    expect(await tokens.find(token)).toBeUndefined();
    await expect(tokens.renew(entry, clock.now() + 10_000)).rejects.toMatchObject({ kind: "invalid" });
  });

  test("what fell due while the server was down goes at the next start", async () => {
    const { make, clock, store } = await opened();
    for (let i = 0; i < 200; i += 1) await make({ ttl: 1000 });
    const kept = await make();
    clock.jump(2000);
    const next = await opened(store, clock);
    next.run();
    for (let i = 0; i < 20; i += 1) await clock.advance(1000);
    expect(await store.list("sys/token/id/")).toEqual([kept.entry.id]);
  });

  test("ends when told, also while it sleeps", async () => {
    const { run, clock } = await opened();
    const { stop, done } = run();
    await clock.advance(10);
    stop.abort();
    await expect(done).resolves.toBeUndefined();
  });
});

test("sealed: nothing can be looked up after forget", async () => {
  const { tokens, make } = await opened();
  const { token } = await make();
  tokens.forget();
  await expect(tokens.find(token)).rejects.toMatchObject({ kind: "sealed" });
  await tokens.open();
  expect(await tokens.find(token)).toBeDefined();
});
