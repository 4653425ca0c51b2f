/**
 * The login against an EC2 that is not ours: moto in server mode. The instance is started through AWS's SDK, its document
 * is minted with a registered key, and the real server asks moto whether it runs. Source: https://docs.getmoto.org, "Server mode".
 */
import {
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  EC2Client,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { imdsBase64, mintDocument, mintPkcs7 } from "../fakes/mint.ts";
import type { House, HouseReply } from "./house.ts";
import { ACCOUNT, IMAGE, MOTO, type MotoHouse, REGION, ROOT_KEYS, signer, startMoto } from "./moto.ts";
import { requires } from "./requires.ts";

const onMoto = requires(MOTO);

let moto: MotoHouse | undefined;
let house: House;
let ec2: EC2Client;

async function setUp({ house, endpoint }: MotoHouse): Promise<void> {
  ec2 = new EC2Client({ region: REGION, endpoint, credentials: ROOT_KEYS });
  await house.must("POST", "auth/aws/role/web", {
    auth_type: "ec2",
    bound_account_id: ACCOUNT,
    bound_region: REGION,
    bound_ami_id: IMAGE,
    bound_vpc_id: await defaultVpc(),
    token_policies: "web",
  });
}

/** Of moto's account, where its instances run. */
async function defaultVpc(): Promise<string> {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }));
  return Vpcs?.[0]?.VpcId ?? "";
}

beforeAll(async () => {
  moto = await startMoto();
  if (moto === undefined) return;
  house = moto.house;
  await setUp(moto);
}, 90_000);
afterAll(async () => {
  if (moto === undefined) return;
  ec2.destroy();
  await moto.close();
});

interface Booted {
  readonly instanceId: string;
  readonly pkcs7: string;
}

/** A running instance and the document that its metadata service would hand out. */
async function boot(imageId = IMAGE): Promise<Booted> {
  const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 1, MaxCount: 1 }));
  const [instance] = Instances ?? [];
  const instanceId = instance?.InstanceId ?? "";
  const document = mintDocument({ instanceId, accountId: ACCOUNT, region: REGION, imageId });
  return { instanceId, pkcs7: imdsBase64(mintPkcs7(document, signer)) };
}

const logIn = ({ pkcs7 }: Booted, nonce: string): Promise<HouseReply> =>
  house.request("POST", "auth/aws/login", { role: "web", pkcs7, nonce }, "");

interface Auth {
  readonly client_token: string;
  readonly metadata: Readonly<Record<string, string>>;
}

onMoto("an instance that moto runs logs in, and again with its nonce", async () => {
  const booted = await boot();
  const first = await logIn(booted, "its nonce");
  expect([first.status, first.text]).toEqual([200, expect.any(String)]);
  const { client_token: token, metadata } = first.body["auth"] as Auth;
  expect(metadata).toMatchObject({ instance_id: booted.instanceId, account_id: ACCOUNT, region: REGION });
  const self = await house.request("GET", "auth/token/lookup-self", undefined, token);
  expect(self.body["data"]).toMatchObject({ policies: ["default", "web"] });
  expect((await logIn(booted, "its nonce")).status).toBe(200);
  expect((await logIn(booted, "a thief's nonce")).text).toContain("nonce mismatch");
});

onMoto("a terminated instance is refused, and so is the renewal of its token", async () => {
  const booted = await boot();
  const { client_token: token } = (await logIn(booted, "n")).body["auth"] as Auth;
  expect((await house.request("POST", "auth/token/renew-self", {}, token)).status).toBe(200);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [booted.instanceId] }));
  const again = await logIn(booted, "n");
  expect(again.status).toBe(400);
  expect(again.text).toContain("instance is not in 'running' state");
  expect((await house.request("POST", "auth/token/renew-self", {}, token)).status).toBe(403);
});

onMoto("a stopped instance and one of another image are refused", async () => {
  const stopped = await boot();
  await ec2.send(new StopInstancesCommand({ InstanceIds: [stopped.instanceId] }));
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [stopped.instanceId] }));
  expect(Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe("stopped");
  expect((await logIn(stopped, "n")).status).toBe(400);
  expect((await logIn(await boot("ami-03cf127a"), "n")).status).toBe(400);
});

onMoto("an instance that moto does not know: 503 while its document is young, 400 afterwards", async () => {
  const unknown = (pendingTime: number): Booted => {
    const instanceId = "i-0badbadbadbadbad0";
    const time = new Date(pendingTime).toISOString().replace(/\.\d+/, "");
    const fields = { instanceId, accountId: ACCOUNT, region: REGION, imageId: IMAGE, pendingTime: time };
    return { instanceId, pkcs7: imdsBase64(mintPkcs7(mintDocument(fields), signer)) };
  };
  const now = Date.now();
  const young = await logIn(unknown(now), "n");
  expect([young.status, Number(young.headers["retry-after"]) > 0]).toEqual([503, true]);
  expect((await logIn(unknown(now - 11 * 60_000), "n")).status).toBe(400);
});
