/**
 * The nonce's rules one by one, in Vault's words (Vault docs, AWS auth method, "Client nonce"): first and later
 * logins, migration, disallow_reauthentication, unlock, the window for first logins, the access list.
 */
import { expect, test } from "@jest/globals";
import { Secret } from "../../../../lib/secret.ts";
import { facts, INSTANCE, LAUNCH, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import type { FakeClock } from "../../../fakes/clock.ts";
import { fakeClock } from "../../../fakes/clock.ts";

const MINUTE = 60_000;
const later = "2026-01-06T12:00:00Z";
const OLDER = "instance meta-data is older than the one used for previous login";

async function setUp(role: Record<string, boolean | string> = {}): Promise<TestMount & { clock: FakeClock }> {
  const clock = fakeClock(LAUNCH + MINUTE);
  const aws = await testMount({ clock });
  await aws.call("update", "role/web", role);
  return { ...aws, clock };
}

const entry = async (aws: TestMount): Promise<Record<string, unknown>> =>
  (await aws.call("read", `identity-accesslist/${INSTANCE}`))?.data as Record<string, unknown>;

test("a nonce that the client sends is kept, never echoed, and demanded afterwards", async () => {
  const aws = await setUp();
  const grant = await aws.login({ nonce: "mine" });
  expect(grant.onceMetadata).toBeUndefined();
  expect([...grant.metadata.keys()]).not.toContain("nonce");
  expect((await aws.loginRefusal({ nonce: "theirs" })).message).toBe("client nonce mismatch");
  expect((await aws.loginRefusal({})).message).toBe("client nonce mismatch");
  await aws.login({ nonce: "mine" });
});

test("without a nonce the server makes a UUID and shows it once, outside the token", async () => {
  const aws = await setUp();
  const grant = await aws.login();
  const nonce = grant.onceMetadata?.get("nonce");
  expect(nonce).toBeInstanceOf(Secret);
  expect(nonce?.reveal()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  expect([...grant.metadata.values(), ...grant.internal.values()]).not.toContain(nonce?.reveal());
  expect((await aws.login({ nonce: nonce?.reveal() ?? "" })).onceMetadata).toBeUndefined();
});

test("an empty nonce: this login is the last", async () => {
  const aws = await setUp();
  expect((await aws.login({ nonce: "" })).onceMetadata).toBeUndefined();
  for (const nonce of ["", "x", "reauthentication-disabled-nonce"]) {
    expect((await aws.loginRefusal({ nonce })).message).toBe("reauthentication is disabled");
  }
  expect(await entry(aws)).toMatchObject({ client_nonce: "", disallow_reauthentication: true });
});

test('the stand-in for "never again" is no nonce, not even at a first login', async () => {
  const aws = await setUp();
  const refusal = await aws.loginRefusal({ nonce: "reauthentication-disabled-nonce" });
  expect(refusal.message).toBe("reauthentication is disabled");
  await expect(entry(aws)).rejects.toMatchObject({ kind: "not-found" });
});

test.each([
  [128, true],
  [129, false],
])("a nonce of %i characters: %s", async (length, taken) => {
  const aws = await setUp();
  if (taken) await aws.login({ nonce: "n".repeat(length) });
  else expect((await aws.loginRefusal({ nonce: "n".repeat(length) })).message).toContain("limit of 128 characters");
});

test("disallow_reauthentication is sticky: edits of the role do not lift it, deleting the entry does", async () => {
  const aws = await setUp({ disallow_reauthentication: true });
  expect((await aws.login()).onceMetadata).toBeUndefined();
  await aws.call("update", "role/web", { disallow_reauthentication: false });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toBe("reauthentication is disabled");
  await aws.call("delete", `identity-accesslist/${INSTANCE}`);
  await aws.login({ nonce: "n" });
});

test("migration: refused by default, taken with a newer pendingTime where the role allows it", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "old" });
  expect((await aws.loginRefusal({ nonce: "new" }, { pendingTime: later })).message).toBe("client nonce mismatch");
  await aws.call("update", "role/web", { allow_instance_migration: true });
  expect((await aws.loginRefusal({ nonce: "new" })).message).toBe(
    "client nonce mismatch and instance meta-data incorrect",
  );
  await aws.login({ nonce: "new" }, { pendingTime: later });
  await aws.login({ nonce: "new" }, { pendingTime: later });
  expect((await aws.loginRefusal({ nonce: "old" }, { pendingTime: later })).message).toContain("mismatch");
});

