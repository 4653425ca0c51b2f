/** KV version 1. */
import { describe, expect, test } from "@jest/globals";
import { kvV1 } from "../../../../server/engines/kv/kv.ts";
import { dataOf, dataText, testEngine } from "../../../fakes/engine.ts";

test("what is written is read back byte for byte, in order, numbers as sent", async () => {
  const kv = testEngine(kvV1);
  const body = '{"z":12345678901234567890,"1":1.0,"10":1e400,"__proto__":{"a":"b"},"constructor":null,"path":"mine"}';
  expect(await kv.call("create", "app/db", body)).toBeUndefined();
  expect(dataText(await kv.call("read", "app/db"))).toBe(body);
  kv.forget();
  expect(dataText(await kv.call("read", "app/db"))).toBe(body);
});

test("a write replaces the whole secret, and a cached read sees it", async () => {
  const kv = testEngine(kvV1);
  await kv.call("create", "a", '{"x":1,"y":2}');
  await kv.call("read", "a");
  await kv.call("update", "a", '{"x":3}');
  expect(dataOf(await kv.call("read", "a"))).toEqual({ x: 3 });
});

test("while nothing changes, reads give the same object to memoise on", async () => {
  const kv = testEngine(kvV1);
  await kv.call("create", "a", '{"x":1}');
  const first = await kv.call("read", "a");
  expect((await kv.call("read", "a"))?.cacheKey).toBe(first?.cacheKey);
  await kv.call("update", "a", '{"x":1}');
  expect((await kv.call("read", "a"))?.cacheKey).not.toBe(first?.cacheKey);
});

describe("the lease duration is a hint", () => {
  test.each([
    ['{"a":"b"}', 2_764_800_000],
    ['{"ttl":"1h"}', 3_600_000],
    ['{"ttl":90}', 90_000],
    ['{"lease":"2m"}', 120_000],
    ['{"ttl":"30s","lease":"2m"}', 30_000],
    ['{"ttl":"soon"}', 2_764_800_000],
    ['{"ttl":{"x":1}}', 2_764_800_000],
  ])("%s: %d ms", async (body, ms) => {
    const kv = testEngine(kvV1);
    await kv.call("create", "a", body);
    expect((await kv.call("read", "a"))?.leaseDuration).toBe(ms);
  });
});

test("list shows one level; folders end in a slash", async () => {
  const kv = testEngine(kvV1);
  for (const path of ["a", "a/b", "a/c/d", "e"]) await kv.call("create", path, '{"x":1}');
  expect(dataOf(await kv.call("list", ""))).toEqual({ keys: ["a", "a/", "e"] });
  expect(dataOf(await kv.call("list", "a/"))).toEqual({ keys: ["b", "c/"] });
  expect(dataOf(await kv.call("list", "a"))).toEqual({ keys: ["b", "c/"] });
});

test("delete removes it and is no error twice; the folder goes with its last secret", async () => {
  const kv = testEngine(kvV1);
  await kv.call("create", "a/b", '{"x":1}');
  await kv.call("read", "a/b");
  expect(await kv.call("delete", "a/b")).toBeUndefined();
  expect(await kv.call("delete", "a/b")).toBeUndefined();
  expect(await kv.refusal("read", "a/b")).toMatchObject({ kind: "not-found", errors: [] });
  expect(await kv.refusal("list", "a/")).toMatchObject({ kind: "not-found", errors: [] });
});

test.each([
  ["read", "", "{}", "not-found"],
  ["read", "a/", "{}", "not-found"],
  ["update", "", '{"x":1}', "invalid"],
  ["update", "a/", '{"x":1}', "invalid"],
  ["update", "a", "{}", "invalid"],
  ["delete", "", "{}", "invalid"],
] as const)("%s %j with %s is %s", async (operation, path, body, kind) => {
  expect(await testEngine(kvV1).refusal(operation, path, body)).toMatchObject({ kind });
});

test("exists tells create from update", async () => {
  const kv = testEngine(kvV1);
  expect(await kv.exists("a")).toBe(false);
  await kv.call("create", "a", '{"x":1}');
  expect(await kv.exists("a")).toBe(true);
  expect(await kv.exists("a/b")).toBe(false);
  await kv.call("delete", "a");
  expect(await kv.exists("a")).toBe(false);
});
