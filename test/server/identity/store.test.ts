/** The identity store by itself: subjects that stay the same object until something in them changes, and many writers at once. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { systemRandom } from "../../../lib/random.ts";
import type { EntityChange, GroupChange } from "../../../server/contract/directory.ts";
import type { Subject } from "../../../server/contract/identity.ts";
import type { Storage } from "../../../server/contract/storage.ts";
import { decodeEntity, encodeEntity } from "../../../server/identity/record.ts";
import { type IdentityStore, identityStore } from "../../../server/identity/store.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { fakeClock } from "../../fakes/clock.ts";

const toy = { path: "auth/toy/", accessor: "auth_toy_1", type: "toy" };
const other = { path: "auth/other/", accessor: "auth_toy_2", type: "toy" };
const NO_ENTITY: EntityChange = {
  id: undefined,
  name: undefined,
  metadata: undefined,
  policies: undefined,
  disabled: undefined,
};
const NO_GROUP: GroupChange = {
  id: undefined,
  name: undefined,
  type: undefined,
  metadata: undefined,
  policies: undefined,
  memberEntities: undefined,
  memberGroups: undefined,
};

let storage: Storage;
let store: IdentityStore;

function open(): IdentityStore {
  return identityStore({ storage, clock: fakeClock(Date.UTC(2026, 0, 1)), random: systemRandom() });
}

beforeEach(() => {
  storage = memoryStore();
  store = open();
});

async function entity(name: string): Promise<string> {
  return (await store.putEntity({ ...NO_ENTITY, name })).entity.id;
}

async function group(change: Partial<GroupChange>): Promise<string> {
  return (await store.putGroup({ ...NO_GROUP, ...change }, false)).group.id;
}

async function known(id: string): Promise<Subject> {
  const subject = await store.subject(id);
  if (subject === undefined) throw new Error("there is no such entity");
  return subject;
}

function login(name: string, groups?: readonly string[], at = toy): ReturnType<IdentityStore["login"]> {
  return store.login(at, { alias: name, metadata: new Map(), groups });
}

describe("a subject", () => {
  test("is one object until something in it changes; what others change leaves it alone", async () => {
    const [ann, bob] = [await entity("ann"), await entity("bob")];
    const inner = await group({ name: "inner", memberEntities: [ann] });
    const outer = await group({ name: "outer", memberGroups: [inner] });
    const apart = await group({ name: "apart", memberEntities: [bob] });
    let before = await known(ann);
    const beside = await known(bob);
    const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["the entity", () => store.putEntity({ ...NO_ENTITY, id: ann, policies: ["p"] })],
      [
        "an alias",
        () =>
          store.putAlias({
            id: undefined,
            name: "a",
            mountAccessor: toy.accessor,
            canonicalId: ann,
            customMetadata: undefined,
          }),
      ],
      ["its group", () => store.putGroup({ ...NO_GROUP, id: inner, policies: ["q"] }, false)],
      ["a group above", () => store.putGroup({ ...NO_GROUP, id: outer, policies: ["r"] }, false)],
      ["the way there", () => store.putGroup({ ...NO_GROUP, id: outer, memberGroups: [] }, false)],
      ["the way back", () => store.putGroup({ ...NO_GROUP, id: outer, memberGroups: [inner] }, false)],
      ["a new group above", () => group({ name: "top", memberGroups: [outer] })],
      ["the end of its group", () => store.deleteGroup({ id: inner })],
      [
        "a login that brings something",
        () => store.login(toy, { alias: "a", metadata: new Map([["k", "v"]]), groups: undefined }),
      ],
      ["the end of a mount", () => store.mountGone(toy.accessor)],
    ];
    for (const [what, change] of changes) {
      await change();
      const after = await known(ann);
      expect([what, after === before]).toEqual([what, false]);
      expect([what, await known(bob)]).toEqual([what, beside]);
      expect(await known(bob)).toBe(beside);
      expect(await known(ann)).toBe(after);
      before = after;
    }
    await store.putGroup({ ...NO_GROUP, id: apart, metadata: new Map([["k", "v"]]) }, false);
    expect(await known(ann)).toBe(before);
    expect(await known(bob)).not.toBe(beside);
  });

  test("shows all policies once, in order, and the groups above", async () => {
    const ann = await entity("ann");
    await store.putEntity({ ...NO_ENTITY, id: ann, policies: ["z", "B"] });
    const inner = await group({ name: "inner", memberEntities: [ann], policies: ["b", "a"] });
    const outer = await group({ name: "outer", memberGroups: [inner], policies: ["c"] });
    expect(await known(ann)).toMatchObject({ policies: ["a", "b", "c", "z"], groups: [{ id: inner }, { id: outer }] });
  });

  test("of a login that tells nothing new is the same, and nothing is written", async () => {
    const first = await login("ann", ["devs"]);
    let writes = 0;
    const counted = {
      ...storage,
      get: storage.get.bind(storage),
      list: storage.list.bind(storage),
      snapshot: storage.snapshot.bind(storage),
      transact: <T>(work: Parameters<typeof storage.transact<T>>[0]): Promise<T> =>
        storage.transact((tx) =>
          work({
            get: (key) => tx.get(key),
            list: (prefix) => tx.list(prefix),
            delete: () => {
              writes += 1;
            },
            put: () => {
              writes += 1;
            },
          }),
        ),
    };
    const again = identityStore({ storage: counted, clock: fakeClock(0), random: systemRandom() });
    const second = await again.login(toy, { alias: "ANN", metadata: new Map(), groups: ["devs"] });
    expect([first?.created, second?.created, writes]).toEqual([true, false, 0]);
    expect(second?.subject).toEqual(first?.subject);
  });

  test("never has root, whatever lies in storage", async () => {
    const ann = await entity("ann");
    await storage.transact(async (tx) => {
      const record = decodeEntity((await tx.get(`entity/${ann}`)) ?? Buffer.alloc(0));
      tx.put(`entity/${ann}`, encodeEntity({ ...record, policies: ["app", "root"] }));
    });
    expect((await known(ann)).policies).toEqual(["app"]);
  });

  test("is there again after a restart", async () => {
    const made = await login("ann");
    store = open();
    await store.open();
    expect(await store.subject(made?.subject.id ?? "")).toEqual(made?.subject);
  });

  test("of an id that is none is none", async () => {
    for (const id of [
      "",
      "x",
      "../entity",
      "a/b",
      `${await entity("ann")}/x`,
      "00000000-0000-4000-8000-000000000000",
    ]) {
      expect(await store.subject(id)).toBeUndefined();
    }
  });

  test("is never an older one than a change that has been acknowledged", async () => {
    const ann = await entity("ann");
    const team = await group({ name: "team", memberEntities: [ann] });
    for (let turn = 0; turn < 200; turn += 1) {
      const policies = [`p${turn}`];
      const reading = [known(ann), known(ann)];
      const writing =
        turn % 2 === 0
          ? store.putEntity({ ...NO_ENTITY, id: ann, policies })
          : store.putGroup({ ...NO_GROUP, id: team, policies }, false);
      reading.push(known(ann));
      await writing;
      expect((await known(ann)).policies).toContain(policies[0]);
      await Promise.all(reading);
      expect((await known(ann)).policies).toContain(policies[0]);
    }
  });
});

describe("many at once", () => {
  test("a hundred first logins of one name in any case, half of them with a group, make one entity that is in it once", async () => {
    const made = await store.putGroupAlias({
      id: undefined,
      name: "devs",
      mountAccessor: toy.accessor,
      canonicalId: undefined,
    });
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => login(i % 3 === 0 ? "Ann" : "ann", ["devs"])));
    expect(new Set(all.map((one) => one?.subject.id)).size).toBe(1);
    expect(all.filter((one) => one?.created === true)).toHaveLength(1);
    expect((await store.group({ id: made?.canonicalId ?? "" }))?.memberEntities).toEqual([all[0]?.subject.id]);
  });

  test("a hundred first logins of different names into one group are all in it", async () => {
    const made = await store.putGroupAlias({
      id: undefined,
      name: "devs",
      mountAccessor: toy.accessor,
      canonicalId: undefined,
    });
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => login(`user-${i}`, ["devs"])));
    const members = (await store.group({ id: made?.canonicalId ?? "" }))?.memberEntities;
    expect(members).toEqual(all.map((one) => one?.subject.id).sort());
  });

  test("an entity that is deleted while a group takes it in is in no group", async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const ann = await entity("ann");
      const team = await group({ name: `team-${turn}` });
      const joining = store.putGroup({ ...NO_GROUP, id: team, memberEntities: [ann] }, false).catch(() => undefined);
      await Promise.all([joining, store.deleteEntities([{ id: ann }])]);
      expect((await store.group({ id: team }))?.memberEntities).toEqual([]);
    }
  });

  test("two groups that take each other in at the same time are in no circle", async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const [a, b] = [await group({ name: `a-${turn}` }), await group({ name: `b-${turn}` })];
      const results = await Promise.allSettled([
        store.putGroup({ ...NO_GROUP, id: a, memberGroups: [b] }, false),
        store.putGroup({ ...NO_GROUP, id: b, memberGroups: [a] }, false),
      ]);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });
});

describe("what goes", () => {
  test("a mount takes all its aliases and group aliases, more than go in one transaction; others' stay", async () => {
    await store.putGroupAlias({ id: undefined, name: "devs", mountAccessor: toy.accessor, canonicalId: undefined });
    const made = await Promise.all(Array.from({ length: 220 }, (_, i) => login(`user-${i}`, ["devs"])));
    const beside = await login("user-1", undefined, other);
    await store.mountGone(toy.accessor);
    for (const one of made) {
      expect(await store.subject(one?.subject.id ?? "")).toMatchObject({ aliases: [], groups: [] });
    }
    expect(await store.subject(beside?.subject.id ?? "")).toBe(beside?.subject);
    const left: string[] = [];
    await store.eachGroup(({ alias, memberEntities }) => left.push(alias?.id ?? "", ...memberEntities));
    expect(left).toEqual([""]);
  });

  test("nothing is left in storage of an entity, a group and their names", async () => {
    const made = await login("ann");
    const team = await group({ name: "team", memberEntities: [made?.subject.id ?? ""] });
    const inner = await group({ name: "inner" });
    await store.putGroup({ ...NO_GROUP, id: team, memberGroups: [inner] }, false);
    const external = await store.putGroupAlias({
      id: undefined,
      name: "x",
      mountAccessor: toy.accessor,
      canonicalId: undefined,
    });
    await store.deleteEntities([{ id: made?.subject.id ?? "" }]);
    for (const id of [team, inner, external?.canonicalId ?? ""]) await store.deleteGroup({ id });
    expect(await storage.list("")).toEqual([]);
  });

  test("tokens of an entity have nothing of its own once it has gone into another", async () => {
    const { entity: from } = await store.putEntity({ ...NO_ENTITY, name: "from", policies: ["strong"] });
    const to = await entity("to");
    expect((await known(from.id)).policies).toEqual(["strong"]);
    await store.merge({ from: [from.id], to, keep: [] });
    expect(await known(from.id)).toMatchObject({ id: to, policies: [] });
    await store.putEntity({ ...NO_ENTITY, id: to, disabled: true });
    expect((await known(from.id)).disabled).toBe(true);
  });

  test("ids of merged entities go with the one that was left", async () => {
    const [a, b, c] = [await entity("a"), await entity("b"), await entity("c")];
    await store.merge({ from: [a], to: b, keep: [] });
    await store.merge({ from: [b], to: c, keep: [] });
    expect((await known(a)).id).toBe(c);
    expect(await known(a)).toBe(await known(c));
    expect(await known(b)).toBe(await known(c));
    await store.deleteEntities([{ id: c }]);
    expect(await store.subject(a)).toBeUndefined();
    expect(await storage.list("")).toEqual([]);
  });
});

describe("bounds of one entity", () => {
  test("256 aliases and no more", async () => {
    const ann = await entity("ann");
    const put = (n: number): Promise<unknown> =>
      store.putAlias({
        id: undefined,
        name: "ann",
        mountAccessor: `auth_toy_${n}`,
        canonicalId: ann,
        customMetadata: undefined,
      });
    for (let n = 1; n <= 256; n += 1) await put(n);
    await expect(put(257)).rejects.toMatchObject({ kind: "invalid" });
    expect((await known(ann)).aliases).toHaveLength(256);
  });

  test("in 1,000 groups and no more; a login joins no further one and is not refused", async () => {
    const ann = (await login("ann"))?.subject.id ?? "";
    for (let n = 1; n <= 1_000; n += 1) await group({ memberEntities: [ann] });
    await expect(group({ memberEntities: [ann] })).rejects.toMatchObject({ kind: "invalid" });
    await store.putGroupAlias({ id: undefined, name: "devs", mountAccessor: toy.accessor, canonicalId: undefined });
    expect((await login("ann", ["devs"]))?.subject.groups).toHaveLength(1_000);
  });
});

describe("aliases of tokens", () => {
  test("an entity is found or made by alias, once", async () => {
    const [one, two] = await Promise.all([store.ofAlias(toy.accessor, "robot"), store.ofAlias(toy.accessor, "ROBOT")]);
    expect(one.id).toBe(two.id);
    expect((await login("robot"))?.subject.id).toBe(one.id);
  });

  test("a renewal joins and leaves the external groups of its mount", async () => {
    await store.putGroupAlias({ id: undefined, name: "devs", mountAccessor: toy.accessor, canonicalId: undefined });
    const made = await login("ann");
    const id = made?.subject.id ?? "";
    await store.refresh(id, toy, ["DEVS"]);
    expect((await known(id)).groups).toHaveLength(1);
    await store.refresh(id, other, []);
    expect((await known(id)).groups).toHaveLength(1);
    await store.refresh(id, toy, []);
    expect((await known(id)).groups).toEqual([]);
    await store.refresh("nobody", toy, ["devs"]);
  });

  test("one that moves to another mount leaves behind what logins told of it (CVE-2022-40186)", async () => {
    const metadata = new Map([["desk", "7"]]);
    const made = await store.login(toy, { alias: "ann", metadata, groups: undefined });
    const [alias] = made?.subject.aliases ?? [];
    const change = { id: alias?.id, name: undefined, canonicalId: undefined, customMetadata: undefined };
    await store.putAlias({ ...change, name: "anna", mountAccessor: undefined });
    expect((await known(made?.subject.id ?? "")).aliases).toMatchObject([{ name: "anna", metadata }]);
    await store.putAlias({ ...change, mountAccessor: other.accessor });
    const [moved] = (await known(made?.subject.id ?? "")).aliases;
    expect([moved?.mountAccessor, moved?.metadata.size]).toEqual([other.accessor, 0]);
  });

  test("no alias, no entity", async () => {
    expect(await login("")).toBeUndefined();
    expect(await storage.list("")).toEqual([]);
  });

  test("what a login brings is kept within bounds, never refused for its size", async () => {
    const metadata = new Map(Array.from({ length: 200 }, (_, i) => [`k${i}`, "v"]));
    metadata.set("k0", "v".repeat(4_096)).set("k1", "v".repeat(4_097));
    const made = await store.login(toy, { alias: "ann", metadata, groups: undefined });
    const [alias] = made?.subject.aliases ?? [];
    expect(alias?.metadata.size).toBe(128);
    expect([alias?.metadata.has("k0"), alias?.metadata.has("k1")]).toEqual([true, false]);
  });
});
