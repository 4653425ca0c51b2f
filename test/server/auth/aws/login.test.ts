/** Who is let in: documents, roles, binds, and what EC2 answers. Texts as Vault's (Vault API, AWS auth method, "Login"). */
import { expect, test } from "@jest/globals";
import { Fault } from "../../../../lib/fault.ts";
import type { EncodableRecord } from "../../../../lib/wire/json.ts";
import type { InstanceFacts } from "../../../../server/contract/ec2.ts";
import { ACCOUNT, facts, INSTANCE, LAUNCH, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { fakeClock } from "../../../fakes/clock.ts";
import { imdsBase64, mintDocument, mintPkcs7, signRaw, testSigner } from "../../../fakes/mint.ts";

const MINUTE = 60_000;

test("a grant carries the role's token, the metadata of Vault, and the host's identity", async () => {
  const aws = await testMount();
  await aws.call("update", "role/web", {
    token_ttl: "1h",
    token_max_ttl: "2h",
    token_policies: "b,A",
    token_num_uses: 3,
  });
  const grant = await aws.login({ nonce: "n" });
  expect(grant).toMatchObject({
    displayName: INSTANCE,
    policies: ["a", "b"],
    ttl: 3_600_000,
    maxTtl: 7_200_000,
    numUses: 3,
    renewable: true,
    type: "default",
    role: "web",
  });
  expect(Object.fromEntries(grant.metadata)).toEqual({
    role: "web",
    role_tag_max_ttl: "0s",
    instance_id: INSTANCE,
    region: "eu-west-1",
    account_id: ACCOUNT,
    ami_id: "ami-0123456789abcdef0",
    auth_type: "ec2",
  });
  const role = await aws.call("read", "role/web");
  expect(grant.alias).toBe((role?.data as Record<string, unknown>)["role_id"]);
  expect(Object.fromEntries(grant.internal)).toEqual({
    auth_type: "ec2",
    mount: "mount-uuid",
    account_id: ACCOUNT,
    region: "eu-west-1",
    instance_id: INSTANCE,
    role: "web",
  });
});

test("pkcs7, rsa2048, identity and signature: each under its own key", async () => {
  const aws = await testMount();
  const document = mintDocument();
  const [dsa, rsa] = [testSigner("dsa"), testSigner("rsa")];
  const der = Buffer.from(rsa.certificate).toString("base64");
  await aws.call("update", "config/certificate/dsa", { aws_public_cert: dsa.certificate, regions: "eu-west-1" });
  await aws.call("update", "config/certificate/rsa", { aws_public_cert: der, type: "identity" });
  await aws.login({ nonce: "n" });
  await aws.login({ nonce: "n", pkcs7: imdsBase64(mintPkcs7(document, dsa)) });
  const identity = { identity: document.toString("base64"), signature: signRaw(document, rsa) };
  await aws.login({ nonce: "n", pkcs7: "", ...identity });
  await aws.call("update", "role/web", { allowed_documents: "rsa2048" });
  await aws.login({ nonce: "n" });
  expect((await aws.loginRefusal({ nonce: "n", pkcs7: "", ...identity })).message).toContain(
    "no documents of the form",
  );
  await aws.call("delete", "config/certificate/test");
  expect((await aws.loginRefusal({ nonce: "n" })).kind).toBe("denied");
});

test("a registered key counts for its regions alone", async () => {
  const aws = await testMount();
  await aws.call("update", "config/certificate/test", {
    aws_public_cert: aws.signer.certificate,
    regions: "us-east-1",
  });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("signed a document for eu-west-1");
});

const proof = "MIAG";
test.each<[string, EncodableRecord, string]>([
  ["nothing", { pkcs7: "" }, "didn't supply required authentication values"],
  [
    "identity without signature",
    { pkcs7: "", identity: "e30=" },
    "some of the auth values for the ec2 auth type but not all",
  ],
  [
    "signature without identity",
    { pkcs7: "", signature: "AAAA" },
    "some of the auth values for the ec2 auth type but not all",
  ],
  ["both forms", { pkcs7: proof, identity: "e30=", signature: "AAAA" }, "provide only one"],
  ["ec2 and iam", { pkcs7: proof, iam_request_url: "x" }, "both ec2 and iam auth types"],
  ["iam, in part", { pkcs7: "", iam_http_request_method: "POST" }, "auth values for the iam auth type but not all"],
  ["garbage", { pkcs7: "***" }, "not base64"],
  ["no such role", { role: "none" }, 'entry for role "none" not found'],
  ["no role: the one named after the image", { role: "" }, 'entry for role "ami-0123456789abcdef0" not found'],
])("refuses %s", async (_, body, message) => {
  const aws = await testMount();
  const refusal = await aws.loginRefusal({ nonce: "n", ...body });
  expect(refusal.kind).toBe("invalid");
  expect(refusal.message).toContain(message);
  expect(aws.cloud.describes).toBe(0);
});

test("a role is named in any case, and taken from the image when none is named", async () => {
  const aws = await testMount();
  await aws.login({ nonce: "n", role: "WEB" });
  await aws.call("update", "role/AMI-0123456789abcdef0", { auth_type: "ec2", bound_account_id: ACCOUNT });
  expect((await aws.login({ nonce: "n", role: "" })).role).toBe("ami-0123456789abcdef0");
});

test("token_bound_cidrs: 403 from elsewhere, before AWS is asked", async () => {
  const aws = await testMount();
  await aws.call("update", "role/web", { token_bound_cidrs: "10.1.0.0/16" });
  expect((await aws.loginRefusal({ nonce: "n" }, {}, "10.2.0.1")).kind).toBe("denied");
  expect(aws.cloud.describes).toBe(0);
  expect((await aws.login({ nonce: "n" }, {}, "10.1.0.1")).boundCidrs).toEqual(["10.1.0.0/16"]);
});

const PROFILE = "arn:aws:iam::123456789012:instance-profile/path/web";
const ROLE_ARN = "arn:aws:iam::123456789012:role/path/web";
const known: Partial<InstanceFacts> = { profileArn: PROFILE };

test.each<[string, string, boolean]>([
  ["bound_account_id", ACCOUNT, true],
  ["bound_account_id", "210987654321", false],
  ["bound_region", "us-east-1,eu-west-1", true],
  ["bound_region", "us-east-1", false],
  ["bound_ec2_instance_id", INSTANCE, true],
  ["bound_ec2_instance_id", "i-0fedcba9876543210", false],
  ["bound_ami_id", "ami-1,ami-0123456789abcdef0", true],
  ["bound_ami_id", "ami-1", false],
  ["bound_vpc_id", "vpc-1", true],
  ["bound_vpc_id", "vpc-2", false],
  ["bound_vpc_id", "vpc-*", false],
  ["bound_subnet_id", "subnet-1", true],
  ["bound_subnet_id", "subnet-11", false],
  ["bound_iam_instance_profile_arn", PROFILE, true],
  ["bound_iam_instance_profile_arn", "arn:aws:iam::123456789012:instance-profile/*", true],
  ["bound_iam_instance_profile_arn", "arn:aws:iam::123456789012:instance-profile/*/web", false],
  ["bound_iam_instance_profile_arn", "arn:aws:iam::123456789012:instance-profile/path/we", false],
  ["bound_iam_role_arn", ROLE_ARN, true],
  ["bound_iam_role_arn", "arn:aws:iam::123456789012:role/path/*", true],
  ["bound_iam_role_arn", "arn:aws:iam::123456789012:role/other/*", false],
])("bind %s=%s lets in: %s", async (bind, value, taken) => {
  const aws = await testMount();
  aws.cloud.instances.set(INSTANCE, facts(known));
  aws.cloud.profiles.set("web", [ROLE_ARN]);
  await aws.call("update", "role/web", { [bind]: value });
  if (taken) await aws.login({ nonce: "n" });
  else expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("does not satisfy the constraint on role");
});

test("binds of different kinds must all hold; no profile, an empty one and two roles in it satisfy no bind", async () => {
  const aws = await testMount();
  await aws.call("update", "role/web", { bound_ami_id: "ami-0123456789abcdef0", bound_vpc_id: "vpc-2" });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("VPC ID");
  await aws.call("update", "role/web", { bound_vpc_id: "", bound_iam_role_arn: ROLE_ARN });
  expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("no IAM instance profile");
  aws.cloud.instances.set(INSTANCE, facts(known));
  for (const roles of [undefined, [], [ROLE_ARN, `${ROLE_ARN}2`]]) {
    if (roles === undefined) aws.cloud.profiles.delete("web");
    else aws.cloud.profiles.set("web", roles);
    expect((await aws.loginRefusal({ nonce: "n" })).message).toContain("exactly one IAM role");
  }
});

const of = (change: Partial<InstanceFacts> | undefined) => change;
test.each<[string, Partial<InstanceFacts> | undefined, number, string]>([
  ["running", of({}), 60 * MINUTE, "in"],
  ["unknown, young", undefined, 10 * MINUTE - 1, "unavailable"],
  ["unknown, ten minutes old", undefined, 10 * MINUTE, "invalid"],
  ["pending, young", of({ state: "pending" }), MINUTE, "unavailable"],
  ["pending, old", of({ state: "pending" }), 60 * MINUTE, "invalid"],
  ["stopped, young", of({ state: "stopped" }), MINUTE, "invalid"],
  ["stopping", of({ state: "stopping" }), 60 * MINUTE, "invalid"],
  ["shutting-down", of({ state: "shutting-down" }), 60 * MINUTE, "invalid"],
  ["terminated", of({ state: "terminated" }), 60 * MINUTE, "invalid"],
  ["of another account", of({ accountId: "210987654321" }), 60 * MINUTE, "invalid"],
  ["another instance", of({ instanceId: "i-0fedcba9876543210" }), 60 * MINUTE, "invalid"],
])("EC2 answers: %s", async (_, change, age, result) => {
  const aws = await testMount({ clock: fakeClock(LAUNCH + age) });
  if (change === undefined) aws.cloud.instances.clear();
  else aws.cloud.instances.set(INSTANCE, facts(change));
  if (result === "in") await aws.login({ nonce: "n" });
  else {
    const refusal = await aws.loginRefusal({ nonce: "n" });
    expect(refusal.kind).toBe(result);
    expect(refusal.retryAfter !== undefined).toBe(result === "unavailable");
  }
});

test("throttling and an outage of EC2 are 503 with Retry-After, and count as no failure", async () => {
  const aws = await testMount();
  aws.cloud.fault = new Fault("unavailable", "AWS is throttling", { retryAfter: 5000 });
  for (let i = 0; i < 130; i += 1) {
    const refusal = await aws.loginRefusal({ nonce: "n" });
    expect([refusal.status, refusal.retryAfter]).toEqual([503, 5000]);
  }
  aws.cloud.fault = undefined;
  await aws.login({ nonce: "n" });
});

test("an instance of an account that the server does not see: the log says what to write", async () => {
  const aws = await testMount({ clock: fakeClock(LAUNCH + 60 * MINUTE) });
  aws.cloud.instances.clear();
  aws.cloud.account = "210987654321";
  await aws.loginRefusal({ nonce: "n" });
  expect(aws.logs.at(-2)?.message ?? aws.logs.at(-1)?.message).toContain("config/sts");
});

test("garbage from one address is made to wait; another address is not", async () => {
  const aws: TestMount = await testMount();
  for (let i = 0; i < 1200; i += 1) await aws.loginRefusal({ pkcs7: "x" }, {}, "192.0.2.1");
  expect((await aws.loginRefusal({ nonce: "n" }, {}, "192.0.2.1")).kind).toBe("throttled");
  await aws.login({ nonce: "n" }, {}, "192.0.2.2");
});
