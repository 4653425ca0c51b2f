/**
 * Type iam behind the whole server: an entity for each caller, the token's policies, and no signature in audit or log.
 * A denied tag and logins with it at the same time: once the denial is answered, none gets in.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "../../../../lib/clock.ts";
import { iamLoginFields } from "../../../../lib/crypto/sigv4.ts";
import { systemRandom } from "../../../../lib/random.ts";
import { Secret } from "../../../../lib/secret.ts";
import { awsAuth } from "../../../../server/auth/aws/aws.ts";
import { httpSts } from "../../../../server/clients/sts.ts";
import { ACCOUNT, type FakeCloud, facts, fakeCloud } from "../../../fakes/aws-mount.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../../../fakes/mint.ts";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";
import { type FakeSts, startSts } from "../../../fakes/sts.ts";

const ARN = `arn:aws:iam::${ACCOUNT}:user/ann`;
const KEY = { accessKeyId: "AKIAUSERUSERUSERUSER", secretAccessKey: new Secret("user secret") };
const signer = testSigner("rsa2048");
const folder = mkdtempSync(join(tmpdir(), "oksae-iam-"));
const auditFile = join(folder, "audit.log");
let sts: FakeSts;
let cloud: FakeCloud;
let server: TestServer;
let logs = "";

beforeAll(async () => {
  sts = await startSts();
  sts.keys.set(KEY.accessKeyId, { secret: "user secret", arn: ARN, userId: "AIDAANN" });
  cloud = fakeCloud();
  cloud.principals.set(`${ACCOUNT}/user/ann`, { arn: ARN, uniqueId: "AIDAANN" });
  const ports = { ...cloud, sts: httpSts({ clock: systemClock, random: systemRandom() }) };
  server = await testServer({
    kinds: [awsAuth(ports)],
    log: (level, message, fields) => {
      logs += `${level} ${message} ${JSON.stringify(fields)}\n`;
    },
  });
  await must("POST", "sys/audit/file", { type: "file", options: { file_path: auditFile } });
  await must("POST", "sys/auth/aws", { type: "aws" });
  await must("POST", "auth/aws/config/client", { sts_endpoint: sts.url });
  await must("POST", "auth/aws/config/certificate/t", { aws_public_cert: signer.certificate });
  await must("POST", "auth/aws/role/app", { bound_iam_principal_arn: ARN, token_policies: "app" });
});
afterAll(async () => {
  await server.close();
  await sts.close();
  rmSync(folder, { recursive: true });
});

async function must(method: string, path: string, data?: unknown): Promise<TestReply> {
  const reply = await server.request(method, path, data);
  expect([path, reply.status < 300, reply.text]).toEqual([path, true, expect.any(String)]);
  return reply;
}

interface Auth {
  readonly client_token: string;
  readonly entity_id: string;
}
const fields = () => iamLoginFields({ keys: KEY, region: "", serverId: "", time: Date.now() });
const logIn = async (sent: object): Promise<Auth> => {
  const reply = await server.request("POST", "auth/aws/login", { role: "app", ...sent }, "");
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)]);
  return reply.body?.["auth"] as Auth;
};

test("each login is known to identity by the alias of config/identity", async () => {
  const byRole = await logIn(fields());
  expect((await logIn(fields())).entity_id).toBe(byRole.entity_id);
  await must("POST", "auth/aws/config/identity", { iam_alias: "canonical_arn", iam_metadata: "client_arn" });
  const byArn = await logIn(fields());
  expect(byArn.entity_id).not.toBe(byRole.entity_id);
  const entity = (await must("GET", `identity/entity/id/${byArn.entity_id}`)).body?.["data"];
  expect(entity).toMatchObject({ aliases: [{ name: ARN, metadata: { client_arn: ARN }, mount_type: "aws" }] });
  const self = await server.request("GET", "auth/token/lookup-self", undefined, byArn.client_token);
  expect(self.body?.["data"]).toMatchObject({
    display_name: "aws-ann",
    policies: ["app", "default"],
    path: "auth/aws/login",
  });
});

test("what was signed is in neither audit nor log, whichever form the headers have", async () => {
  const sent = fields();
  const headers = JSON.parse(Buffer.from(sent.iam_request_headers, "base64").toString()) as Record<string, string[]>;
  await logIn(sent);
  await logIn({ ...sent, iam_request_headers: headers });
  await server.request("POST", "auth/aws/login", { ...sent, role: "none", iam_request_headers: headers }, "");
  const signature = /Signature=(\w+)/.exec(headers["Authorization"]?.[0] ?? "")?.[1] ?? "none";
  const audit = readFileSync(auditFile, "utf8");
  expect(audit).toContain("auth/aws/login");
  for (const secret of [signature, sent.iam_request_headers, headers["X-Amz-Date"]?.[0] ?? "none", "user secret"]) {
    expect([secret, audit.includes(secret), logs.includes(secret)]).toEqual([secret, false, false]);
  }
});

test("a tag is denied while fifty log in with it: after the denial is answered none gets in", async () => {
  await must("POST", "auth/aws/role/web", {
    auth_type: "ec2",
    bound_account_id: ACCOUNT,
    role_tag: "oksae",
    token_policies: "web",
  });
  const made = await must("POST", "auth/aws/role/web/tag", {});
  const { tag_value: tag } = made.body?.["data"] as { tag_value: string };
  cloud.delay = () => Math.random() * 40;
  const enter = async (instanceId: string): Promise<{ status: number; began: number }> => {
    cloud.instances.set(instanceId, facts({ instanceId, tags: new Map([["oksae", tag]]) }));
    const pkcs7 = imdsBase64(mintPkcs7(mintDocument({ instanceId }), signer));
    const began = performance.now();
    return {
      began,
      status: (await server.request("POST", "auth/aws/login", { role: "web", pkcs7, nonce: "n" }, "")).status,
    };
  };
  let deniedAt = Number.POSITIVE_INFINITY;
  const deny = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    await must("POST", `auth/aws/roletag-denylist/${Buffer.from(tag).toString("base64url")}`);
    deniedAt = performance.now();
  };
  const id = (i: number): string => `i-${i.toString(16).padStart(17, "0")}`;
  const some = (from: number, count: number, gap: number) =>
    Array.from({ length: count }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * gap));
      return enter(id(from + i));
    });
  expect((await enter(id(0))).status).toBe(200);
  const [during] = await Promise.all([Promise.all(some(1, 50, 3)), deny()]);
  const after = await Promise.all(some(100, 10, 0));
  const late = [...during, ...after].filter(({ began }) => began > deniedAt);
  expect(late.length).toBeGreaterThanOrEqual(10);
  expect(late.map(({ status }) => status)).toEqual(late.map(() => 400));
  cloud.delay = () => 0;
});
