/** IAM and external ids through the real AWS SDK against the stand-in: principals, access keys, AssumeRole's condition. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";
import { awsPorts } from "../../../server/clients/aws.ts";
import type { AwsAccess, AwsPorts } from "../../../server/contract/ec2.ts";
import { type FakeAws, startAws } from "../../fakes/ec2.ts";

const ACCOUNT = "123456789012";
const OTHER = "210987654321";
const STS_ROLE = `arn:aws:iam::${OTHER}:role/oksae`;

let aws: FakeAws;
let ports: AwsPorts;
beforeAll(async () => {
  aws = await startAws();
  ports = awsPorts(systemClock, systemRandom());
});
afterAll(() => aws.close());

const access = (change: Partial<AwsAccess> = {}): AwsAccess => ({ ...aws.access(), ...change });

test("users and roles with path and unique id, in the account that is asked", async () => {
  const user = { arn: `arn:aws:iam::${ACCOUNT}:user/team/ann`, uniqueId: "AIDAANN" };
  const role = { arn: `arn:aws:iam::${OTHER}:role/web`, uniqueId: "AROAWEB" };
  aws.principals.set(`${ACCOUNT}/user/ann`, user);
  aws.principals.set(`${OTHER}/role/web`, role);
  aws.roles.set(STS_ROLE, OTHER);
  expect(await ports.iam.principal(access(), "user", "ann")).toEqual(user);
  expect(await ports.iam.principal(access(), "role", "web")).toBeUndefined();
  expect(await ports.iam.principal(access({ stsRole: STS_ROLE }), "role", "web")).toEqual(role);
});

test("a key is made, works, and is deleted; deleting it twice is no error", async () => {
  const made = await ports.iam.createAccessKey(access());
  expect(JSON.stringify(made)).not.toContain("made-AKIA");
  expect(await ports.ec2.callerAccount(access(made))).toBe(ACCOUNT);
  await ports.iam.deleteAccessKey(access(), made.accessKey);
  await ports.iam.deleteAccessKey(access(), made.accessKey);
  ports.forget();
  await expect(ports.ec2.callerAccount(access(made))).rejects.toMatchObject({ kind: "upstream" });
});

test.each<[string, string, string]>([
  ["demanded and right", "ours", "answered"],
  ["demanded and wrong", "theirs", "upstream"],
  ["demanded and absent", "", "upstream"],
])("an external id that is %s", async (_, externalId, outcome) => {
  const arn = `arn:aws:iam::${OTHER}:role/guarded`;
  aws.roles.set(arn, OTHER);
  aws.externalIds.set(arn, "ours");
  const asked = ports.ec2.describe(access({ stsRole: arn, externalId, accountId: OTHER }), "i-0123456789abcdef0");
  const got = await asked.then(
    () => "answered",
    (error: unknown) => (error as { kind: string }).kind,
  );
  expect(got).toBe(outcome);
});
