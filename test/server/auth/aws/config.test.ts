/** Roles, client, certificates, STS roles: fields, replies and refusals as Vault's (Vault API, AWS auth method). */
import { expect, test } from "@jest/globals";
import type { EncodableRecord } from "../../../../lib/wire/json.ts";
import { ACCOUNT, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { testSigner } from "../../../fakes/mint.ts";

const data = async (aws: TestMount, path: string): Promise<Record<string, unknown>> =>
  (await aws.call("read", path))?.data as Record<string, unknown>;

test("a role is read as Vault shows it", async () => {
  const aws = await testMount();
  await aws.call("update", "role/Db", {
    auth_type: "ec2",
    bound_ami_id: ["ami-1", "ami-2"],
    ttl: "1h",
    policies: "X,y",
    max_ttl: 7200,
  });
  const { role_id: roleId, ...role } = await data(aws, "role/DB");
  expect(roleId).toMatch(/^[0-9a-f-]{36}$/);
  expect(role).toEqual({
    auth_type: "ec2",
    bound_account_id: [],
    bound_ami_id: ["ami-1", "ami-2"],
    bound_ec2_instance_id: [],
    bound_iam_instance_profile_arn: [],
    bound_iam_principal_arn: [],
    bound_iam_principal_id: [],
    bound_iam_role_arn: [],
    bound_region: [],
    bound_subnet_id: [],
    bound_vpc_id: [],
    inferred_entity_type: "",
    inferred_aws_region: "",
    resolve_aws_unique_ids: true,
    role_tag: "",
    allow_instance_migration: false,
    disallow_reauthentication: false,
    allowed_documents: [],
    first_login_window: 0,
    token_bound_cidrs: [],
    token_explicit_max_ttl: 0,
    token_max_ttl: 7200,
    token_no_default_policy: false,
    token_num_uses: 0,
    token_period: 0,
    token_policies: ["x", "y"],
    token_ttl: 3600,
    token_type: "default",
  });
  expect((await aws.call("list", "role/"))?.data).toEqual({ keys: ["db", "web"] });
  expect((await aws.call("list", "roles/"))?.data).toEqual({ keys: ["db", "web"] });
  await aws.call("delete", "role/DB");
  expect(await aws.refusal("read", "role/db")).toMatchObject({ kind: "not-found", errors: [] });
});

test.each([
  ["batch", { token_period: "1h" }, "periodic tokens"],
  ["default-batch", { token_num_uses: 2 }, "tokens with limited use count"],
  ["batch", { token_max_count: 2 }, "tokens that are counted"],
])("token_type %s with %j is refused at the role, not after a login is recorded", async (type, more, what) => {
  const aws = await testMount();
  const role = { auth_type: "ec2", bound_ami_id: "ami-1", token_type: type };
  const refusal = await aws.refusal("update", "role/batch", { ...role, ...more });
  expect(refusal).toMatchObject({ kind: "invalid" });
  expect(refusal.message).toContain(what);
  expect(await aws.refusal("read", "role/batch")).toMatchObject({ kind: "not-found" });
  await aws.call("update", "role/batch", role);
  expect((await aws.call("read", "role/batch"))?.data).toMatchObject({ token_type: type });
});

test("a later write changes only what it sends", async () => {
  const aws = await testMount();
  const before = await data(aws, "role/web");
  await aws.call("update", "role/web", { token_ttl: 60 });
  expect(await data(aws, "role/web")).toEqual({ ...before, token_ttl: 60 });
});

test.each<[string, EncodableRecord, string]>([
  ["no bind", { auth_type: "ec2" }, "at least one bound parameter"],
  ["auth_type iam and a bind of ec2", { auth_type: "iam", bound_ami_id: "a" }, "inferring ec2_instance"],
  ["auth_type iam by default", { bound_ami_id: "a" }, "inferring ec2_instance"],
  ["an unknown auth_type", { auth_type: "x", bound_ami_id: "a" }, "unrecognized auth_type"],
  [
    "migration without reauthentication",
    { auth_type: "ec2", bound_ami_id: "a", allow_instance_migration: true, disallow_reauthentication: true },
    "cannot specify both",
  ],
  [
    "ttl above max_ttl",
    { auth_type: "ec2", bound_ami_id: "a", token_ttl: 61, token_max_ttl: 60 },
    "ttl should be shorter",
  ],
  [
    "period above the mount's maximum",
    { auth_type: "ec2", bound_ami_id: "a", token_period: "769h" },
    "greater than the backend's maximum",
  ],
  ["a bad network", { auth_type: "ec2", bound_ami_id: "a", token_bound_cidrs: "10.0.0.0/33" }, "CIDR"],
  ["an unknown document", { auth_type: "ec2", bound_ami_id: "a", allowed_documents: "rsa" }, "allowed_documents"],
  ["a principal", { auth_type: "ec2", bound_iam_principal_arn: "arn:x" }, "bound_iam_principal_arn"],
  ["inference", { auth_type: "ec2", bound_ami_id: "a", inferred_entity_type: "ec2_instance" }, "inferred_entity_type"],
  [
    "a region to infer",
    { auth_type: "ec2", bound_ami_id: "a", inferred_aws_region: "eu-west-1" },
    "inferred_aws_region",
  ],
  ["a long role tag", { auth_type: "ec2", bound_ami_id: "a", role_tag: "x".repeat(128) }, "127 characters"],
])("refuses a role with %s, and keeps none", async (_, body, message) => {
  const aws = await testMount();
  const refusal = await aws.refusal("update", "role/new", body);
  expect(refusal.kind).toBe("invalid");
  expect(refusal.message).toContain(message);
  expect((await aws.refusal("read", "role/new")).kind).toBe("not-found");
});

test("auth_type cannot be changed; the old mount type aws-ec2 has ec2 by default", async () => {
  const aws = await testMount({ type: "aws-ec2" });
  expect((await aws.refusal("update", "role/web", { auth_type: "iam" })).message).toContain("changing auth_type");
  await aws.call("update", "role/old", { bound_ami_id: "a" });
  expect(await data(aws, "role/old")).toMatchObject({ auth_type: "ec2" });
});

test("a max_ttl above the mount's only warns", async () => {
  const aws = await testMount();
  const reply = await aws.call("update", "role/web", { token_max_ttl: "769h" });
  expect(reply?.warnings?.[0]).toContain("Given max ttl of 2768400 seconds greater than current");
});

test("the client: defaults, what is sent stays, the secret key never comes back, clients start over", async () => {
  const aws = await testMount();
  expect((await aws.refusal("read", "config/client")).kind).toBe("not-found");
  await aws.call("update", "config/client", {
    access_key: "AKIA",
    secret_key: "the-secret-key",
    endpoint: "http://127.0.0.1:1",
  });
  await aws.call("update", "config/client", { max_retries: 2, allowed_sts_header_values: "x-custom-one" });
  expect(await data(aws, "config/client")).toEqual({
    access_key: "AKIA",
    endpoint: "http://127.0.0.1:1",
    iam_endpoint: "",
    sts_endpoint: "",
    sts_region: "",
    use_sts_region_from_client: false,
    iam_server_id_header_value: "",
    max_retries: 2,
    allowed_sts_header_values: ["X-Custom-One"],
  });
  expect(aws.cloud.forgets).toBe(2);
  expect((await aws.refusal("update", "config/client", { endpoint: "ec2" })).message).toContain(
    "endpoint must be a URL",
  );
  await aws.call("delete", "config/client");
  expect((await aws.refusal("read", "config/client")).kind).toBe("not-found");
});

test("roles for other accounts", async () => {
  const aws = await testMount();
  const arn = `arn:aws:iam::${ACCOUNT}:role/x`;
  await aws.call("update", `config/sts/${ACCOUNT}`, { sts_role: arn });
  expect(await data(aws, `config/sts/${ACCOUNT}`)).toEqual({ sts_role: arn, external_id: "" });
  expect((await aws.call("list", "config/sts/"))?.data).toEqual({ keys: [ACCOUNT] });
  expect((await aws.refusal("update", `config/sts/${ACCOUNT}`)).message).toBe("missing sts role");
  expect((await aws.refusal("update", `config/sts/${ACCOUNT}`, { sts_role: "" })).message).toBe(
    "sts role cannot be empty",
  );
  expect((await aws.refusal("update", "config/sts/12", { sts_role: arn })).kind).toBe("invalid");
  await aws.call("delete", `config/sts/${ACCOUNT}`);
  expect((await aws.refusal("list", "config/sts/")).kind).toBe("not-found");
});

const dsa = testSigner("dsa").certificate;
const rsa = testSigner("rsa").certificate;

test("certificates: PEM or base64 of it, kind told from the key", async () => {
  const aws = await testMount();
  await aws.call("update", "config/certificate/d", {
    aws_public_cert: Buffer.from(dsa).toString("base64"),
    regions: ["eu-west-1"],
  });
  expect(await data(aws, "config/certificate/d")).toEqual({
    aws_public_cert: dsa,
    type: "pkcs7",
    kind: "dsa",
    regions: ["eu-west-1"],
  });
  await aws.call("update", "config/certificate/r", { aws_public_cert: rsa, kind: "rsa" });
  expect(await data(aws, "config/certificate/r")).toMatchObject({ type: "identity", kind: "rsa", regions: [] });
  expect((await aws.call("list", "config/certificates/"))?.data).toEqual({ keys: ["d", "r", "test"] });
});

test.each<[string, EncodableRecord]>([
  ["nothing", {}],
  ["no certificate", { aws_public_cert: "x" }],
  ["two of them", { aws_public_cert: dsa + dsa }],
  ["an unknown type", { aws_public_cert: dsa, type: "x" }],
  ["an unknown kind", { aws_public_cert: dsa, kind: "x" }],
  ["a kind that the key is not", { aws_public_cert: dsa, kind: "rsa2048" }],
  ["RSA-1024 for PKCS#7", { aws_public_cert: rsa }],
  ["DSA for raw signatures", { aws_public_cert: dsa, type: "identity" }],
  ["no region", { aws_public_cert: dsa, regions: "Ireland" }],
])("refuses as a certificate: %s", async (_, body) => {
  const aws = await testMount();
  expect((await aws.refusal("update", "config/certificate/x", body)).kind).toBe("invalid");
  expect((await aws.refusal("read", "config/certificate/x")).kind).toBe("not-found");
});
