/** The AWS of the login case: an EC2 stand-in that knows the instances, and documents signed with a key that the server is told to trust. */
import { startAws } from "../test/fakes/ec2.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../test/fakes/mint.ts";
import type { Call } from "./client.ts";

/** Instances that log in by turns, so that not all logins meet in one access-list entry. */
const INSTANCES = 500;
const ACCOUNT = "111122223333";
const REGION = "eu-west-1";
const MOUNT = "bench-aws";

export interface Cloud {
  /** Path of the login, below /v1/. */
  readonly path: string;
  /** Bodies of logins, one an instance, each with its nonce. */
  readonly bodies: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Mounts the aws method beside what is there and teaches it the stand-in.
 * @param port where the stand-in listens; 0 = any
 */
export async function startCloud(call: Call, port: number): Promise<Cloud> {
  const now = new Date();
  const cloud = await startAws({ accountId: ACCOUNT, port });
  const signer = testSigner("rsa2048");
  const pendingTime = now.toISOString().replace(/\.\d+/, "");
  const bodies: string[] = [];
  for (let i = 0; i < INSTANCES; i += 1) {
    const instanceId = `i-${i.toString(16).padStart(17, "0")}`;
    cloud.add({ instanceId, accountId: ACCOUNT, region: REGION, launchTime: now.getTime() });
    const document = mintDocument({ accountId: ACCOUNT, region: REGION, instanceId, pendingTime });
    const pkcs7 = imdsBase64(mintPkcs7(document, signer)).replaceAll("\n", "");
    bodies.push(JSON.stringify({ role: "bench", pkcs7, nonce: `nonce-of-${instanceId}` }));
  }
  await call("POST", `sys/auth/${MOUNT}`, { type: "aws" });
  await call("POST", `auth/${MOUNT}/config/certificate/bench`, {
    aws_public_cert: signer.certificate,
    type: "pkcs7",
    kind: "rsa2048",
    regions: REGION,
  });
  await call("POST", `auth/${MOUNT}/config/client`, {
    access_key: cloud.accessKey,
    secret_key: cloud.secretKey,
    endpoint: cloud.url,
    iam_endpoint: cloud.url,
    sts_endpoint: cloud.url,
  });
  await call("POST", `auth/${MOUNT}/role/bench`, {
    auth_type: "ec2",
    bound_account_id: ACCOUNT,
    policies: "bench",
    allowed_documents: "rsa2048",
  });
  return { path: `auth/${MOUNT}/login`, bodies, close: () => cloud.close() };
}