test("migration without a nonce: the one the server makes works from then on", async () => {
  const aws = await setUp({ allow_instance_migration: true });
  await aws.login({ nonce: "old" });
  const nonce = (await aws.login({}, { pendingTime: later })).onceMetadata?.get("nonce")?.reveal() ?? "";
  await aws.login({ nonce }, { pendingTime: later });
});

test("a document older than the last one is refused, with the right nonce and when unlocked", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "n" }, { pendingTime: later });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toBe(OLDER);
  await aws.call("update", `unlock/${INSTANCE}`);
  expect((await aws.loginRefusal({ nonce: "x" })).message).toBe(OLDER);
});

test("a failed login writes nothing", async () => {
  const aws = await setUp();
  aws.cloud.instances.set(INSTANCE, facts({ state: "stopped" }));
  await aws.loginRefusal({ nonce: "n" });
  await expect(entry(aws)).rejects.toMatchObject({ kind: "not-found" });
  aws.cloud.instances.set(INSTANCE, facts());
  await aws.login({ nonce: "n" });
  const before = await entry(aws);
  aws.clock.jump(MINUTE);
  await aws.loginRefusal({ nonce: "x" });
  expect(await entry(aws)).toEqual({ ...before, nonce_mismatches: 1 });
});

test("role, nonce and creation stay, the rest moves", async () => {
  const aws = await setUp();
  await aws.call("update", "role/other", { auth_type: "ec2", bound_region: "eu-west-1", token_max_ttl: "9000h" });
  await aws.login({ nonce: "n" });
  const first = await entry(aws);
  expect(first).toEqual({
    role: "web",
    client_nonce: "n",
    creation_time: "2026-01-05T12:01:00Z",
    disallow_reauthentication: false,
    pending_time: "2026-01-05T12:00:00Z",
    expiration_time: "2026-02-06T12:01:00Z",
    last_updated_time: "2026-01-05T12:01:00Z",
    account_id: "123456789012",
    region: "eu-west-1",
    nonce_mismatches: 0,
  });
  aws.clock.jump(120);
  await aws.login({ nonce: "n", role: "other" }, { pendingTime: later });
  expect(await entry(aws)).toEqual({
    ...first,
    pending_time: later,
    last_updated_time: "2026-01-05T12:01:00.12Z",
    expiration_time: "2027-01-15T12:01:00.12Z",
  });
});

test("the same instance id in another region is another instance", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "n" });
  await aws.login({ nonce: "m" }, { region: "us-east-1" });
  const ambiguous = await aws.refusal("read", `identity-accesslist/${INSTANCE}`);
  expect(ambiguous.kind).toBe("invalid");
  const one = await aws.call("read", `identity-whitelist/${INSTANCE}`, { region: "us-east-1" });
  expect(one?.data).toMatchObject({ client_nonce: "m" });
  expect((await aws.call("list", "identity-whitelist/"))?.data).toEqual({ keys: [INSTANCE] });
  await aws.call("delete", `identity-whitelist/${INSTANCE}`, { region: "us-east-1" });
  expect(await entry(aws)).toMatchObject({ client_nonce: "n" });
});

test("unlock frees one login, which sets the nonce from then on", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "lost" });
  await aws.call("update", `unlock/${INSTANCE}`);
  await aws.login({ nonce: "new" });
  expect((await aws.loginRefusal({ nonce: "third" })).message).toBe("client nonce mismatch");
  expect((await aws.loginRefusal({ nonce: "lost" })).message).toBe("client nonce mismatch");
  await aws.login({ nonce: "new" });
});

test.each([
  { by: "the instance's own login", before: "mine" },
  { by: "a first login", before: undefined },
])("unlock is used up by $by too: no thief follows within the 15 minutes", async ({ before }) => {
  const aws = await setUp();
  if (before !== undefined) await aws.login({ nonce: before });
  await aws.call("update", `unlock/${INSTANCE}`);
  await aws.login({ nonce: "mine" });
  expect((await aws.loginRefusal({ nonce: "theirs" })).message).toBe("client nonce mismatch");
  await aws.login({ nonce: "mine" });
});

