/** Batch tokens: all in their string, which nobody can alter; ended by the clock and their parent alone. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import type { TokenEntry } from "../../../server/contract/token.ts";
import type { NewToken } from "../../../server/contract/tokens.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { BatchTokens } from "../../../server/token/batch.ts";
import { everyKey, KEPT_KEYS, testTokens } from "../../fakes/tokens.ts";

const BATCH = { type: "batch", ttl: 60_000, policies: ["b", "a"], metadata: new Map([["__proto__", "x"]]) } as const;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("a batch token", () => {
  test("is found with all it was made with, after a seal and a restart too; nothing of it is stored", async () => {
    const { tokens, make, store, clock } = await testTokens();
    const { token, entry } = await make({ ...BATCH, boundCidrs: ["10.0.0.0/8"], entityId: "e", role: "r" });
    expect(token.reveal()).toMatch(/^hvb\.[\w-]+$/);
    expect(entry).toMatchObject({
      type: "batch",
      accessor: "",
      policies: ["a", "b"],
      renewable: false,
      orphan: true,
      leaseId: "",
      creationTime: 1_000_000,
      expireTime: 1_060_000,
      boundCidrs: ["10.0.0.0/8"],
      entityId: "e",
      role: "r",
    });
    expect(await tokens.find(token)).toEqual(entry);
    tokens.forget();
    await tokens.open();
    expect(await tokens.find(token)).toEqual(entry);
    expect(await (await testTokens({ storage: store, clock })).tokens.find(token)).toEqual(entry);
    expect(await everyKey(store)).toEqual(KEPT_KEYS);
    expect(await tokens.byId(entry.id)).toBeUndefined();
  });

  test.each([
    [59_999, true],
    [60_000, false],
  ])("after %d ms of a minute it works: %s", async (ms, works) => {
    const { tokens, make, clock } = await testTokens();
    const { token } = await make(BATCH);
    await clock.advance(ms);
    expect((await tokens.find(token)) !== undefined).toBe(works);
  });

  test("ends with its parent, and needs a live one", async () => {
    const { tokens, make } = await testTokens();
    const top = (await make()).entry;
    const parent = (await make({ parent: top.id })).entry;
    const { token } = await make({ ...BATCH, parent: parent.id });
    expect(await tokens.find(token)).toMatchObject({ parent: parent.id, orphan: false });
    await tokens.revoke(top.id);
    expect(await tokens.find(token)).toBeUndefined();
    await expect(make({ ...BATCH, parent: parent.id })).rejects.toMatchObject({ kind: "denied" });
  });

  test.each<[string, Partial<NewToken>]>([
    ["root", { policies: ["root"] }],
    ["with uses", { numUses: 1 }],
    ["counted", { most: 1 }],
    ["with a chosen id", { id: new Secret("mine") }],
    ["too long for a header", { metadata: new Map([["a", "x".repeat(8000)]]) }],
  ])("is refused when it is to be %s", async (_what, over) => {
    const { make } = await testTokens();
    await expect(make({ ...BATCH, ...over })).rejects.toMatchObject({ kind: "invalid" });
  });

  test("cannot be renewed", async () => {
    const { tokens, make } = await testTokens();
    const { entry } = await make(BATCH);
    await expect(tokens.renew(entry, entry.expireTime + 1)).rejects.toMatchObject({ kind: "invalid" });
  });

  test("of another store is worth nothing, and none works while sealed", async () => {
    const one = await testTokens();
    const { token } = await one.make(BATCH);
    expect(await (await testTokens()).tokens.find(token)).toBeUndefined();
    one.tokens.forget();
    await expect(one.tokens.find(token)).rejects.toMatchObject({ kind: "sealed" });
  });
});

describe("what a string holds is unsealed once", () => {
  const ENTRY: Omit<TokenEntry, "id"> = {
    accessor: "",
    type: "batch",
    policies: ["a"],
    path: "auth/token/create",
    displayName: "token",
    metadata: new Map(),
    creationTime: 1,
    lastRenewalTime: 0,
    expireTime: 2,
    creationTtl: 1,
    explicitMaxTtl: 0,
    period: 0,
    renewable: false,
    maxTtl: 0,
    numUses: 0,
    orphan: true,
    parent: "",
    boundCidrs: [],
    entityId: "",
    role: "",
    leaseId: "",
    internal: new Map(),
  };

  async function opened(most?: number): Promise<{ readonly batch: BatchTokens; readonly seal: () => Secret }> {
    const batch = new BatchTokens(most);
    await batch.open(memoryStore(), systemRandom());
    const random = systemRandom();
    return { batch, seal: () => batch.seal({ entry: ENTRY, mount: "" }, random) };
  }

  test("and the same object is handed out until the key is forgotten", async () => {
    const { batch, seal } = await opened();
    const token = seal();
    const first = batch.unseal(token, "id");
    expect(first).toEqual({ entry: { ...ENTRY, id: "id" }, mount: "" });
    expect(batch.unseal(token, "id")).toBe(first);
    batch.forget();
    expect(() => batch.unseal(token, "id")).toThrow("sealed");
  });

  test.each([
    [1, true],
    [0, false],
  ])("of two strings, with the bound at %d above one character too few, the older is kept: %s", async (more, kept) => {
    const length = (await opened()).seal().reveal().length;
    const { batch, seal } = await opened(2 * length - 1 + more);
    const [one, two] = [seal(), seal()];
    const first = batch.unseal(one, "one");
    batch.unseal(two, "two");
    expect(batch.unseal(one, "one") === first).toBe(kept);
    expect(batch.unseal(one, "one")).toEqual(first);
  });
});

describe("no altered string is taken", () => {
  test("property: any character changed, put in, taken out or put behind", async () => {
    const { tokens, make } = await testTokens();
    const text = (await make(BATCH)).token.reveal();
    const change = fc.record({
      what: fc.constantFrom("replace", "insert", "delete", "append"),
      at: fc.nat(text.length - 1),
      by: fc.oneof(fc.constantFrom(...DIGITS), fc.constantFrom("=", "+", "/", " ", "\n", ".", "\u00e9"), fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ what, at, by }) => {
        const tail = what === "insert" ? at : at + 1;
        const altered =
          what === "append" ? text + by : text.slice(0, at) + (what === "delete" ? "" : by) + text.slice(tail);
        const found = await tokens.find(new Secret(altered));
        expect(found !== undefined).toBe(altered === text);
      }),
      { numRuns: 2000 },
    );
  });

  test("property: nor any of the 63 other characters at the end, where base64url has spare bits", async () => {
    const { tokens, make } = await testTokens();
    for (const extra of ["", "x", "xx"]) {
      const text = (await make({ ...BATCH, displayName: `token${extra}` })).token.reveal();
      for (const digit of DIGITS) {
        const altered = text.slice(0, -1) + digit;
        expect((await tokens.find(new Secret(altered))) !== undefined).toBe(altered === text);
      }
    }
  });

  test("property: arbitrary bytes in the form of one are refused without a throw", async () => {
    const { tokens } = await testTokens();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const first = Buffer.concat([Buffer.of(1), bytes]);
        for (const body of [bytes, first]) {
          const text = `hvb.${Buffer.from(body).toString("base64url")}`;
          expect(await tokens.find(new Secret(text))).toBeUndefined();
        }
      }),
    );
  });
});
