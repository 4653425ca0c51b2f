/** KV version 2: versions, check-and-set, deletion, patch, configuration. Replies as Vault's KV v2 API page shows them. */
import { describe, expect, test } from "@jest/globals";
import { kvV2 } from "../../../../server/engines/kv/kv.ts";
import { dataOf, dataText, type TestEngine, testEngine } from "../../../fakes/engine.ts";

const T0 = "2026-01-02T03:04:05.678Z";

function write(kv: TestEngine, path: string, data: string, options = "{}") {
  return kv.call("update", `data/${path}`, `{"data":${data},"options":${options}}`);
}

async function written(kv: TestEngine, count: number, path = "a") {
  for (let i = 1; i <= count; i += 1) await write(kv, path, `{"n":${String(i)}}`);
}

describe("goldens", () => {
  test("write", async () => {
    const kv = testEngine(kvV2);
    expect(dataOf(await write(kv, "a", '{"x":1}'))).toEqual({
      created_time: T0,
      custom_metadata: null,
      deletion_time: "",
      destroyed: false,
      version: 1,
    });
  });

  test("read", async () => {
    const kv = testEngine(kvV2);
    await write(kv, "a", '{"x":1}');
    expect(dataText(await kv.call("read", "data/a"))).toBe(
      `{"data":{"x":1},"metadata":{"created_time":"${T0}","custom_metadata":null,"deletion_time":"","destroyed":false,"version":1}}`,
    );
  });

  test("metadata", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 1);
    await kv.clock.advance(322);
    await written(kv, 1);
    await kv.call(
      "update",
      "metadata/a",
      '{"custom_metadata":{"owner":"me"},"delete_version_after":"3h25m19s","max_versions":5}',
    );
    expect(dataOf(await kv.call("read", "metadata/a"))).toEqual({
      cas_required: false,
      created_time: T0,
      current_version: 2,
      custom_metadata: { owner: "me" },
      delete_version_after: "3h25m19s",
      max_versions: 5,
      oldest_version: 0,
      updated_time: "2026-01-02T03:04:06Z",
      versions: {
        1: { created_time: T0, deletion_time: "", destroyed: false },
        2: { created_time: "2026-01-02T03:04:06Z", deletion_time: "", destroyed: false },
      },
    });
  });

  test("a deleted version is 404 with its metadata", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 1);
    await kv.call("delete", "data/a");
    const reply = await kv.call("read", "data/a");
    expect(reply?.status).toBe(404);
    expect(dataOf(reply)).toEqual({
      data: null,
      metadata: { created_time: T0, custom_metadata: null, deletion_time: T0, destroyed: false, version: 1 },
    });
  });

  test("config", async () => {
    const kv = testEngine(kvV2);
    expect(dataOf(await kv.call("read", "config"))).toEqual({
      cas_required: false,
      delete_version_after: "0s",
      max_versions: 0,
    });
    await kv.call("update", "config", '{"max_versions":5,"cas_required":true,"delete_version_after":"3h25m19s"}');
    await kv.call("update", "config", '{"max_versions":6}');
    expect(dataOf(await kv.call("read", "config"))).toEqual({
      cas_required: true,
      delete_version_after: "3h25m19s",
      max_versions: 6,
    });
  });
});

