/**
 * Type iam and other accounts against an AWS that is not ours: moto in server mode, asked through AWS's own SDK and
 * signer. What moto does not check (signatures of GetCallerIdentity, external ids) the stand-ins of test/fakes do.
 * Source: https://docs.getmoto.org, "Server mode" and "Multi-Account support".
 */
import { EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { iamLoginFields } from "../../lib/crypto/sigv4.ts";
import { Secret } from "../../lib/secret.ts";
import { imdsBase64, mintDocument, mintPkcs7 } from "../fakes/mint.ts";
import type { House, HouseReply } from "./house.ts";
import { ACCOUNT, IMAGE, MOTO, type MotoHouse, REGION, ROOT_KEYS, signer, startMoto } from "./moto.ts";
import { requires } from "./requires.ts";

const OTHER = "210987654321";
const onMoto = requires(MOTO);

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let moto: MotoHouse | undefined;
let house: House;
let endpoint: string;
let iam: IAMClient;
let sts: STSClient;

beforeAll(async () => {
  moto = await startMoto();
  if (moto === undefined) return;
  ({ house, endpoint } = moto);
  iam = new IAMClient({ region: REGION, endpoint, credentials: ROOT_KEYS });
  sts = new STSClient({ region: REGION, endpoint, credentials: ROOT_KEYS });
}, 90_000);
afterAll(async () => {
  if (moto === undefined) return;
  iam.destroy();
  sts.destroy();
  await moto.close();
});

async function assume(roleArn: string, session: string): Promise<Keys> {
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: session, ExternalId: "ours" }),
  );
  return {
    accessKeyId: given?.AccessKeyId ?? "",
    secretAccessKey: given?.SecretAccessKey ?? "",
    sessionToken: given?.SessionToken ?? "",
  };
}

async function makeUser(name: string): Promise<Keys & { readonly arn: string; readonly uniqueId: string }> {
  const { User: user } = await iam.send(new CreateUserCommand({ UserName: name, Path: "/team/" }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return {
    arn: user?.Arn ?? "",
    uniqueId: user?.UserId ?? "",
    accessKeyId: key?.AccessKeyId ?? "",
    secretAccessKey: key?.SecretAccessKey ?? "",
  };
}

/** What the SDK's own client would send, signed by it, caught on its way out. */
async function sdkLogin(keys: Keys): Promise<Record<string, string>> {
  const client = new STSClient({ region: REGION, endpoint, credentials: keys });
  let caught: { headers: Record<string, string>; body: string; method: string } | undefined;
  client.middlewareStack.add(
    () => (args) => {
      caught = args.request as typeof caught;
      return Promise.reject(new Error("not sent"));
    },
    { step: "deserialize", priority: "low" },
  );
  await client.send(new GetCallerIdentityCommand({})).catch(() => undefined);
  client.destroy();
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return {
    iam_http_request_method: caught?.method ?? "",
    iam_request_url: base64(`${endpoint}/`),
    iam_request_body: base64(String(caught?.body)),
    iam_request_headers: base64(JSON.stringify(caught?.headers)),
  };
}

const logIn = (role: string, fields: object): Promise<HouseReply> =>
  house.request("POST", "auth/aws/login", { role, ...fields }, "");
interface Auth {
  readonly client_token: string;
  readonly display_name?: string;
  readonly metadata: Readonly<Record<string, string>>;
}
const authOf = (reply: HouseReply): Auth => {
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)]);
  return reply.body["auth"] as Auth;
};

onMoto("a user logs in with a request that AWS's signer has signed, and renews", async () => {
  const ann = await makeUser("ann");
  await house.must("POST", "auth/aws/role/ann", {
    auth_type: "iam",
    bound_iam_principal_arn: ann.arn,
    token_ttl: "1h",
  });
  const { body } = await house.request("GET", "auth/aws/role/ann");
  expect(body["data"]).toMatchObject({ bound_iam_principal_arn: [ann.arn], bound_iam_principal_id: [ann.uniqueId] });
  const auth = authOf(await logIn("ann", await sdkLogin(ann)));
  expect(auth.metadata).toMatchObject({
    client_arn: ann.arn,
    canonical_arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
    client_user_id: ann.uniqueId,
    auth_type: "iam",
  });
  expect((await house.request("POST", "auth/token/renew-self", {}, auth.client_token)).status).toBe(200);
  const bob = await makeUser("bob");
  expect((await logIn("ann", await sdkLogin(bob))).text).toContain("does not belong to the role");
});

