/** What every store must do when transactions meet: conflicts, retries, fairness. Part of `storageConformance`. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import type { Reader, Storage, Store } from "../../server/contract/storage.ts";
import { bytes, put, text } from "./storage-values.ts";

export function contention(store: () => Store): void {
  const conflicting: readonly [
    string,
    (tx: Reader) => Promise<unknown>,
    Record<string, string | undefined>,
    boolean,
  ][] = [
    ["a read key is changed", (tx) => tx.get("k"), { k: "2" }, true],
    ["a read key is deleted", (tx) => tx.get("k"), { k: undefined }, true],
    ["a key read as absent appears", (tx) => tx.get("absent"), { absent: "1" }, true],
    ["a listed folder gains a key", (tx) => tx.list("f/"), { "f/b": "1" }, true],
    ["a listed folder loses a key", (tx) => tx.list("f/"), { "f/a": undefined }, true],
    ["the listed root gains a folder", (tx) => tx.list(""), { "g/h/i": "1" }, true],
    ["a value in a listed folder is changed", (tx) => tx.list("f/"), { "f/a": "2" }, false],
    ["another key is changed", (tx) => tx.get("k"), { other: "2" }, false],
    ["a key is written that was only written here", () => Promise.resolve(), { out: "theirs" }, false],
  ];
  test.each(conflicting)("meanwhile %s", async (_, read, meanwhile, conflicts) => {
    await put(store(), { k: "1", "f/a": "1" });
    let calls = 0;
    await store().transact(async (tx) => {
      calls += 1;
      await read(tx);
      if (calls === 1) await put(store(), meanwhile);
      tx.put("out", bytes("ours"));
    });
    expect(calls).toBe(conflicts ? 2 : 1);
    expect(text(await store().get("out"))).toBe("ours");
  });

  test("a read-only transaction is never run twice and shows one state", async () => {
    await put(store(), { x: "1", y: "1" });
    let calls = 0;
    const seen = await store().transact(async (tx) => {
      calls += 1;
      const x = text(await tx.get("x"));
      await put(store(), { x: "2", y: "2" });
      return [x, text(await tx.get("y")), text(await tx.get("x"))];
    });
    expect({ seen, calls }).toEqual({ seen: ["1", "1", "1"], calls: 1 });
  });

  test("after 16 conflicts it gives up with a fault and nothing written", async () => {
    let calls = 0;
    const run = store().transact(async (tx) => {
      calls += 1;
      await tx.get("hot");
      await put(store(), { hot: String(calls) });
      tx.put("out", bytes("1"));
    });
    await expect(run).rejects.toMatchObject({ kind: "conflict" });
    expect(calls).toBe(16);
    expect(await store().get("out")).toBeUndefined();
  });

  const count = (tx: Storage): ((amount: number) => Promise<void>) => {
    return (amount) =>
      tx.transact(async (t) => {
        t.put("count", bytes(String(Number(text(await t.get("count")) ?? "0") + amount)));
      });
  };

  test("100 increments of one counter at the same time all count", async () => {
    await Promise.all(Array.from({ length: 100 }, () => count(store())(1)));
    expect(text(await store().get("count"))).toBe("100");
  });

  test("writers who read two keys in opposite orders, 40 of each, all get through", async () => {
    const both = (first: string, second: string): Promise<void> =>
      store().transact(async (tx) => {
        const a = Number(text(await tx.get(first)) ?? "0");
        await delay(1);
        const b = Number(text(await tx.get(second)) ?? "0");
        tx.put(first, bytes(String(a + 1)));
        tx.put(second, bytes(String(b + 1)));
      });
    const touch = (key: string): Promise<void> =>
      store().transact(async (tx) => {
        tx.put(key, bytes(String(Number(text(await tx.get(key)) ?? "0") + 1)));
      });
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => [both("p", "q"), both("q", "p"), touch(i % 2 === 0 ? "p" : "q")]).flat(),
    );
    expect([text(await store().get("p")), text(await store().get("q"))]).toEqual(["100", "100"]);
  });

  test("of 50 who claim one absent key exactly one wins", async () => {
    const claims = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store().transact(async (tx) => {
          if ((await tx.get("claim")) !== undefined) return false;
          tx.put("claim", bytes(String(i)));
          return true;
        }),
      ),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(text(await store().get("claim"))).toBe(String(claims.indexOf(true)));
  });

  test("money moved between accounts is neither made nor lost", async () => {
    const names = ["a", "b", "c", "d"];
    await put(store(), Object.fromEntries(names.map((name) => [`acct/${name}`, "100"])));
    const move = (from: string, to: string): Promise<void> =>
      store().transact(async (tx) => {
        const source = Number(text(await tx.get(`acct/${from}`)));
        await delay(0);
        const target = Number(text(await tx.get(`acct/${to}`)));
        tx.put(`acct/${from}`, bytes(String(source - 1)));
        tx.put(`acct/${to}`, bytes(String(target + 1)));
      });
    const sums: number[] = [];
    const audit = async (): Promise<void> => {
      const shot = store().snapshot();
      let sum = 0;
      for (const name of names) {
        sum += Number(text(await shot.get(`acct/${name}`)));
        await delay(0);
      }
      shot.close();
      sums.push(sum);
    };
    const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));
    await Promise.all([...pairs, ...pairs].flatMap(([from, to]) => [move(from, to), audit()]));
    await audit();
    expect(new Set(sums)).toEqual(new Set([400]));
  });
}
