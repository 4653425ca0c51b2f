/** The real AWS SDK against the stand-in of EC2, STS and IAM: signed requests, filters, pages, batches, what each failure becomes. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import { awsPorts } from "../../../server/clients/aws.ts";
import type { AwsAccess, AwsPorts } from "../../../server/contract/ec2.ts";
import { type FakeAws, startAws } from "../../fakes/ec2.ts";

const OTHER = "210987654321";
const STS_ROLE = `arn:aws:iam::${OTHER}:role/oksae`;

let aws: FakeAws;
let ports: AwsPorts;
let from = 0;

beforeAll(async () => {
  aws = await startAws();
  aws.roles.set(STS_ROLE, OTHER);
  for (let i = 0; i < 250; i += 1) aws.add({ instanceId: id(i) });
  aws.add({ instanceId: "i-0fedcba9876543210", accountId: OTHER, state: "stopped" });
});
afterAll(() => aws.close());
beforeEach(() => {
  Object.assign(aws.knobs, { delay: 0, throttle: 0, outage: 0 });
  aws.pageSize = 1000;
  ports = awsPorts(systemClock, systemRandom());
  from = aws.calls.length;
});

const id = (i: number): string => `i-${i.toString(16).padStart(17, "0")}`;
const calls = (action: string): number => aws.calls.slice(from).filter((call) => call.action === action).length;
const access = (change: Partial<AwsAccess> = {}): AwsAccess => ({ ...aws.access(), ...change });

test("an instance's facts, as EC2 tells them", async () => {
  const profileArn = "arn:aws:iam::123456789012:instance-profile/web";
  aws.add({
    instanceId: "i-0aaaaaaaaaaaaaaaa",
    profileArn,
    tags: { Name: "a<b>&c", env: "prod" },
    launchTime: 1_767_614_400_000,
  });
  const facts = await ports.ec2.describe(access(), "i-0aaaaaaaaaaaaaaaa");
  expect(facts).toEqual({
    instanceId: "i-0aaaaaaaaaaaaaaaa",
    accountId: "123456789012",
    state: "running",
    imageId: "ami-0123456789abcdef0",
    vpcId: "vpc-0123456789abcdef0",
    subnetId: "subnet-0123456789abcdef0",
    profileArn,
    launchTime: 1_767_614_400_000,
    tags: new Map([
      ["Name", "a<b>&c"],
      ["env", "prod"],
    ]),
  });
});

test("concurrent questions share a call: fifty in one, the same one fifty times in one, 250 in three", async () => {
  const ask = (i: number): Promise<string | undefined> =>
    ports.ec2.describe(access(), id(i)).then((facts) => facts?.instanceId);
  expect(await Promise.all(Array.from({ length: 50 }, (_, i) => ask(i)))).toEqual(
    Array.from({ length: 50 }, (_, i) => id(i)),
  );
  expect(calls("DescribeInstances")).toBe(1);
  await Promise.all(Array.from({ length: 50 }, () => ask(7)));
  expect(calls("DescribeInstances")).toBe(2);
  const all = await Promise.all(Array.from({ length: 250 }, (_, i) => ask(i)));
  expect(new Set(all).size).toBe(250);
  expect(calls("DescribeInstances")).toBe(5);
  for (const call of aws.calls.slice(from)) {
    expect(call.params.get("Filter.1.Name")).toBe("instance-id");
    expect(call.params.has("InstanceId.1")).toBe(false);
    expect([...call.params.keys()].filter((key) => key.startsWith("Filter.1.Value")).length).toBeLessThanOrEqual(100);
  }
});

test("an unknown id leaves the others of its batch alone", async () => {
  const [known, unknown] = await Promise.all([
    ports.ec2.describe(access(), id(1)),
    ports.ec2.describe(access(), "i-0bbbbbbbbbbbbbbbb"),
  ]);
  expect(known?.instanceId).toBe(id(1));
  expect(unknown).toBeUndefined();
  expect(calls("DescribeInstances")).toBe(1);
});

test("pages are followed to the end", async () => {
  aws.pageSize = 7;
  const found = await Promise.all(Array.from({ length: 50 }, (_, i) => ports.ec2.describe(access(), id(i))));
  expect(found.every((facts) => facts !== undefined)).toBe(true);
  expect(calls("DescribeInstances")).toBe(8);
});

test("regions and accounts have calls of their own", async () => {
  await Promise.all([
    ports.ec2.describe(access(), id(1)),
    ports.ec2.describe(access({ region: "eu-central-1" }), id(2)),
    ports.ec2.describe(access({ stsRole: STS_ROLE, accountId: OTHER }), id(3)),
  ]);
  expect(calls("DescribeInstances")).toBe(3);
});

test("with a role of another account: assumed once, then that account's instances", async () => {
  const other = access({ stsRole: STS_ROLE, accountId: OTHER });
  const facts = await ports.ec2.describe(other, "i-0fedcba9876543210");
  expect(facts?.accountId).toBe(OTHER);
  expect(facts?.state).toBe("stopped");
  expect(await ports.ec2.describe(other, id(1))).toBeUndefined();
  expect(calls("AssumeRole")).toBe(1);
  expect(await ports.ec2.callerAccount(other)).toBe(OTHER);
});

test("the caller's account, asked for once", async () => {
  expect(await ports.ec2.callerAccount(access())).toBe("123456789012");
  expect(await ports.ec2.callerAccount(access())).toBe("123456789012");
  expect(calls("GetCallerIdentity")).toBe(1);
});

test("the roles of an instance profile; no such profile", async () => {
  aws.profiles.set("123456789012/web", ["arn:aws:iam::123456789012:role/path/web"]);
  expect(await ports.iam.profileRoles(access(), "web")).toEqual(["arn:aws:iam::123456789012:role/path/web"]);
  expect(await ports.iam.profileRoles(access(), "none")).toBeUndefined();
});

test.each<[string, () => AwsAccess, string, boolean]>([
  ["throttling", () => ((aws.knobs.throttle = 1), access()), "unavailable", true],
  ["an outage, 500", () => ((aws.knobs.outage = 500), access()), "unavailable", true],
  ["an outage, 503", () => ((aws.knobs.outage = 503), access()), "unavailable", true],
  ["nothing listening", () => access({ ec2Endpoint: "http://127.0.0.1:1" }), "unavailable", true],
  ["a wrong secret key", () => access({ secretKey: new Secret("wrong") }), "upstream", false],
  ["an unknown access key", () => access({ accessKey: "AKIAUNKNOWN" }), "upstream", false],
  ["a role that may not be assumed", () => access({ stsRole: "arn:aws:iam::1:role/no" }), "upstream", false],
])("%s", async (_, prepare, kind, retry) => {
  const error: unknown = await ports.ec2.describe(prepare(), id(1)).catch((fault: unknown) => fault);
  expect(error).toMatchObject({ kind });
  expect((error as { retryAfter?: number }).retryAfter !== undefined).toBe(retry);
  expect((error as Error).message).not.toContain(aws.secretKey);
});

test("retries: one throttled answer is overcome when retries are allowed", async () => {
  aws.knobs.throttle = 1;
  expect((await ports.ec2.describe(access({ maxRetries: 2 }), id(1)))?.instanceId).toBe(id(1));
});

test("after a failure the next question asks anew", async () => {
  aws.knobs.outage = 503;
  await expect(ports.ec2.describe(access(), id(1))).rejects.toMatchObject({ kind: "unavailable" });
  aws.knobs.outage = 0;
  expect((await ports.ec2.describe(access(), id(1)))?.instanceId).toBe(id(1));
});

test("forget drops the clients: a role is assumed again", async () => {
  const other = access({ stsRole: STS_ROLE, accountId: OTHER });
  await ports.ec2.describe(other, id(1));
  ports.forget();
  await ports.ec2.describe(other, id(1));
  expect(calls("AssumeRole")).toBe(2);
});