onMoto("our own signer's request is taken too; a pattern is matched with the path that IAM tells", async () => {
  const carl = await makeUser("carl");
  await house.must("POST", "auth/aws/role/team", {
    auth_type: "iam",
    bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/team/*`,
  });
  const fields = iamLoginFields({
    keys: { accessKeyId: carl.accessKeyId, secretAccessKey: new Secret(carl.secretAccessKey) },
    region: REGION,
    serverId: "",
    time: Date.now(),
  });
  expect(authOf(await logIn("team", fields)).metadata["client_arn"]).toBe(carl.arn);
  await house.must("POST", "auth/aws/role/boss", {
    auth_type: "iam",
    bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/boss/*`,
  });
  expect((await logIn("boss", fields)).status).toBe(400);
});

onMoto("a role's session logs in", async () => {
  const { Role: role } = await iam.send(
    new CreateRoleCommand({ RoleName: "web", AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }),
  );
  await house.must("POST", "auth/aws/role/web-iam", { auth_type: "iam", bound_iam_principal_arn: role?.Arn });
  const auth = authOf(await logIn("web-iam", await sdkLogin(await assume(role?.Arn ?? "", "ann"))));
  expect(auth.metadata).toMatchObject({ canonical_arn: role?.Arn, client_user_id: role?.RoleId });
});

onMoto("an instance of a second account, reached by AssumeRole; without config/sts it is unknown", async () => {
  const reader = `arn:aws:iam::${OTHER}:role/oksae-reader`;
  const ec2 = new EC2Client({ region: REGION, endpoint, credentials: await assume(reader, "setup") });
  const { Instances, OwnerId } = await ec2.send(new RunInstancesCommand({ ImageId: IMAGE, MinCount: 1, MaxCount: 1 }));
  ec2.destroy();
  expect(OwnerId).toBe(OTHER);
  const instanceId = Instances?.[0]?.InstanceId ?? "";
  const pkcs7 = imdsBase64(
    mintPkcs7(mintDocument({ instanceId, accountId: OTHER, region: REGION, imageId: IMAGE }), signer),
  );
  await house.must("POST", "auth/aws/role/far", { auth_type: "ec2", bound_account_id: OTHER });
  expect((await logIn("far", { pkcs7, nonce: "n" })).text).toContain("EC2 knows no such instance");
  await house.must("POST", `auth/aws/config/sts/${OTHER}`, { sts_role: reader, external_id: "ours" });
  const auth = authOf(await logIn("far", { pkcs7, nonce: "n" }));
  expect(auth.metadata).toMatchObject({ account_id: OTHER, instance_id: instanceId });
  expect((await house.request("POST", "auth/token/renew-self", {}, auth.client_token)).status).toBe(200);
  // The same name in the other account is another role: its IAM is the one that is asked.
  const far = { auth_type: "iam", bound_iam_principal_arn: `arn:aws:iam::${OTHER}:role/web` };
  expect((await house.request("POST", "auth/aws/role/far-iam", far)).text).toContain("unable to resolve ARN");
});

onMoto("rotate-root gives the user a new key, and only that one is left", async () => {
  const user = await makeUser("oksae");
  await moto?.configure(user);
  const rotated = await house.request("POST", "auth/aws/config/rotate-root");
  expect([rotated.status, rotated.text]).toEqual([200, expect.any(String)]);
  const { access_key: now } = rotated.body["data"] as { access_key: string };
  const { AccessKeyMetadata: left } = await iam.send(new ListAccessKeysCommand({ UserName: "oksae" }));
  expect(left?.map(({ AccessKeyId }) => AccessKeyId)).toEqual([now]);
  expect(now).not.toBe(user.accessKeyId);
  expect((await house.request("GET", "auth/aws/config/client")).body["data"]).toMatchObject({ access_key: now });
  await house.must("POST", "auth/aws/role/after", {
    auth_type: "iam",
    bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/team/oksae`,
  });
});
