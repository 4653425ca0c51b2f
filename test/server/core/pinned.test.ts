/** Mounts that are there always: made at init, added to an older store at its unseal, never disabled. */
import { expect, test } from "@jest/globals";
import { systemRandom } from "../../../lib/random.ts";
import type { EngineKind } from "../../../server/contract/engine.ts";
import { MountTable } from "../../../server/core/mounts.ts";
import { PINNED } from "../../../server/core/rules.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { prefixed } from "../../../server/storage/view.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { noIdentity, noLeases } from "../../fakes/none.ts";

const DAY = 86_400_000;

function kindsOf(types: readonly string[]): readonly EngineKind[] {
  return PINNED.filter(({ type }) => types.includes(type)).map(({ type, kind }) => ({
    type,
    kind,
    about: "A pinned one",
    create: () => ({ routes: [] }),
  }));
}

function tableOver(store: ReturnType<typeof memoryStore>, types: readonly string[]): MountTable {
  const table = new MountTable({
    env: { clock: fakeClock(0), random: systemRandom(), log: () => undefined },
    storageAt: (prefix) => prefixed(store, prefix),
    tokens: { revokePrefix: () => Promise.resolve() },
    identity: noIdentity,
    leases: noLeases,
    defaultLeaseTtl: DAY,
    maxLeaseTtl: DAY,
  });
  table.serve(kindsOf(types));
  return table;
}

const paths = (table: MountTable): readonly string[] =>
  [...table.list("secret"), ...table.list("auth")].map(({ path }) => path);

test("an older store gets the pinned mounts that its program did not know, once; the others keep their accessors", async () => {
  const store = memoryStore();
  const old = tableOver(store, ["system", "token"]);
  await old.seed();
  await old.load();
  expect(paths(old)).toEqual(["sys/", "auth/token/"]);
  const table = tableOver(store, ["system", "token", "cubbyhole", "identity"]);
  await table.load();
  expect(paths(table)).toEqual(["cubbyhole/", "identity/", "sys/", "auth/token/"]);
  expect(table.find("sys/")?.accessor).toBe(old.find("sys/")?.accessor);
  const again = tableOver(store, ["system", "token", "cubbyhole", "identity"]);
  await again.load();
  expect(again.list("secret")).toEqual(table.list("secret"));
});

test.each(PINNED)("$path cannot be disabled; whether it can be tuned: $tunable", async ({ path, tunable }) => {
  const table = tableOver(
    memoryStore(),
    PINNED.map(({ type }) => type),
  );
  await table.seed();
  await table.load();
  await expect(table.disable(path)).rejects.toMatchObject({ kind: "invalid" });
  const tune = table.tune(path, { maxLeaseTtl: 1000 });
  if (tunable) await tune;
  else await expect(tune).rejects.toMatchObject({ kind: "invalid" });
});
