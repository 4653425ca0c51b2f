/** KV version 2: metadata, custom_metadata, subkeys, paths, and what is cached. */
import { describe, expect, test } from "@jest/globals";
import { kvV2 } from "../../../../server/engines/kv/kv.ts";
import { dataOf, dataText, type TestEngine, testEngine } from "../../../fakes/engine.ts";

function write(kv: TestEngine, path: string, data: string, options = "{}") {
  return kv.call("update", `data/${path}`, `{"data":${data},"options":${options}}`);
}

async function written(kv: TestEngine, count: number, path = "a") {
  for (let i = 1; i <= count; i += 1) await write(kv, path, `{"n":${String(i)}}`);
}

describe("metadata", () => {
  test("list is one level", async () => {
    const kv = testEngine(kvV2);
    for (const path of ["a", "a/b", "c/d"]) await written(kv, 1, path);
    expect(dataOf(await kv.call("list", "metadata/"))).toEqual({ keys: ["a", "a/", "c/"] });
    expect(dataOf(await kv.call("list", "metadata/a/"))).toEqual({ keys: ["b"] });
    expect(await kv.refusal("list", "metadata/x/")).toMatchObject({ kind: "not-found", errors: [] });
  });

  test("a write changes what it names, a patch with null takes it back", async () => {
    const kv = testEngine(kvV2);
    const body =
      '{"max_versions":3,"cas_required":true,"delete_version_after":"1h","custom_metadata":{"a":"1","__proto__":"2"}}';
    await kv.call("update", "metadata/a", body);
    await kv.call("patch", "metadata/a", '{"max_versions":null,"custom_metadata":{"a":null,"b":"3"}}');
    expect(dataText(await kv.call("read", "metadata/a"))).toContain('"custom_metadata":{"__proto__":"2","b":"3"}');
    expect(dataOf(await kv.call("read", "metadata/a"))).toMatchObject({
      max_versions: 0,
      cas_required: true,
      delete_version_after: "1h0m0s",
      current_version: 0,
    });
    await kv.call("patch", "metadata/a", '{"cas_required":null,"delete_version_after":null,"custom_metadata":null}');
    expect(dataOf(await kv.call("read", "metadata/a"))).toMatchObject({
      cas_required: false,
      delete_version_after: "0s",
      custom_metadata: null,
    });
  });

  test("nothing given makes nothing; a patch makes nothing new", async () => {
    const kv = testEngine(kvV2);
    expect(await kv.call("update", "metadata/a", "{}")).toBeUndefined();
    expect(await kv.exists("metadata/a")).toBe(false);
    expect(await kv.refusal("patch", "metadata/a", '{"max_versions":1}')).toMatchObject({ kind: "not-found" });
  });

  test("who lifts a demand of the mount is told that it stays", async () => {
    const kv = testEngine(kvV2);
    await kv.call("update", "config", '{"cas_required":true}');
    const reply = await kv.call("update", "metadata/a", '{"cas_required":false}');
    expect(reply?.warnings).toEqual([
      '"cas_required" set to false, but is mandated by backend config. This value will be ignored.',
    ]);
  });

  const many = (n: number) => `{${Array.from({ length: n }, (_, i) => `"k${String(i)}":"v"`).join(",")}}`;
  test.each([
    ["64 names", many(64), true],
    ["65 names", many(65), false],
    ["a name of 128", `{"${"k".repeat(128)}":"v"}`, true],
    ["a name of 129", `{"${"k".repeat(129)}":"v"}`, false],
    ["an empty name", '{"":"v"}', false],
    ["a text of 512", `{"k":"${"v".repeat(512)}"}`, true],
    ["a text of 513", `{"k":"${"v".repeat(513)}"}`, false],
    ["an empty text", '{"k":""}', false],
    ["bytes count, not characters", `{"k":"${"é".repeat(257)}"}`, false],
    ["a number", '{"k":1.0}', true],
    ["a list", '{"k":[]}', false],
    ["a newline", '{"k":"a\\nb"}', false],
    ["a tab in the name", '{"a\\tb":"v"}', false],
    ["umlauts and emoji", '{"ü":"🙂 ok"}', true],
  ])("custom_metadata: %s", async (_name, custom, ok) => {
    const kv = testEngine(kvV2);
    const body = `{"custom_metadata":${custom}}`;
    if (ok) expect(await kv.call("update", "metadata/a", body)).toBeUndefined();
    else expect(await kv.refusal("update", "metadata/a", body)).toMatchObject({ kind: "invalid" });
  });

  test("a patch may not grow it past the limit", async () => {
    const kv = testEngine(kvV2);
    await kv.call("update", "metadata/a", `{"custom_metadata":${many(64)}}`);
    expect(await kv.refusal("patch", "metadata/a", '{"custom_metadata":{"one":"more"}}')).toMatchObject({
      kind: "invalid",
    });
    expect(await kv.call("patch", "metadata/a", '{"custom_metadata":{"one":"more","k0":null}}')).toBeUndefined();
  });

  test.each([[-1], [4294967296]])("max_versions %d is refused", async (n) => {
    const kv = testEngine(kvV2);
    for (const path of ["config", "metadata/a"]) {
      expect(await kv.refusal("update", path, `{"max_versions":${String(n)}}`)).toMatchObject({ kind: "invalid" });
    }
  });
});

