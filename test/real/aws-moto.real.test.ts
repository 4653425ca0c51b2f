/** The same login with moto's EC2 and STS behind it (`pip install 'moto[server]'`): an implementation of the API that is not ours. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { EC2Client, RunInstancesCommand, StopInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { systemClock } from "../../lib/clock.ts";
import { awsAuth } from "../../server/auth/aws/aws.ts";
import { awsPorts } from "../../server/clients/aws.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../fakes/mint.ts";
import { type TestReply, type TestServer, testServer } from "../fakes/server.ts";
import { requires } from "./requires.ts";

const real = requires("moto_server");
const signer = testSigner("rsa2048");
const credentials = { accessKeyId: "AKIAMOTOMOTOMOTOMOTO", secretAccessKey: "moto" };
let moto: ChildProcess | undefined;
let url = "";
let server: TestServer | undefined;
let ec2: EC2Client;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

async function answers(): Promise<void> {
  for (let i = 0; i < 150; i += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("moto_server does not answer");
}

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${String(port)}`;
  moto = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  moto.on("error", () => undefined);
  server = await testServer({ kinds: [awsAuth(awsPorts(systemClock))] });
  await server.request("POST", "sys/auth/aws", { type: "aws" });
  await server.request("POST", "auth/aws/config/certificate/t", { aws_public_cert: signer.certificate });
  const { accessKeyId, secretAccessKey } = credentials;
  const keys = { access_key: accessKeyId, secret_key: secretAccessKey };
  await server.request("POST", "auth/aws/config/client", {
    ...keys,
    endpoint: url,
    sts_endpoint: url,
    iam_endpoint: url,
  });
  ec2 = new EC2Client({ region: "eu-west-1", endpoint: url, credentials });
}, 60_000);

afterAll(async () => {
  ec2.destroy();
  moto?.kill();
  await server?.close();
});

async function launch(): Promise<Record<"instanceId" | "imageId" | "vpcId", string>> {
  await answers();
  const command = new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1 });
  const [instance] = (await ec2.send(command)).Instances ?? [];
  return { instanceId: instance?.InstanceId ?? "", imageId: instance?.ImageId ?? "", vpcId: instance?.VpcId ?? "" };
}

function logIn(fields: Record<string, string>, nonce: string, pendingTime: number): Promise<TestReply> {
  const time = new Date(pendingTime).toISOString().replace(/\.\d+Z$/, "Z");
  const { instanceId = "", imageId = "" } = fields;
  const document = mintDocument({ instanceId, imageId, pendingTime: time });
  const pkcs7 = imdsBase64(mintPkcs7(document, signer));
  if (server === undefined) throw new Error("no server");
  return server.request("POST", "auth/aws/login", { role: "web", pkcs7, nonce }, "");
}

real(
  "an instance of moto logs in, its thief does not, and it loses its token's renewal once stopped",
  async () => {
    const instance = await launch();
    const now = systemClock.now();
    const role = { auth_type: "ec2", bound_account_id: "123456789012", bound_vpc_id: instance.vpcId };
    await server?.request("POST", "auth/aws/role/web", role);
    const login = await logIn(instance, "n", now);
    expect([login.status, login.body?.["errors"]]).toEqual([200, undefined]);
    expect((await logIn(instance, "thief", now)).status).toBe(400);
    const token = (login.body?.["auth"] as { client_token: string }).client_token;
    expect((await server?.request("POST", "auth/token/renew-self", {}, token))?.status).toBe(200);
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instance.instanceId] }));
    expect((await server?.request("POST", "auth/token/renew-self", {}, token))?.status).toBe(403);
    expect((await logIn(instance, "n", now)).status).toBe(400);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance.instanceId] }));
    expect((await logIn(instance, "n", now)).status).toBe(400);
  },
  60_000,
);

real(
  "an instance that moto does not know: 503 while it is young, 400 afterwards",
  async () => {
    await answers();
    const unknown = { instanceId: "i-0fedcba9876543210", imageId: "ami-12c6146b" };
    await server?.request("POST", "auth/aws/role/web", { auth_type: "ec2", bound_account_id: "123456789012" });
    const young = await logIn(unknown, "n", systemClock.now());
    expect(young.status).toBe(503);
    expect(Number(young.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await logIn(unknown, "n", systemClock.now() - 11 * 60_000)).status).toBe(400);
  },
  60_000,
);
