/** Role tags on a mount: made, found on the instance, denied, tidied. Source: Vault docs, AWS auth method, "Role tags". */
import { beforeEach, expect, test } from "@jest/globals";
import type { EncodableRecord } from "../../../../lib/wire/json.ts";
import type { LoginGrant } from "../../../../server/contract/token.ts";
import { facts, INSTANCE, LAUNCH, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

const HOUR = 3_600_000;
const KEY = "oksae-role";
let clock: FakeClock;
let aws: TestMount;

beforeEach(async () => {
  clock = fakeClock(LAUNCH + 60_000);
  aws = await testMount({ clock });
  await aws.call("update", "role/web", { role_tag: KEY, token_policies: "a,b,c", token_max_ttl: "4h" });
});

interface Made {
  readonly tag_key: string;
  readonly tag_value: string;
}
async function make(body: EncodableRecord = {}, role = "web"): Promise<Made> {
  return (await aws.call("update", `role/${role}/tag`, body))?.data as unknown as Made;
}
/** Puts the tag on the instance, as whoever may call ec2:CreateTags does. */
function wear(value: string, key = KEY): void {
  aws.cloud.instances.set(INSTANCE, facts({ tags: new Map([[key, value]]) }));
}
const logIn = (nonce = "n"): Promise<LoginGrant> => aws.login({ nonce });
const refused = async (): Promise<string> => (await aws.loginRefusal({ nonce: "n" })).message;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("a tag narrows policies and life; the rest is the role's", async () => {
  const made = await make({ policies: "B,a", max_ttl: "2h" });
  expect(made.tag_key).toBe(KEY);
  expect(made.tag_value).toMatch(/^v1:[\w+/]{11}=:r=web:d=false:m=false:p=a,b:t=7200:/);
  wear(made.tag_value);
  const grant = await logIn();
  expect(grant).toMatchObject({ policies: ["a", "b"], maxTtl: 2 * HOUR });
  expect(grant.metadata.get("role_tag_max_ttl")).toBe("2h0m0s");
  const place = { storage: aws.storage, mount: aws.mount };
  expect(await aws.engine.renew?.(aws.token(grant), place)).toMatchObject({ maxTtl: 2 * HOUR });
  wear((await make({ max_ttl: "5h" })).tag_value);
  expect(await logIn()).toMatchObject({ policies: ["a", "b", "c"], maxTtl: 4 * HOUR });
});

test("an entry lives as long as the longest of mount, role and tag", async () => {
  aws = await testMount({ clock, mount: { maxTtl: HOUR, defaultTtl: HOUR } });
  await aws.call("update", "role/web", { role_tag: KEY });
  wear((await make({ max_ttl: "5h" })).tag_value);
  await logIn();
  const entry = (await aws.call("read", `identity-accesslist/${INSTANCE}`))?.data as Record<string, string>;
  expect(Date.parse(entry["expiration_time"] ?? "")).toBe(clock.now() + 5 * HOUR);
});

test("disallow_reauthentication in the tag makes the login the last", async () => {
  wear((await make({ disallow_reauthentication: true })).tag_value);
  await logIn();
  expect(await refused()).toBe("reauthentication is disabled");
  wear((await make()).tag_value);
  expect(await refused()).toBe("reauthentication is disabled");
});

test("what a login refuses, and then it writes nothing", async () => {
  expect(await refused()).toContain(`the instance has no tag "${KEY}"`);
  wear("v1:nonsense");
  expect(await refused()).toContain("not made by this role");
  await aws.call("update", "role/db", { auth_type: "ec2", bound_region: "eu-west-1", role_tag: KEY });
  wear((await make({}, "db")).tag_value);
  expect(await refused()).toContain("not made by this role");
  wear((await make({ instance_id: "i-0aaaaaaaaaaaaaaaa" })).tag_value);
  expect(await refused()).toContain("for another instance");
  const { tag_value: tag } = await make({ policies: "c" });
  await aws.call("update", "role/web", { token_policies: "a" });
  wear(tag);
  expect(await refused()).toContain("must be a subset");
  expect((await aws.refusal("read", `identity-accesslist/${INSTANCE}`)).kind).toBe("not-found");
  wear((await make({ instance_id: INSTANCE })).tag_value);
  expect((await logIn()).policies).toEqual(["a"]);
});

test("a denied tag is refused, and no other spelling of it helps", async () => {
  const { tag_value: tag } = await make();
  wear(tag);
  await logIn();
  await aws.call("update", `roletag-denylist/${base64(tag)}`);
  expect(await refused()).toBe("role tag is denylisted");
  const parts = tag.split(":");
  wear([...parts.slice(0, 3), parts[4], parts[3], ...parts.slice(5)].join(":"));
  expect(await refused()).toContain("not made by this role");
  wear(tag);
  await aws.call("delete", `roletag-blacklist/${base64(tag)}`);
  await logIn();
});

test.each(["roletag-denylist", "roletag-blacklist"])("%s: both names are one list", async (path) => {
  const { tag_value: tag } = await make({ max_ttl: "9000h" });
  await aws.call("update", `${path}/${base64(tag)}`);
  for (const name of ["roletag-denylist", "roletag-blacklist"]) {
    expect((await aws.call("list", `${name}/`))?.data).toEqual({ keys: [tag] });
    // Raw, too.
    expect((await aws.call("read", `${name}/${tag}`))?.data).toEqual({
      creation_time: "2026-01-05T12:01:00Z",
      expiration_time: new Date(clock.now() + 9000 * HOUR).toISOString().replace(".000", ""),
    });
  }
  await aws.call("delete", `${path}/${tag}`);
  expect((await aws.refusal("list", "roletag-denylist/")).kind).toBe("not-found");
  expect(await aws.refusal("read", `roletag-denylist/${base64(tag)}`)).toMatchObject({ kind: "not-found", errors: [] });
});

test("only a tag of this server is denied", async () => {
  const { tag_value: tag } = await make();
  expect((await aws.refusal("update", "roletag-denylist/nonsense")).message).toContain("must be the value of a tag");
  const forged = tag.replace("d=false", "d=true");
  expect((await aws.refusal("update", `roletag-denylist/${base64(forged)}`)).message).toContain("failed to verify");
  await aws.call("delete", "role/web");
  expect((await aws.refusal("update", `roletag-denylist/${base64(tag)}`)).message).toContain("failed to verify");
});

test("tidy forgets a denied tag once it is past its expiry and the buffer", async () => {
  const { tag_value: tag } = await make();
  const denied = async (): Promise<boolean> =>
    aws.call("read", `roletag-denylist/${base64(tag)}`).then(
      () => true,
      () => false,
    );
  await aws.call("update", `roletag-denylist/${base64(tag)}`);
  clock.jump(aws.mount.maxTtl + 60_000);
  expect(await aws.call("update", "tidy/roletag-denylist", { safety_buffer: 60 })).toMatchObject({ status: 202 });
  await settled();
  expect(await denied()).toBe(true);
  clock.jump(1);
  await aws.call("update", "tidy/roletag-blacklist", { safety_buffer: 60 });
  while (await denied()) await settled();
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test("the settings of both tidies have their own defaults and one storage for both names", async () => {
  const config = async (path: string) => (await aws.call("read", `config/tidy/${path}`))?.data;
  await aws.call("update", "config/tidy/roletag-blacklist", { disable_periodic_tidy: true });
  expect(await config("roletag-denylist")).toEqual({ safety_buffer: 15_552_000, disable_periodic_tidy: true });
  expect((await aws.refusal("read", "config/tidy/identity-accesslist")).kind).toBe("not-found");
  await aws.call("delete", "config/tidy/roletag-denylist");
  expect((await aws.refusal("read", "config/tidy/roletag-blacklist")).kind).toBe("not-found");
});

test.each<[string, EncodableRecord, string]>([
  ["d and m", { disallow_reauthentication: true, allow_instance_migration: true }, "cannot set both"],
  ["no instance id", { instance_id: "web-1" }, "instance_id must look like"],
  ["a policy with a comma", { policies: ["a:b"] }, "may not hold colons"],
  ["too much", { policies: Array.from({ length: 40 }, (_, i) => `policy-${String(i)}`) }, "limit of 255"],
])("a tag with %s is not made", async (_, body, message) => {
  expect(await aws.refusal("update", "role/web/tag", body)).toMatchObject({
    kind: "invalid",
    message: expect.stringContaining(message),
  });
});

test("a role that is not there or has no tags makes none; what a login would refuse is warned of", async () => {
  expect((await aws.refusal("update", "role/none/tag")).message).toContain("entry not found");
  await aws.call("update", "role/bare", { auth_type: "ec2", bound_region: "eu-west-1" });
  expect((await aws.refusal("update", "role/bare/tag")).message).toContain("not enabled");
  const reply = await aws.call("update", "role/web/tag", {
    policies: "x",
    max_ttl: "9000h",
    allow_instance_migration: true,
  });
  expect(reply?.warnings).toHaveLength(4);
});

test("the key of a role's tags is never shown, and stays when the role is written", async () => {
  const { tag_value: tag } = await make();
  await aws.call("update", "role/web", { token_ttl: 60 });
  wear(tag);
  await logIn();
  expect(JSON.stringify((await aws.call("read", "role/web"))?.data)).not.toMatch(/hmac/i);
});
