/** Records of auth methods: the first byte names their format; another one is refused, never misread. */
import { expect, test } from "@jest/globals";
import { putRecord, readRecord, recordBytes, textIn } from "../../../server/contract/record.ts";
import { memoryStore } from "../../../server/storage/memory.ts";

test("what is written is read, and begins with its format", async () => {
  const store = memoryStore();
  await putRecord(store, "a", { name: "x" });
  expect((await store.get("a"))?.[0]).toBe(1);
  const record = await readRecord(store, "a");
  expect(record && textIn(record, "name")).toBe("x");
  expect(await readRecord(store, "b")).toBeUndefined();
});

test.each([
  ["a newer format", Buffer.concat([Buffer.of(2), recordBytes({ name: "x" }).subarray(1)])],
  ["no format", Buffer.from('{"name":"hunter2"}')],
  ["nothing", Buffer.alloc(0)],
  ["no JSON", Buffer.from("\u0001{hunter2")],
])("%s is refused without being repeated", async (_name, bytes) => {
  const store = memoryStore();
  await store.transact((tx) => {
    tx.put("a", bytes);
    return Promise.resolve();
  });
  const refused = expect.objectContaining({ kind: "internal", message: "internal error" });
  await expect(readRecord(store, "a")).rejects.toEqual(refused);
});
