/** The demo's AWS: a metadata service that signs documents as AWS does, with a key of the demo's own, and an EC2 API that knows the instance. */
import { get, request } from "node:http";
import { startAws as startCloud } from "../fakes/ec2.ts";
import { startImds } from "../fakes/imds.ts";

export interface DemoAws {
  readonly account: string;
  readonly region: string;
  readonly instance: string;
  /** Of the metadata service. */
  readonly metadata: string;
  /** PEM of the key that signs the instance's documents. */
  readonly certificate: string;
  /** For auth/aws/config/client. */
  readonly client: Readonly<Record<string, string>>;
  /** What anyone gets who makes the instance fetch a URL: its signed document. */
  readonly document: () => Promise<string>;
  readonly close: () => Promise<void>;
}

const ACCOUNT = "111122223333";
const REGION = "eu-west-1";
const INSTANCE = "i-0f1e2d3c4b5a69788";

export async function startAws(): Promise<DemoAws> {
  const now = new Date();
  const pendingTime = now.toISOString().replace(/\.\d+/, "");
  const cloud = await startCloud({ accountId: ACCOUNT });
  cloud.add({ instanceId: INSTANCE, accountId: ACCOUNT, region: REGION, launchTime: now.getTime() });
  const imds = await startImds({
    fields: { accountId: ACCOUNT, region: REGION, instanceId: INSTANCE, pendingTime },
    tags: { Role: "app" },
  });
  return {
    account: ACCOUNT,
    region: REGION,
    instance: INSTANCE,
    metadata: imds.url,
    certificate: imds.signers.rsa2048.certificate,
    client: {
      access_key: cloud.accessKey,
      secret_key: cloud.secretKey,
      endpoint: cloud.url,
      iam_endpoint: cloud.url,
      sts_endpoint: cloud.url,
    },
    document: () => stolen(imds.url),
    close: async () => {
      await imds.close();
      await cloud.close();
    },
  };
}

/** Through IMDSv2, as code that runs on the instance would. */
async function stolen(url: string): Promise<string> {
  const token = await body(
    request(`${url}/latest/api/token`, { method: "PUT", headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" } }),
  );
  return body(
    get(`${url}/latest/dynamic/instance-identity/rsa2048`, { headers: { "x-aws-ec2-metadata-token": token } }),
  );
}

function body(sent: ReturnType<typeof request>): Promise<string> {
  return new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () => {
        resolve(Buffer.concat(chunks).toString());
      });
    });
    sent.end();
  });
}
