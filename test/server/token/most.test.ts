/** Most tokens per role: exact however many logins come together, given back by every way a token can end. */
import { expect, test } from "@jest/globals";
import { everyKey, KEPT_KEYS, testTokens } from "../../fakes/tokens.ts";

const LIMITED = { role: "app", path: "auth/approle/login", most: 3 };

test("of 30 logins at a time exactly 3 get a token, the others 429 with Retry-After", async () => {
  const { make } = await testTokens();
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => make(LIMITED)));
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  for (const reason of refused) expect(reason).toMatchObject({ kind: "throttled", retryAfter: 30_000 });
});

test("roles and paths count apart, tokens without a limit not at all", async () => {
  const { make } = await testTokens();
  for (let i = 0; i < 3; i += 1) await make(LIMITED);
  await make({ ...LIMITED, role: "other" });
  await make({ ...LIMITED, path: "auth/other/login" });
  await make({ ...LIMITED, most: 0 });
  await expect(make(LIMITED)).rejects.toMatchObject({ kind: "throttled" });
  // The limit is the role's as of now.
  await make({ ...LIMITED, most: 4 });
  await expect(make({ ...LIMITED, most: 4 })).rejects.toMatchObject({ kind: "throttled" });
});

test("every way to end gives one back, once; a restart changes nothing", async () => {
  const first = await testTokens();
  const stop = new AbortController();
  const [revoked, orphaned, expired] = [
    await first.make(LIMITED),
    await first.make(LIMITED),
    await first.make({ ...LIMITED, ttl: 1000 }),
  ];
  const { tokens, make, clock, store, run } = await testTokens({ storage: first.store, clock: first.clock });
  const done = run(stop.signal);
  await expect(make(LIMITED)).rejects.toMatchObject({ kind: "throttled" });
  await tokens.revoke(revoked.entry.id);
  await tokens.revoke(revoked.entry.id);
  const used = (await make({ ...LIMITED, numUses: 1 })).entry;
  await tokens.revokeOrphan(orphaned.entry.id);
  await make(LIMITED);
  await expect(make(LIMITED)).rejects.toMatchObject({ kind: "throttled" });
  await clock.advance(1000);
  await make(LIMITED);
  expect(await tokens.byId(expired.entry.id)).toBeUndefined();
  await tokens.spent((await tokens.use(used)) ?? used);
  await make(LIMITED);
  await expect(make(LIMITED)).rejects.toMatchObject({ kind: "throttled" });
  await tokens.revokePrefix("auth/approle/");
  expect(await everyKey(store)).toEqual(KEPT_KEYS);
  stop.abort();
  await done;
});