test("unlock: fifty logins at once, one wins", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "lost" });
  await aws.call("update", `unlock/${INSTANCE}`);
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => aws.login({ nonce: `n${i}` })));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.each([
  [15 * MINUTE - 1, true],
  [15 * MINUTE, false],
])("unlock: after %i ms it lets in: %s", async (ms, taken) => {
  const aws = await setUp();
  await aws.login({ nonce: "lost" });
  await aws.call("update", `unlock/${INSTANCE}`);
  aws.clock.jump(ms);
  if (taken) await aws.login({ nonce: "new" });
  else expect((await aws.loginRefusal({ nonce: "new" })).message).toBe("client nonce mismatch");
});

test("unlock lets in an instance that logs in only once, and it stays locked afterwards", async () => {
  const aws = await setUp({ disallow_reauthentication: true });
  await aws.login({ nonce: "n" });
  await aws.call("update", `unlock/${INSTANCE}`);
  await aws.login({ nonce: "n" });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toBe("reauthentication is disabled");
});

test("unlock is for the operator: sudo, and its subject must be an instance id", async () => {
  const aws = await setUp();
  expect(aws.engine.routes.find(({ path }) => path === "unlock/:instance_id")?.sudo).toBe(true);
  expect((await aws.refusal("update", "unlock/web-1")).kind).toBe("invalid");
});

test.each([
  [10 * MINUTE, true],
  [10 * MINUTE + 1, false],
])("first_login_window of 10 minutes: %i ms after launch it lets in: %s", async (ms, taken) => {
  const aws = await setUp({ first_login_window: "10m" });
  aws.clock.jump(ms - MINUTE);
  if (taken) await aws.login({ nonce: "n" });
  else expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("first login after launch is over");
});

test("first_login_window: a later login is not bound by it, an unlock opens it", async () => {
  const aws = await setUp({ first_login_window: "10m" });
  await aws.login({ nonce: "n" });
  aws.clock.jump(60 * MINUTE);
  await aws.login({ nonce: "n" });
  await aws.call("delete", `identity-accesslist/${INSTANCE}`);
  expect((await aws.loginRefusal({ nonce: "n" })).kind).toBe("invalid");
  await aws.call("update", `unlock/${INSTANCE}`);
  await aws.login({ nonce: "n" });
  await aws.call("delete", `identity-accesslist/${INSTANCE}`);
  expect((await aws.loginRefusal({ nonce: "n" })).kind).toBe("invalid");
});

test("a mismatch is a warning in the log with a count, costs no call to AWS, and holds no nonce", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "secret-of-the-first" });
  const asked = aws.cloud.describes;
  await aws.loginRefusal({ nonce: "guess-of-the-thief" });
  await aws.loginRefusal({ nonce: "guess-of-the-thief" });
  expect(aws.cloud.describes).toBe(asked);
  const warnings = aws.logs.filter(({ level }) => level === "warn");
  expect(warnings.map(({ fields }) => fields["times"])).toEqual([1, 2]);
  expect(warnings[1]?.fields).toMatchObject({ instance_id: INSTANCE, address: "10.0.0.5", times_all_instances: 2 });
  expect(JSON.stringify(aws.logs)).not.toMatch(/secret-of|guess-of/);
});

test("many failures from one source wait; the right nonce and other sources do not", async () => {
  const aws = await setUp();
  await aws.login({ nonce: "n" });
  for (let i = 0; i < 120; i += 1) expect((await aws.loginRefusal({ nonce: "x" })).kind).toBe("invalid");
  expect((await aws.loginRefusal({ nonce: "x" })).kind).toBe("throttled");
  expect(aws.logs.filter(({ level }) => level === "warn")).toHaveLength(120);
  await aws.login({ nonce: "n" });
  aws.cloud.instances.set(INSTANCE, facts({ state: "stopped" }));
  await aws.call("delete", `identity-accesslist/${INSTANCE}`);
  const refusal = await aws.loginRefusal({ nonce: "y" });
  expect(refusal.kind).toBe("throttled");
  expect(refusal.retryAfter).toBeGreaterThan(0);
  expect((await aws.loginRefusal({ nonce: "y" }, {}, "10.0.0.6")).kind).toBe("invalid");
  aws.cloud.instances.set(INSTANCE, facts());
  await aws.login({ nonce: "y" }, {}, "10.0.0.6");
  await aws.login({ nonce: "y" });
  await aws.clock.advance(refusal.retryAfter ?? 0);
  expect((await aws.loginRefusal({ nonce: "x" })).kind).toBe("invalid");
});
