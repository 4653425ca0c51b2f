/**
 * A create-only token cannot overwrite, however many write at the same time: what the policy was asked about is held
 * against the transaction that writes. Source: Vault's page "Policies", section "Capabilities".
 */
import { expect, test } from "@jest/globals";
import { toFault } from "../../../lib/fault.ts";
import { testCore } from "../../fakes/core.ts";

const WRITERS = 50;

const PLACES = [
  { path: "one/a", mount: "one", version: "1", body: (n: number) => ({ n }) },
  { path: "two/data/a", mount: "two", version: "2", body: (n: number) => ({ data: { n } }) },
  { path: "two/metadata/a", mount: "two", version: "2", body: (n: number) => ({ max_versions: n + 1 }) },
] as const;

async function started() {
  const t = testCore();
  await t.start();
  for (const [mount, version] of [
    ["one", "1"],
    ["two", "2"],
  ]) {
    await t.call("update", `sys/mounts/${String(mount)}`, { data: { type: "kv", options: { version } } });
  }
  t.audit.requests.length = 0;
  t.audit.responses.length = 0;
  return t;
}

type Started = Awaited<ReturnType<typeof started>>;

/** Sends all at once. @returns "ok" or the kind of the refusal, one each */
function race(t: Started, place: (typeof PLACES)[number], token: string): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: WRITERS }, (_, n) =>
      t.call("update", place.path, { token, data: place.body(n) }).then(
        () => "ok",
        (error: unknown) => toFault(error).kind,
      ),
    ),
  );
}

const count = (list: readonly string[], what: string): number => list.filter((one) => one === what).length;

test.each(PLACES)("50 create-only writers of $path at once: exactly one succeeds, 49 are refused", async (place) => {
  const t = await started();
  const token = await t.tokenFor(`path "${place.path}" { capabilities = ["create"] }`);
  const outcome = await race(t, place, token);
  expect([count(outcome, "ok"), count(outcome, "denied")]).toEqual([1, WRITERS - 1]);
  const errors = t.audit.responses.map((response) => response.error ?? "");
  expect(count(errors, "permission denied")).toBe(WRITERS - 1);
  expect(t.audit.responses.filter((r) => r.error === undefined)).toMatchObject([{ call: { operation: "create" } }]);
});

test.each(PLACES)("50 writers of $path with create and update: all succeed, one as create", async (place) => {
  const t = await started();
  const token = await t.tokenFor(`path "${place.path}" { capabilities = ["create", "update"] }`);
  expect(count(await race(t, place, token), "ok")).toBe(WRITERS);
  const done = t.audit.responses.map((response) => response.call.operation);
  expect([count(done, "create"), count(done, "update")]).toEqual([1, WRITERS - 1]);
});

test.each(PLACES)("an update-only writer of $path cannot create, also while others delete it", async (place) => {
  const t = await started();
  const updater = await t.tokenFor(`path "${place.path}" { capabilities = ["update"] }`);
  expect(await t.refusal("update", place.path, { token: updater, data: place.body(0) })).toMatchObject({
    kind: "denied",
  });
  const gone = place.version === "1" ? place.path : "two/metadata/a";
  for (let round = 0; round < 20; round += 1) {
    await t.call("update", place.path, { data: place.body(round) });
    await Promise.all([
      t.call("delete", gone),
      t.call("update", place.path, { token: updater, data: place.body(round) }).catch(() => undefined),
    ]);
    expect(await t.refusal("read", place.path)).toMatchObject({ kind: "not-found" });
  }
});
