/** The cache of subjects: its bound, and what it holds after a change came in while something was put together. */
import { expect, test } from "@jest/globals";
import { systemRandom } from "../../../lib/random.ts";
import type { Reader } from "../../../server/contract/storage.ts";
import { identityStore } from "../../../server/identity/store.ts";
import { Subjects } from "../../../server/identity/subjects.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { fakeClock } from "../../fakes/clock.ts";

async function people(count: number): Promise<{ ids: readonly string[]; read: () => Reader & { close(): void } }> {
  const storage = memoryStore();
  const store = identityStore({ storage, clock: fakeClock(0), random: systemRandom() });
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const change = { id: undefined, name: `n${i}`, metadata: undefined, policies: undefined, disabled: undefined };
    ids.push((await store.putEntity(change)).entity.id);
  }
  return { ids, read: () => storage.snapshot() };
}

test("holds so many and no more, those used last", async () => {
  const { ids, read } = await people(12);
  const subjects = new Subjects(10);
  for (const id of ids.slice(0, 10)) await subjects.load(id, read);
  expect(subjects.size).toBe(10);
  subjects.get(ids[0] ?? "");
  await subjects.load(ids[10] ?? "", read);
  expect(subjects.size).toBe(10);
  expect(subjects.get(ids[0] ?? "")).toBeDefined();
  expect(subjects.get(ids[1] ?? "")).toBeUndefined();
});

test("what a change touched while it was put together is handed out once and not kept; the rest is kept", async () => {
  const { ids, read } = await people(2);
  const [ann = "", bob = ""] = ids;
  const subjects = new Subjects();
  const both = [subjects.load(ann, read), subjects.load(bob, read)];
  subjects.touch(new Set([ann]));
  const [first, second] = await Promise.all(both);
  expect(first?.id).toBe(ann);
  expect(subjects.get(ann)).toBeUndefined();
  expect(subjects.get(bob)).toBe(second);
});

test("two that ask at once share one; who asks after a change does not get what was begun before it", async () => {
  const { ids, read } = await people(1);
  const [ann = ""] = ids;
  const subjects = new Subjects();
  let reads = 0;
  const counted = (): ReturnType<typeof read> => {
    reads += 1;
    return read();
  };
  const [one, two] = await Promise.all([subjects.load(ann, counted), subjects.load(ann, counted)]);
  expect([one === two, reads]).toEqual([true, 1]);
  subjects.clear();
  const before = subjects.load(ann, counted);
  subjects.touch(new Set([ann]));
  const after = subjects.load(ann, counted);
  expect(await before).not.toBe(await after);
  expect(subjects.get(ann)).toBe(await after);
});

test("nothing is kept of what was put together when it is dropped as a whole", async () => {
  const { ids, read } = await people(1);
  const subjects = new Subjects();
  const loading = subjects.load(ids[0] ?? "", read);
  subjects.clear();
  await loading;
  expect(subjects.size).toBe(0);
});