describe("data comes back as sent", () => {
  test.each([
    ["numbers", '{"a":12345678901234567890,"b":1.0,"c":1e400,"d":-0}'],
    ["__proto__", '{"__proto__":{"polluted":true}}'],
    ["constructor", '{"constructor":{"prototype":1}}'],
    ["10 before 9", '{"10":"x","9":"y","a":"z"}'],
    ["deep", `${'{"a":'.repeat(40)}1${"}".repeat(40)}`],
    ["empty", "{}"],
    ["a lone surrogate", '{"a":"\\ud800"}'],
  ])("%s", async (_name, data) => {
    const kv = testEngine(kvV2);
    await write(kv, "a", data);
    kv.forget();
    expect(dataText(await kv.call("read", "data/a"))).toContain(`{"data":${data},`);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("check-and-set", () => {
  test.each([
    [0, "{}", "ok"],
    [0, '{"cas":0}', "ok"],
    [0, '{"cas":1}', "check-and-set parameter did not match the current version"],
    [2, '{"cas":2}', "ok"],
    [2, '{"cas":"2"}', "ok"],
    [2, '{"cas":0}', "check-and-set parameter did not match the current version"],
    [2, '{"cas":1}', "check-and-set parameter did not match the current version"],
    [2, '{"cas":3}', "check-and-set parameter did not match the current version"],
    [2, '{"cas":-2}', "check-and-set parameter did not match the current version"],
    [2, '{"cas":"two"}', "error parsing check-and-set parameter"],
    [2, '{"cas":2.5}', "error parsing check-and-set parameter"],
    [2, '{"cas":{}}', "error parsing check-and-set parameter"],
  ])("%d versions, options %s: %s", async (versions, options, outcome) => {
    const kv = testEngine(kvV2);
    await written(kv, versions);
    const body = `{"data":{"x":1},"options":${options}}`;
    if (outcome === "ok") expect(dataOf(await kv.call("update", "data/a", body))["version"]).toBe(versions + 1);
    else expect(await kv.refusal("update", "data/a", body)).toMatchObject({ kind: "invalid", message: outcome });
  });

  test.each([
    ["config", '{"cas_required":true}'],
    ["metadata/a", '{"cas_required":true}'],
  ])("required by %s", async (path, body) => {
    const kv = testEngine(kvV2);
    await kv.call("update", path, body);
    expect(await kv.refusal("update", "data/a", '{"data":{}}')).toMatchObject({
      kind: "invalid",
      message: "check-and-set parameter required for this call",
    });
    expect(dataOf(await write(kv, "a", "{}", '{"cas":0}'))["version"]).toBe(1);
    expect(await kv.refusal("patch", "data/a", '{"data":{}}')).toMatchObject({ kind: "invalid" });
  });

  test("of 50 writers with the same cas exactly one wins", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 1);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => write(kv, "a", `{"w":${String(i)}}`, '{"cas":1}')),
    );
    expect(outcomes.filter((o) => o.status === "fulfilled")).toHaveLength(1);
    expect(dataOf(await kv.call("read", "metadata/a"))["current_version"]).toBe(2);
  });

  test("50 writers without cas make 50 versions, each once", async () => {
    const kv = testEngine(kvV2);
    const replies = await Promise.all(Array.from({ length: 50 }, () => write(kv, "a", '{"x":1}')));
    const versions = replies.map((r) => dataOf(r)["version"] as number).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
});

describe("how many versions are kept", () => {
  test.each([
    ["by default", [], 12, "3"],
    ["by config", [["config", '{"max_versions":2}']], 5, "4"],
    ["by metadata", [["metadata/a", '{"max_versions":3}']], 5, "3"],
    [
      "metadata over config",
      [
        ["config", '{"max_versions":2}'],
        ["metadata/a", '{"max_versions":4}'],
      ],
      6,
      "3",
    ],
    ["one", [["config", '{"max_versions":1}']], 3, "3"],
  ] as const)("%s", async (_name, settings, count, oldest) => {
    const kv = testEngine(kvV2);
    for (const [path, body] of settings) await kv.call("update", path, body);
    await written(kv, count);
    const meta = dataOf(await kv.call("read", "metadata/a"));
    expect(Object.keys(meta["versions"] as object)[0]).toBe(oldest);
    expect(meta["oldest_version"]).toBe(Number(oldest));
    const kept = await kv.storage.list("data/a/");
    expect(kept.map(Number).sort((a, b) => a - b)[0]).toBe(Number(oldest));
    expect(await kv.refusal("read", "data/a", `{"version":${String(Number(oldest) - 1)}}`)).toMatchObject({
      kind: "not-found",
      errors: [],
    });
  });

  test("a lower limit drops many at the next write", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 8);
    await kv.call("update", "metadata/a", '{"max_versions":2}');
    await written(kv, 1);
    expect(await kv.storage.list("data/a/")).toEqual(["8", "9"]);
  });
});

