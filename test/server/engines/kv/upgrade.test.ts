/** What version 2 takes over from version 1's keys: both sides of the longest path, and a secret that is there in both. */
import { expect, test } from "@jest/globals";
import { encodeStored } from "../../../../lib/stored.ts";
import { stringifyJson } from "../../../../lib/wire/json.ts";
import { NO_TUNE } from "../../../../server/contract/mounts.ts";
import type { Storage } from "../../../../server/contract/storage.ts";
import { readMeta } from "../../../../server/engines/kv/record.ts";
import { Upgrade } from "../../../../server/engines/kv/upgrade.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { prefixed } from "../../../../server/storage/view.ts";
import { fakeClock } from "../../../fakes/clock.ts";

const ABOVE = `logical/${"u".repeat(36)}/`;
const LONGEST = 1000 - ABOVE.length - "metadata/".length;

function mounted() {
  const storage = prefixed(memoryStore(), ABOVE);
  const logged: string[] = [];
  const mount = {
    path: "kv/",
    kind: "secret" as const,
    type: "kv",
    uuid: "u",
    accessor: "kv_1",
    description: "",
    options: new Map(),
    defaultTtl: 1,
    maxTtl: 1,
    tune: NO_TUNE,
  };
  const run = (signal = new AbortController().signal) =>
    new Upgrade({ clock: fakeClock(5000), log: (level, message) => void logged.push(`${level} ${message}`) }).run(
      { storage, mount },
      signal,
    );
  return { storage, logged, run };
}

async function put1(storage: Storage, path: string, secret: Readonly<Record<string, string>>): Promise<void> {
  await storage.transact((tx) => {
    tx.put(`v1/${path}`, encodeStored(1, stringifyJson(secret)));
    return Promise.resolve();
  });
}

test("a path of the greatest length is taken over, a longer one stays and is logged; the others go on", async () => {
  const { storage, logged, run } = mounted();
  const [fits, long] = [`a/${"x".repeat(LONGEST - 2)}`, `b/${"x".repeat(LONGEST - 1)}`];
  for (const path of [fits, long, "c"]) await put1(storage, path, { of: path.slice(0, 1) });
  await run();
  expect((await readMeta(storage, fits))?.current).toBe(1);
  expect((await readMeta(storage, "c"))?.versions.get(1)).toEqual({ created: 5000, deleted: 0, destroyed: false });
  expect(await storage.list("v1/")).toEqual(["b/"]);
  expect(logged).toEqual([
    "error a secret of version 1 cannot be taken over",
    "info secrets of version 1 were taken over",
  ]);
});

test("what version 1 wrote last becomes the next version of a secret that was taken over already", async () => {
  const { storage, run } = mounted();
  await put1(storage, "a", { n: "1" });
  await run();
  await put1(storage, "a", { n: "2" });
  await run();
  expect((await readMeta(storage, "a"))?.current).toBe(2);
  expect(Buffer.from((await storage.get("data/a/2")) ?? "").toString()).toContain('"2"');
  expect(await storage.list("v1/")).toEqual([]);
});

test("an end in between leaves the rest for the next start", async () => {
  const { storage, run } = mounted();
  for (const path of ["a", "b"]) await put1(storage, path, { of: path });
  const stop = new AbortController();
  stop.abort();
  await run(stop.signal);
  expect(await storage.list("v1/")).toEqual(["a", "b"]);
  await run();
  expect(await storage.list("metadata/")).toEqual(["a", "b"]);
});
