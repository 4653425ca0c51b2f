/** Renewal and tidy: AWS's answer decides, its silence never does; tidy never re-opens first use. */
import { expect, test } from "@jest/globals";
import { Fault } from "../../../../lib/fault.ts";
import type { InstanceFacts } from "../../../../server/contract/ec2.ts";
import type { TokenEntry } from "../../../../server/contract/token.ts";
import { facts, INSTANCE, LAUNCH, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

const DAY = 86_400_000;
const OUTAGE = new Fault("unavailable", "AWS does not answer", { retryAfter: 1000 });
const REFUSED = new Fault("upstream", "AWS refused the credentials");

interface SetUp {
  readonly aws: TestMount;
  readonly clock: FakeClock;
  readonly token: TokenEntry;
  readonly renew: () => Promise<string>;
  readonly listed: () => Promise<boolean>;
}

async function setUp(): Promise<SetUp> {
  const clock = fakeClock(LAUNCH + 60_000);
  const aws = await testMount({ clock });
  const token = aws.token(await aws.login({ nonce: "n" }));
  const place = { storage: aws.storage, mount: aws.mount };
  const renew = (): Promise<string> =>
    aws.engine.renew?.(token, place).then(
      () => "renewed",
      (error: unknown) => (error as Fault).kind,
    ) ?? Promise.resolve("no renew");
  const listed = (): Promise<boolean> =>
    aws.call("read", `identity-accesslist/${INSTANCE}`).then(
      () => true,
      () => false,
    );
  return { aws, clock, token, renew, listed };
}

type Cloud = Partial<InstanceFacts> | "unknown" | "unknown elsewhere" | Fault;

function set({ aws }: SetUp, cloud: Cloud): void {
  aws.cloud.fault = cloud instanceof Fault ? cloud : undefined;
  if (cloud === "unknown elsewhere") aws.cloud.account = "210987654321";
  if (typeof cloud === "string") aws.cloud.instances.clear();
  else if (!(cloud instanceof Fault)) aws.cloud.instances.set(INSTANCE, facts(cloud));
}

test.each<[string, Cloud, string]>([
  ["running", {}, "renewed"],
  ["stopping", { state: "stopping" }, "denied"],
  ["stopped", { state: "stopped" }, "denied"],
  ["shutting-down", { state: "shutting-down" }, "denied"],
  ["terminated", { state: "terminated" }, "denied"],
  ["unknown to its own account", "unknown", "denied"],
  ["unknown to another account", "unknown elsewhere", "unavailable"],
  ["starting again", { state: "pending" }, "unavailable"],
  ["of another account", { accountId: "210987654321" }, "unavailable"],
  ["no answer", OUTAGE, "unavailable"],
  ["credentials refused", REFUSED, "unavailable"],
])("renewal when the instance is %s", async (_, cloud, result) => {
  const test = await setUp();
  set(test, cloud);
  expect(await test.renew()).toBe(result);
});

test("renewal goes by the role as it is now, and moves the entry's expiry", async () => {
  const { aws, clock, token } = await setUp();
  await aws.call("update", "role/web", { token_ttl: "5m", token_period: "1h" });
  clock.jump(DAY);
  expect(await aws.engine.renew?.(token, { storage: aws.storage, mount: aws.mount })).toEqual({
    ttl: 300_000,
    maxTtl: 0,
    period: 3_600_000,
  });
  const entry = await aws.call("read", `identity-accesslist/${INSTANCE}`);
  expect(entry?.data).toMatchObject({ expiration_time: "2026-02-07T12:01:00Z" });
});

test("renewal is refused without role, without entry, on another mount, and for a token without a host", async () => {
  const { aws, token, renew } = await setUp();
  const mount = { ...aws.mount, uuid: "another" };
  await expect(aws.engine.renew?.(token, { storage: aws.storage, mount })).rejects.toMatchObject({ kind: "denied" });
  const child = { ...token, internal: new Map() };
  await expect(aws.engine.renew?.(child, { storage: aws.storage, mount: aws.mount })).rejects.toMatchObject({
    kind: "denied",
  });
  await aws.call("delete", "role/web");
  expect(await renew()).toBe("denied");
  await aws.call("update", "role/web", { auth_type: "ec2", bound_region: "eu-west-1" });
  expect(await renew()).toBe("renewed");
  await aws.call("delete", `identity-accesslist/${INSTANCE}`);
  expect(await renew()).toBe("denied");
});

async function tidy(aws: TestMount, body = {}): Promise<void> {
  const reply = await aws.call("update", "tidy/identity-accesslist", body);
  expect(reply?.status).toBe(202);
  expect(reply?.warnings?.[0]).toContain("Tidy operation successfully started");
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

test.each<[string, Cloud, boolean]>([
  ["terminated", { state: "terminated" }, false],
  ["unknown to its own account", "unknown", false],
  ["unknown to another account", "unknown elsewhere", true],
  ["running", {}, true],
  ["stopped", { state: "stopped" }, true],
  ["shutting-down", { state: "shutting-down" }, true],
  ["terminated in another account", { state: "terminated", accountId: "210987654321" }, true],
  ["no answer", OUTAGE, true],
])("tidy, long after expiry, of an instance that is %s: kept = %s", async (_, cloud, kept) => {
  const test = await setUp();
  set(test, cloud);
  test.clock.jump(400 * DAY);
  await tidy(test.aws);
  expect(await test.listed()).toBe(kept);
});

test.each([
  [0, true],
  [1, false],
])("tidy waits for expiry and safety buffer: %i ms after it, kept = %s", async (ms, kept) => {
  const test = await setUp();
  set(test, { state: "terminated" });
  test.clock.jump(32 * DAY + 3 * DAY + ms);
  await tidy(test.aws);
  expect(await test.listed()).toBe(kept);
});

test("tidy with a safety buffer of its own; a second one while it runs only warns", async () => {
  const test = await setUp();
  set(test, { state: "terminated" });
  test.clock.jump(32 * DAY + 1);
  test.aws.cloud.delay = () => 20;
  const first = test.aws.call("update", "tidy/identity-whitelist", { safety_buffer: 0 });
  expect((await first)?.warnings?.[0]).toContain("started");
  const second = await test.aws.call("update", "tidy/identity-accesslist", { safety_buffer: 0 });
  expect(second?.warnings).toEqual(["Tidy operation already in progress."]);
  while (await test.listed()) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("an instance that logs in while tidy asks about it is kept", async () => {
  const test = await setUp();
  set(test, { state: "terminated" });
  test.clock.jump(400 * DAY);
  const ec2 = { ...test.aws.cloud.ec2 };
  test.aws.cloud.ec2.describe = async (access, id) => {
    const answer = await ec2.describe(access, id);
    test.aws.cloud.ec2.describe = (...again) => ec2.describe(...again);
    set(test, {});
    await test.aws.login({ nonce: "n" });
    return answer;
  };
  await tidy(test.aws);
  expect(await test.listed()).toBe(true);
});

test("the hourly tidy: settings under both names, and it ends with its signal", async () => {
  const { aws } = await setUp();
  expect((await aws.refusal("read", "config/tidy/identity-accesslist")).kind).toBe("not-found");
  await aws.call("update", "config/tidy/identity-whitelist", { disable_periodic_tidy: true });
  expect((await aws.call("read", "config/tidy/identity-accesslist"))?.data).toEqual({
    safety_buffer: 259_200,
    disable_periodic_tidy: true,
  });
  await aws.call("delete", "config/tidy/identity-accesslist");
  const stop = new AbortController();
  const running = aws.engine.run?.({ storage: aws.storage, mount: aws.mount }, stop.signal);
  stop.abort();
  await running;
});
