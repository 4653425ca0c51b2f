/** `config/identity`: names of logins and what is told of them. Source: Vault API, "Configure identity integration". */
import { beforeEach, expect, test } from "@jest/globals";
import type { EncodableRecord } from "../../../../lib/wire/json.ts";
import { ACCOUNT, INSTANCE, type TestMount, testMount } from "../../../fakes/aws-mount.ts";

let aws: TestMount;
beforeEach(async () => {
  aws = await testMount();
});
const config = async () => (await aws.call("read", "config/identity"))?.data;

test("unset, it shows Vault's defaults; what is sent changes, the rest stays", async () => {
  const defaults = {
    iam_alias: "role_id",
    iam_metadata: ["account_id", "auth_type"],
    ec2_alias: "role_id",
    ec2_metadata: ["account_id", "auth_type"],
  };
  expect(await config()).toEqual(defaults);
  await aws.call("update", "config/identity", { iam_alias: "full_arn", ec2_metadata: "instance_id,ami_id" });
  await aws.call("update", "config/identity", { ec2_alias: "instance_id" });
  expect(await config()).toEqual({
    ...defaults,
    iam_alias: "full_arn",
    ec2_alias: "instance_id",
    ec2_metadata: ["instance_id", "ami_id"],
  });
  await aws.call("update", "config/identity", { ec2_metadata: "default" });
  expect(await config()).toMatchObject({ ec2_metadata: ["account_id", "auth_type"] });
});

test.each<[EncodableRecord, string]>([
  [{ iam_alias: "instance_id" }, "iam_alias"],
  [{ ec2_alias: "full_arn" }, "ec2_alias"],
  [{ iam_metadata: "ami_id" }, "unavailable field"],
  [{ ec2_metadata: "client_arn" }, "unavailable field"],
  [{ ec2_metadata: "default,region" }, "can't be used with other fields"],
])("refuses %j", async (body, message) => {
  expect(await aws.refusal("update", "config/identity", body)).toMatchObject({
    kind: "invalid",
    message: expect.stringContaining(message),
  });
});

test.each([
  ["instance_id", INSTANCE],
  ["image_id", "ami-0123456789abcdef0"],
])("ec2_alias %s", async (alias, name) => {
  await aws.call("update", "config/identity", { ec2_alias: alias, ec2_metadata: ["region", "auth_type"] });
  const grant = await aws.login({ nonce: "n" });
  expect(grant.alias).toBe(name);
  const told = { region: "eu-west-1", auth_type: "ec2" };
  expect(Object.fromEntries(grant.metadata)).toEqual({ role: "web", role_tag_max_ttl: "0s", ...told });
  expect(Object.fromEntries(grant.aliasMetadata ?? [])).toEqual(told);
});

test.each([
  ["unique_id", "AIDAANN"],
  ["full_arn", `arn:aws:iam::${ACCOUNT}:user/team/ann`],
  ["canonical_arn", `arn:aws:iam::${ACCOUNT}:user/ann`],
])("iam_alias %s", async (alias, name) => {
  const arn = `arn:aws:iam::${ACCOUNT}:user/team/ann`;
  aws.cloud.principals.set(`${ACCOUNT}/user/ann`, { arn, uniqueId: "AIDAANN" });
  const { identityXml } = await import("../../../fakes/sts.ts");
  const { iamLoginFields } = await import("../../../../lib/crypto/sigv4.ts");
  const { Secret } = await import("../../../../lib/secret.ts");
  aws.cloud.answerSts = () => ({
    status: 200,
    contentType: "text/xml",
    body: identityXml({ secret: "", arn, userId: "AIDAANN" }),
  });
  await aws.call("update", "role/app", { auth_type: "iam", bound_iam_principal_arn: arn });
  await aws.call("update", "config/identity", { iam_alias: alias, iam_metadata: "client_user_id" });
  const keys = { accessKeyId: "AKIAUSERUSERUSERUSER", secretAccessKey: new Secret("x") };
  const fields = iamLoginFields({ keys, region: "", serverId: "", time: 0 });
  const grant = (await aws.call("update", "login", { role: "app", ...fields }))?.login;
  expect(grant?.alias).toBe(name);
  expect(Object.fromEntries(grant?.aliasMetadata ?? [])).toEqual({ client_user_id: "AIDAANN" });
});
