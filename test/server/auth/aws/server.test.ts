/** The method behind the whole server, over real sockets: the nonce it makes is shown once, renewals ask EC2, the door is atomic. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { awsAuth } from "../../../../server/auth/aws/aws.ts";
import { type FakeCloud, facts, fakeCloud, INSTANCE } from "../../../fakes/aws-mount.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../../../fakes/mint.ts";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";

const signer = testSigner("rsa2048");
let cloud: FakeCloud;
let server: TestServer;
let logs: string;

beforeAll(async () => {
  cloud = fakeCloud();
  logs = "";
  server = await testServer({
    kinds: [awsAuth(cloud)],
    log: (level, message, fields) => {
      logs += `${level} ${message} ${JSON.stringify(fields)}\n`;
    },
  });
  for (const mount of ["aws", "aws-ec2"]) {
    await server.request("POST", `sys/auth/${mount}`, { type: "aws" });
    await server.request("POST", `auth/${mount}/config/certificate/t`, { aws_public_cert: signer.certificate });
    await server.request("POST", `auth/${mount}/role/web`, { auth_type: "ec2", bound_region: "eu-west-1" });
  }
});
afterAll(() => server.close());

const proof = (instanceId: string): string => imdsBase64(mintPkcs7(mintDocument({ instanceId }), signer));

async function logIn(instanceId: string, body: Record<string, string> = {}, mount = "aws"): Promise<TestReply> {
  cloud.instances.set(instanceId, facts({ instanceId }));
  return server.request("POST", `auth/${mount}/login`, { role: "web", pkcs7: proof(instanceId), ...body }, "");
}

interface Auth {
  readonly client_token: string;
  readonly metadata: Readonly<Record<string, string>>;
}
const authOf = (reply: TestReply): Auth => reply.body?.["auth"] as Auth;

test("a nonce made by the server is in the login's reply and in no other place", async () => {
  const first = await logIn(INSTANCE);
  expect(first.status).toBe(200);
  const { client_token: token, metadata } = authOf(first);
  const { nonce = "" } = metadata;
  expect(nonce).toMatch(/^[0-9a-f-]{36}$/);
  const self = await server.request("GET", "auth/token/lookup-self", undefined, token);
  expect(self.status).toBe(200);
  expect(self.text).toContain(INSTANCE);
  expect(self.text).not.toContain(nonce);
  expect(logs).not.toContain(nonce);
  const again = await logIn(INSTANCE, { nonce });
  expect(again.status).toBe(200);
  expect(again.text).not.toContain(nonce);
  const thief = await logIn(INSTANCE);
  expect(thief.status).toBe(400);
  expect(thief.body).toEqual({ errors: ["client nonce mismatch"] });
});

test("mounted at auth/aws-ec2 too, with an access list of its own", async () => {
  expect((await logIn(INSTANCE, { nonce: "another" }, "aws-ec2")).status).toBe(200);
});

test("renewal: 200 while the instance runs, refused once EC2 says it has stopped, 503 while EC2 is silent", async () => {
  const instanceId = "i-00000000000000001";
  const token = authOf(await logIn(instanceId, { nonce: "n" })).client_token;
  const renew = (): Promise<TestReply> => server.request("POST", "auth/token/renew-self", {}, token);
  expect((await renew()).status).toBe(200);
  const { describe } = { describe: cloud.ec2.describe.bind(cloud.ec2) };
  cloud.ec2.describe = () => Promise.reject(new Error("socket hang up"));
  expect((await renew()).status).toBe(503);
  cloud.ec2.describe = describe;
  cloud.instances.set(instanceId, facts({ instanceId, state: "stopped" }));
  expect((await renew()).status).toBe(403);
});

test("fifty sockets with fifty nonces: one wins, and only its nonce works", async () => {
  cloud.delay = () => Math.random() * 50;
  const instanceId = "i-00000000000000002";
  const nonces = Array.from({ length: 50 }, (_, i) => `nonce-${i}`);
  const first = await Promise.all(nonces.map((nonce) => logIn(instanceId, { nonce })));
  expect(first.filter(({ status }) => status === 200)).toHaveLength(1);
  const again = await Promise.all(nonces.map((nonce) => logIn(instanceId, { nonce })));
  expect(again.map(({ status }) => status)).toEqual(first.map(({ status }) => status));
  cloud.delay = () => 0;
});

test("unlock needs sudo", async () => {
  const policy = 'path "auth/aws/unlock/*" { capabilities = ["create", "update"] }';
  await server.request("POST", "sys/policies/acl/weak", { policy });
  const made = await server.request("POST", "auth/token/create", { policies: ["weak"] });
  const refused = await server.request("POST", `auth/aws/unlock/${INSTANCE}`, {}, authOf(made).client_token);
  expect(refused.status).toBe(403);
  expect((await server.request("POST", `auth/aws/unlock/${INSTANCE}`)).status).toBe(204);
  expect((await logIn(INSTANCE, { nonce: "new" })).status).toBe(200);
});
