/**
 * Trust on first use under load, on both stores, with 0 to 200 ms of EC2 delay: of fifty nonces at once exactly one
 * wins and alone works afterwards; fifty logins with one nonce all pass. Twenty rounds, each with an instance of its own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../../lib/clock.ts";
import { systemRandom } from "../../../../lib/random.ts";
import type { Store } from "../../../../server/contract/storage.ts";
import { openLmdbStore } from "../../../../server/storage/lmdb.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { prefixed } from "../../../../server/storage/view.ts";
import { facts, type TestMount, testMount } from "../../../fakes/aws-mount.ts";

const ROUNDS = 20;
const AT_ONCE = 50;

const stores: readonly (readonly [string, (folder: string) => Promise<Store>])[] = [
  ["memory", () => Promise.resolve(memoryStore())],
  [
    "lmdb",
    (folder) =>
      openLmdbStore({
        path: folder,
        pid: process.pid,
        uid: process.getuid?.() ?? 0,
        random: systemRandom(),
        log: () => undefined,
      }),
  ],
];

describe.each(stores)("on %s", (_, open) => {
  let folder = "";
  let store: Store;
  let aws: TestMount;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "oksae-first-use-"));
    store = await open(folder);
    aws = await testMount({ clock: systemClock, storage: prefixed(store, "auth/1/") });
    aws.cloud.delay = () => Math.random() * 200;
  });

  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const instance = (round: number): string => {
    const instanceId = `i-${String(round).padStart(17, "0")}`;
    aws.cloud.instances.set(instanceId, facts({ instanceId }));
    return instanceId;
  };

  test(`${String(ROUNDS)} rounds of ${String(AT_ONCE)} nonces: one wins, only it works afterwards`, async () => {
    const rounds = Array.from({ length: ROUNDS }, async (__, round) => {
      const instanceId = instance(round);
      const nonces = Array.from({ length: AT_ONCE }, (___, i) => `nonce-${String(round)}-${String(i)}`);
      const logIn = (nonce: string): Promise<string> =>
        aws.login({ nonce }, { instanceId }).then(
          () => "in",
          (error: unknown) => (error as Error).message,
        );
      const results = await Promise.all(nonces.map(logIn));
      const winners = nonces.filter((__, i) => results[i] === "in");
      expect(winners).toHaveLength(1);
      expect(results.filter((result) => result === "client nonce mismatch")).toHaveLength(AT_ONCE - 1);
      const again = await Promise.all(nonces.map(logIn));
      expect(nonces.filter((__, i) => again[i] === "in")).toEqual(winners);
    });
    await Promise.all(rounds);
    expect(aws.cloud.describes).toBe(ROUNDS * (AT_ONCE + 1));
  }, 60_000);

  test(`${String(ROUNDS)} rounds of ${String(AT_ONCE)} logins with one nonce: all pass`, async () => {
    const rounds = Array.from({ length: ROUNDS }, async (__, round) => {
      const instanceId = instance(ROUNDS + round);
      const nonce = `the-nonce-of-${String(round)}`;
      const grants = await Promise.all(Array.from({ length: AT_ONCE }, () => aws.login({ nonce }, { instanceId })));
      expect(grants).toHaveLength(AT_ONCE);
      expect((await aws.loginRefusal({ nonce: "another" }, { instanceId })).message).toBe("client nonce mismatch");
    });
    await Promise.all(rounds);
  }, 60_000);
});