describe("subkeys", () => {
  const data = '{"a":1,"b":{"c":"x","d":{"e":[1]},"f":{}},"__proto__":{"g":1}}';
  test.each([
    ["all", "{}", '{"a":null,"b":{"c":null,"d":{"e":null},"f":null},"__proto__":{"g":null}}'],
    ["depth 0", '{"depth":0}', '{"a":null,"b":{"c":null,"d":{"e":null},"f":null},"__proto__":{"g":null}}'],
    ["depth 1", '{"depth":1}', '{"a":null,"b":null,"__proto__":null}'],
    ["depth 2", '{"depth":2}', '{"a":null,"b":{"c":null,"d":null,"f":null},"__proto__":{"g":null}}'],
  ])("%s", async (_name, query, shape) => {
    const kv = testEngine(kvV2);
    await write(kv, "a", data);
    expect(dataText(await kv.call("read", "subkeys/a", query))).toContain(`{"subkeys":${shape},"metadata":{`);
  });

  test("of a deleted version: 404 and no shape", async () => {
    const kv = testEngine(kvV2);
    await write(kv, "a", data);
    await kv.call("delete", "data/a");
    const reply = await kv.call("read", "subkeys/a");
    expect(reply?.status).toBe(404);
    expect(dataOf(reply)["subkeys"]).toBeNull();
  });
});

describe("paths", () => {
  test.each([
    ["read", "data/", "not-found"],
    ["read", "data/a/", "not-found"],
    ["update", "data/", "invalid"],
    ["update", "data/a/", "invalid"],
    ["update", "data/a", "invalid"],
    ["update", "metadata/", "invalid"],
    ["delete", "metadata/", "invalid"],
    ["read", "metadata/", "not-found"],
    ["read", "metadata/none", "not-found"],
    ["read", "subkeys/none", "not-found"],
    ["update", "destroy/", "invalid"],
  ] as const)("%s %s is %s", async (operation, path, kind) => {
    expect(await testEngine(kvV2).refusal(operation, path, "{}")).toMatchObject({ kind });
  });

  test("a write without data says so", async () => {
    expect(await testEngine(kvV2).refusal("update", "data/a", '{"x":1}')).toMatchObject({
      kind: "invalid",
      message: "no data provided",
    });
  });

  test("exists is true from the first version or setting on, also when the version is deleted", async () => {
    const kv = testEngine(kvV2);
    expect(await kv.exists("data/a")).toBe(false);
    await written(kv, 1);
    expect(await kv.exists("data/a")).toBe(true);
    await kv.call("delete", "data/a");
    expect(await kv.exists("data/a")).toBe(true);
    expect(await kv.exists("metadata/a")).toBe(true);
    await kv.call("delete", "metadata/a");
    expect(await kv.exists("data/a")).toBe(false);
  });
});

test("the current version's reply is one object until the next write", async () => {
  const kv = testEngine(kvV2);
  await written(kv, 1);
  const first = await kv.call("read", "data/a");
  expect(await kv.call("read", "data/a")).toBe(first);
  expect(await kv.call("read", "data/a", '{"version":1}')).toBe(first);
  await kv.call("update", "metadata/a", '{"custom_metadata":{"a":"b"}}');
  const second = await kv.call("read", "data/a");
  expect(second).not.toBe(first);
  expect(dataText(second)).toContain('"custom_metadata":{"a":"b"}');
});

test("a value from a newer release is refused, not guessed at", async () => {
  const kv = testEngine(kvV2);
  await written(kv, 1);
  kv.forget();
  await kv.storage.transact((tx) => {
    tx.put("data/a/1", Buffer.from("\x02{}"));
    return Promise.resolve();
  });
  expect(await kv.refusal("read", "data/a")).toMatchObject({ kind: "internal" });
});