describe("delete, undelete, destroy", () => {
  test("a chosen version goes softly, comes back, goes for good", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 3);
    expect(await kv.call("update", "delete/a", '{"versions":[1,"2"]}')).toBeUndefined();
    expect((await kv.call("read", "data/a", '{"version":1}'))?.status).toBe(404);
    expect((await kv.call("read", "data/a", '{"version":2}'))?.status).toBe(404);
    expect((await kv.call("read", "data/a"))?.status).toBeUndefined();
    await kv.call("update", "undelete/a", '{"versions":"1,2"}');
    expect(dataOf(await kv.call("read", "data/a", '{"version":1}'))["data"]).toEqual({ n: 1 });
    await kv.call("update", "destroy/a", '{"versions":[1]}');
    const gone = await kv.call("read", "data/a", '{"version":1}');
    expect(gone?.status).toBe(404);
    expect(dataOf(gone)).toMatchObject({ data: null, metadata: { destroyed: true, deletion_time: "" } });
    await kv.call("update", "undelete/a", '{"versions":[1]}');
    expect((await kv.call("read", "data/a", '{"version":1}'))?.status).toBe(404);
    expect(await kv.storage.list("data/a/")).toEqual(["2", "3"]);
  });

  test.each(["delete", "undelete", "destroy"])("%s wants numbers", async (action) => {
    const kv = testEngine(kvV2);
    for (const body of ["{}", '{"versions":[]}', '{"versions":null}', '{"versions":""}']) {
      expect(await kv.refusal("update", `${action}/a`, body)).toMatchObject({ message: "No version number provided" });
    }
    for (const body of ['{"versions":["x"]}', '{"versions":[1.5]}', '{"versions":[-1]}', '{"versions":[{}]}']) {
      expect(await kv.refusal("update", `${action}/a`, body)).toMatchObject({ kind: "invalid" });
    }
    expect(await kv.call("update", `${action}/none`, '{"versions":[1]}')).toBeUndefined();
    expect(await kv.exists("data/none")).toBe(false);
  });

  test("delete_version_after: the shorter of mount and secret, and none where the mount forbids it", async () => {
    const table = [
      ["0s", "0s", ""],
      ["1h", "0s", "2026-01-02T04:04:05.678Z"],
      ["0s", "2h", "2026-01-02T05:04:05.678Z"],
      ["1h", "2h", "2026-01-02T04:04:05.678Z"],
      ["2h", "1h", "2026-01-02T04:04:05.678Z"],
      ["-1s", "1h", ""],
    ];
    for (const [mount, own, deletion] of table) {
      const kv = testEngine(kvV2);
      await kv.call("update", "config", `{"delete_version_after":"${mount}"}`);
      await kv.call("update", "metadata/a", `{"delete_version_after":"${own}"}`);
      expect(dataOf(await write(kv, "a", '{"x":1}'))["deletion_time"]).toBe(deletion);
    }
  });

  test("a version is gone the moment it is due, cached or not", async () => {
    const kv = testEngine(kvV2);
    await kv.call("update", "config", '{"delete_version_after":60}');
    await write(kv, "a", '{"x":1}');
    await kv.clock.advance(59_999);
    expect((await kv.call("read", "data/a"))?.status).toBeUndefined();
    await kv.clock.advance(1);
    expect((await kv.call("read", "data/a"))?.status).toBe(404);
    await kv.call("update", "undelete/a", '{"versions":[1]}');
    expect((await kv.call("read", "data/a"))?.status).toBeUndefined();
  });

  test("deleting metadata removes every trace", async () => {
    const kv = testEngine(kvV2);
    await written(kv, 3, "a/b");
    await kv.call("read", "data/a/b");
    await kv.call("delete", "metadata/a/b");
    expect(await kv.refusal("read", "data/a/b")).toMatchObject({ kind: "not-found", errors: [] });
    expect(await kv.storage.list("data/")).toEqual([]);
    expect(await kv.storage.list("metadata/")).toEqual([]);
  });

  test("a secret named like a version keeps its own data", async () => {
    const kv = testEngine(kvV2);
    await write(kv, "a", '{"x":"a"}');
    await write(kv, "a/1", '{"x":"a/1"}');
    await kv.call("delete", "metadata/a");
    expect(dataOf(await kv.call("read", "data/a/1"))["data"]).toEqual({ x: "a/1" });
  });
});

describe("patch", () => {
  test.each([
    ["adds, replaces, removes", '{"a":1,"b":2}', '{"b":null,"c":1.0}', '{"a":1,"c":1.0}'],
    [
      "merges below",
      '{"a":{"x":1,"y":2}}',
      '{"a":{"y":null,"z":12345678901234567890}}',
      '{"a":{"x":1,"z":12345678901234567890}}',
    ],
    ["replaces lists", '{"a":[1,2]}', '{"a":[3]}', '{"a":[3]}'],
    [
      "__proto__",
      '{"a":1}',
      '{"__proto__":{"x":1},"constructor":2,"10":3}',
      '{"a":1,"__proto__":{"x":1},"constructor":2,"10":3}',
    ],
    ["takes __proto__ away", '{"__proto__":{"x":1,"y":2}}', '{"__proto__":{"x":null}}', '{"__proto__":{"y":2}}'],
  ])("%s", async (_name, before, patch, after) => {
    const kv = testEngine(kvV2);
    await write(kv, "a", before);
    expect(dataOf(await kv.call("patch", "data/a", `{"data":${patch}}`))["version"]).toBe(2);
    expect(dataText(await kv.call("read", "data/a"))).toContain(`{"data":${after},`);
  });

  test("needs a current version that is there", async () => {
    const kv = testEngine(kvV2);
    expect(await kv.refusal("patch", "data/a", '{"data":{}}')).toMatchObject({ kind: "not-found", errors: [] });
    await written(kv, 1);
    expect(await kv.refusal("patch", "data/a", "{}")).toMatchObject({ message: "no data provided" });
    await kv.call("delete", "data/a");
    const reply = await kv.call("patch", "data/a", '{"data":{}}');
    expect(reply?.status).toBe(404);
    expect(dataOf(reply)).toMatchObject({ version: 1, deletion_time: T0 });
    expect(dataOf(await kv.call("read", "metadata/a"))["current_version"]).toBe(1);
  });

  test("50 patches at once lose nothing", async () => {
    const kv = testEngine(kvV2);
    await write(kv, "a", "{}");
    await Promise.all(Array.from({ length: 50 }, (_, i) => kv.call("patch", "data/a", `{"data":{"k${String(i)}":1}}`)));
    expect(Object.keys(dataOf(await kv.call("read", "data/a"))["data"] as object)).toHaveLength(50);
  });
});
