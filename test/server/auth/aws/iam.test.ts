/**
 * Logins of type iam through the real client and an STS that checks each signature: who gets in, as whom, and what is
 * refused. Source: Vault API and docs, AWS auth method, "IAM auth method".
 */
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { iamLoginFields } from "../../../../lib/crypto/sigv4.ts";
import type { Fault } from "../../../../lib/fault.ts";
import { Secret } from "../../../../lib/secret.ts";
import type { EncodableRecord } from "../../../../lib/wire/json.ts";
import { httpSts } from "../../../../server/clients/sts.ts";
import type { LoginGrant } from "../../../../server/contract/token.ts";
import { ACCOUNT, facts, INSTANCE, LAUNCH, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";
import { fixedRandom } from "../../../fakes/random.ts";
import { type FakeSts, startSts } from "../../../fakes/sts.ts";

const USER = { id: "AKIAUSERUSERUSERUSER", secret: "user/secret", arn: `arn:aws:iam::${ACCOUNT}:user/team/ann` };
const ROLE = {
  id: "ASIAROLEROLEROLEROLE",
  secret: "role/secret",
  token: "session/token==",
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/${INSTANCE}`,
};
const OTHER = "210987654321";

let sts: FakeSts;
let clock: FakeClock;
let aws: TestMount;

beforeAll(async () => {
  sts = await startSts();
});
afterAll(() => sts.close());
beforeEach(async () => {
  clock = fakeClock(LAUNCH + 60_000);
  sts.keys.clear();
  sts.keys.set(USER.id, { secret: USER.secret, arn: USER.arn, userId: "AIDAANN" });
  sts.keys.set(ROLE.id, {
    secret: ROLE.secret,
    sessionToken: ROLE.token,
    arn: ROLE.arn,
    userId: `AROAWEB:${INSTANCE}`,
    expires: LAUNCH + 3_600_000,
  });
  Object.assign(sts.knobs, { fail: undefined, reply: undefined, now: () => clock.now() });
  sts.requests.length = 0;
  aws = await testMount({ clock, sts: httpSts({ clock, random: fixedRandom() }) });
  aws.cloud.principals.set(`${ACCOUNT}/user/ann`, { arn: USER.arn, uniqueId: "AIDAANN" });
  aws.cloud.principals.set(`${ACCOUNT}/role/web`, { arn: `arn:aws:iam::${ACCOUNT}:role/web`, uniqueId: "AROAWEB" });
  await aws.call("update", "config/client", { sts_endpoint: sts.url });
});

type Proof = Partial<Parameters<typeof iamLoginFields>[0]>;
const asUser = (change: Proof = {}): EncodableRecord => ({
  ...iamLoginFields({
    keys: { accessKeyId: USER.id, secretAccessKey: new Secret(USER.secret) },
    region: "",
    serverId: "",
    time: clock.now(),
    ...change,
  }),
});
const asRole = (change: Proof = {}): EncodableRecord =>
  asUser({
    keys: {
      accessKeyId: ROLE.id,
      secretAccessKey: new Secret(ROLE.secret),
      sessionToken: new Secret(ROLE.token),
    },
    ...change,
  });
const write = (body: EncodableRecord, name = "app") =>
  aws.call("update", `role/${name}`, { auth_type: "iam", ...body });

async function logIn(fields: EncodableRecord, role = "app"): Promise<LoginGrant> {
  const reply = await aws.call("update", "login", { ...fields, ...(role === "" ? {} : { role }) });
  if (reply?.login === undefined) throw new Error("no grant");
  return reply.login;
}
const refusal = (fields: EncodableRecord, role = "app"): Promise<Fault> =>
  aws.refusal("update", "login", { ...fields, role });
const data = async (path: string) => (await aws.call("read", path))?.data as Record<string, unknown>;

test("a user bound by ARN logs in; the grant tells who", async () => {
  await write({ bound_iam_principal_arn: USER.arn, token_policies: "app", token_ttl: 60 });
  const role = await data("role/app");
  expect(role).toMatchObject({ bound_iam_principal_arn: [USER.arn], bound_iam_principal_id: ["AIDAANN"] });
  const grant = await logIn(asUser());
  expect(grant).toMatchObject({
    displayName: "ann",
    policies: ["app"],
    ttl: 60_000,
    role: "app",
    alias: role["role_id"],
  });
  expect(Object.fromEntries(grant.metadata)).toEqual({
    role_id: role["role_id"],
    client_arn: USER.arn,
    canonical_arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
    client_user_id: "AIDAANN",
    auth_type: "iam",
    account_id: ACCOUNT,
  });
  expect(Object.fromEntries(grant.aliasMetadata ?? [])).toEqual({ auth_type: "iam", account_id: ACCOUNT });
  expect(sts.requests[0]?.headers).toMatchObject({ host: "sts.amazonaws.com", accept: "text/xml" });
});

test("a role's session logs in, by the role's name when none is given; a region's STS may be signed for", async () => {
  await aws.call("delete", "role/web");
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:role/web` }, "web");
  const grant = await logIn(asRole({ region: "eu-west-1" }), "");
  expect(grant).toMatchObject({ displayName: `web/${INSTANCE}`, role: "web" });
  expect(Object.fromEntries(grant.metadata)).toMatchObject({
    client_arn: ROLE.arn,
    canonical_arn: `arn:aws:iam::${ACCOUNT}:role/web`,
    client_user_id: "AROAWEB",
  });
});

test("headers as an object, as JSON text, with values as strings or numbers", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  const fields = asUser();
  const text = Buffer.from(fields["iam_request_headers"] as string, "base64").toString("utf8");
  const lists = JSON.parse(text) as Record<string, string[]>;
  const strings = Object.fromEntries(Object.entries(lists).map(([name, [value = ""]]) => [name, value]));
  for (const headers of [text, lists, strings, { ...strings, "Content-Length": 43 }]) {
    expect((await logIn({ ...fields, iam_request_headers: headers })).displayName).toBe("ann");
  }
});

/** A GET that is signed in its query. Source: AWS IAM user guide, "Authenticating requests: query parameters". */
function presigned(secret: string, lasts: number): EncodableRecord {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [stamp.slice(0, 8), "us-east-1", "sts", "aws4_request"];
  const query = Object.entries({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": [USER.id, ...scope].join("/"),
    "X-Amz-Date": stamp,
    "X-Amz-Expires": String(lasts),
    "X-Amz-SignedHeaders": "host",
  })
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&");
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const canonical = ["GET", "/", query, "host:sts.amazonaws.com\n", "host", sha256("")].join("\n");
  const text = ["AWS4-HMAC-SHA256", stamp, scope.join("/"), sha256(canonical)].join("\n");
  const signature = hmac(scope.reduce(hmac, Buffer.from(`AWS4${secret}`)), text).toString("hex");
  const url = `https://sts.amazonaws.com/?${query}&X-Amz-Signature=${signature}`;
  return {
    iam_http_request_method: "GET",
    iam_request_url: Buffer.from(url).toString("base64"),
    iam_request_headers: "{}",
  };
}

test("a GET that is signed in its query logs in while it lasts", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  expect((await logIn(presigned(USER.secret, 60))).displayName).toBe("ann");
  expect((await refusal(presigned("another", 60))).message).toContain("SignatureDoesNotMatch");
  const old = presigned(USER.secret, 60);
  await clock.advance(60_001);
  expect((await refusal(old)).message).toContain("SignatureDoesNotMatch");
});

test.each<[string, () => EncodableRecord, string]>([
  [
    "another secret",
    () => asUser({ keys: { accessKeyId: USER.id, secretAccessKey: new Secret("x") } }),
    "SignatureDoesNotMatch",
  ],
  [
    "an unknown key",
    () => asUser({ keys: { accessKeyId: "AKIAXXXXXXXXXXXXXXXX", secretAccessKey: new Secret("x") } }),
    "InvalidClientTokenId",
  ],
  [
    "temporary keys without their token",
    () => asUser({ keys: { accessKeyId: ROLE.id, secretAccessKey: new Secret(ROLE.secret) } }),
    "InvalidClientTokenId",
  ],
  ["a signature of 16 minutes ago", () => asUser({ time: clock.now() - 16 * 60_000 }), "SignatureDoesNotMatch"],
])("STS refuses %s", async (_, fields, code) => {
  await write({ bound_iam_principal_arn: USER.arn });
  expect(await refusal(fields())).toMatchObject({
    kind: "invalid",
    message: `error making upstream request: received error code 403 from STS: ${code}`,
  });
});

test("expired keys are refused, 15 minutes old signatures are not", async () => {
  await write({ bound_iam_principal_arn: [USER.arn, `arn:aws:iam::${ACCOUNT}:role/web`] });
  await logIn(asUser({ time: clock.now() - 15 * 60_000 }));
  await clock.advance(3_600_000);
  expect((await refusal(asRole())).message).toContain("ExpiredToken");
});

test.each<[string, FakeSts["knobs"]["reply"], string]>([
  ["a redirect", { status: 302, location: "http://127.0.0.1:1/" }, "received error code 302"],
  ["JSON", { type: "application/json", body: "{}" }, "not of the type text/xml"],
  ["a type that only begins so", { type: "text/xml; charset=utf-8" }, "not of the type text/xml"],
  ["another root", { body: "<GetSessionTokenResponse></GetSessionTokenResponse>" }, "has not one Arn"],
  ["an endless answer", { body: "x".repeat(70_000) }, "too long"],
])("an answer of STS that is %s makes no identity", async (_, reply, message) => {
  await write({ bound_iam_principal_arn: USER.arn });
  sts.knobs.reply = reply;
  const fault = await refusal(asUser());
  expect(fault.message).toContain(message);
  expect(sts.requests).toHaveLength(1);
});

test("STS is asked again after a failure, with growing waits, and not for ever", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  await aws.call("update", "config/client", { max_retries: 2 });
  sts.knobs.fail = { status: 503, code: "ServiceUnavailable", times: 2 };
  const login = logIn(asUser());
  const over = new AbortController();
  const done = login.finally(() => {
    over.abort();
  });
  while (!over.signal.aborted) {
    await clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect((await done).displayName).toBe("ann");
  const [first = 0, second = 0, third = 0] = sts.requests.map(({ at }) => at);
  expect(second - first).toBeGreaterThanOrEqual(500);
  expect(third - second).toBeGreaterThanOrEqual(1000);
  expect(sts.requests).toHaveLength(3);
  await aws.call("update", "config/client", { max_retries: 0 });
  sts.knobs.fail = { status: 500, code: "InternalFailure", times: 1 };
  expect(await refusal(asUser())).toMatchObject({ kind: "unavailable", retryAfter: 10_000 });
  sts.knobs.fail = { status: 400, code: "Throttling", times: 1 };
  expect(await refusal(asUser())).toMatchObject({ kind: "unavailable", retryAfter: 5000 });
});

test("the server id header must be there, be right and be signed", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  await aws.call("update", "config/client", { iam_server_id_header_value: "vault.example.com" });
  expect((await logIn(asUser({ serverId: "vault.example.com" }))).displayName).toBe("ann");
  expect((await refusal(asUser())).message).toContain("missing header");
  expect((await refusal(asUser({ serverId: "other.example.com" }))).message).toContain("not what this server expects");
  const fields = asUser();
  const headers = JSON.parse(Buffer.from(fields["iam_request_headers"] as string, "base64").toString()) as object;
  const added = { ...headers, "X-Vault-AWS-IAM-Server-ID": "vault.example.com" };
  expect((await refusal({ ...fields, iam_request_headers: added })).message).toContain("among the signed headers");
  expect(sts.requests).toHaveLength(1);
});

test("roles: none, of type ec2, bound to others", async () => {
  expect((await refusal(asUser())).message).toBe('entry for role "app" not found');
  expect((await refusal(asUser(), "web")).message).toBe("auth method iam not allowed for role web");
  expect(sts.requests).toHaveLength(0);
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:role/web` });
  expect((await refusal(asUser())).message).toBe(
    `IAM Principal "arn:aws:iam::${ACCOUNT}:user/ann" does not belong to the role "app"`,
  );
  await write({ token_bound_cidrs: "192.0.2.0/24" });
  expect((await refusal(asRole())).kind).toBe("denied");
});

test("a user made anew under the old name fits only a role that resolves no ids", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/ann`, resolve_aws_unique_ids: false }, "loose");
  sts.keys.set(USER.id, { secret: USER.secret, arn: USER.arn, userId: "AIDANEW" });
  expect((await refusal(asUser())).message).toContain("does not belong to the role");
  expect((await logIn(asUser(), "loose")).displayName).toBe("ann");
  expect(await data("role/loose")).toMatchObject({ bound_iam_principal_id: [], resolve_aws_unique_ids: false });
  await aws.call("update", "role/loose", { resolve_aws_unique_ids: true });
  expect(await data("role/loose")).toMatchObject({ bound_iam_principal_id: ["AIDAANN"] });
  expect((await aws.refusal("update", "role/loose", { resolve_aws_unique_ids: false })).message).toContain(
    "true to false",
  );
});

test.each([
  ["an unknown user", `arn:aws:iam::${ACCOUNT}:user/nobody`, "unable to resolve ARN"],
  ["another path", `arn:aws:iam::${ACCOUNT}:user/other/ann`, "another path"],
  ["a session", ROLE.arn, "give the ARN of the role"],
  ["no ARN", "ann", "unrecognized principal in arn"],
  ["a pattern without an account", "arn:aws:iam::*", "must name the account"],
])("a role bound to %s is not written", async (_, arn, message) => {
  const fault = await aws.refusal("update", "role/new", { auth_type: "iam", bound_iam_principal_arn: arn });
  expect([fault.kind, fault.message]).toEqual(["invalid", expect.stringContaining(message)]);
  expect((await aws.refusal("read", "role/new")).kind).toBe("not-found");
});

test("an ARN is not resolved by what IAM says about another account", async () => {
  aws.cloud.principals.set(`${ACCOUNT}/role/db`, { arn: `arn:aws:iam::${OTHER}:role/db`, uniqueId: "AROADB" });
  const fault = await aws.refusal("update", "role/new", {
    auth_type: "iam",
    bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:role/db`,
  });
  expect(fault.message).toContain("in another account");
});

test.each<[string, string, { arn: string; uniqueId: string } | undefined, string]>([
  ["the full ARN", `arn:aws:iam::${ACCOUNT}:user/team/*`, { arn: USER.arn, uniqueId: "AIDAANN" }, "ann"],
  ["all of the account", `arn:aws:iam::${ACCOUNT}:*`, { arn: USER.arn, uniqueId: "AIDAANN" }, "ann"],
  ["another path", `arn:aws:iam::${ACCOUNT}:user/boss/*`, { arn: USER.arn, uniqueId: "AIDAANN" }, "does not belong"],
  [
    "the canonical ARN only",
    `arn:aws:iam::${ACCOUNT}:user/a*`,
    { arn: USER.arn, uniqueId: "AIDAANN" },
    "does not belong",
  ],
  [
    "another account",
    `arn:aws:iam::${OTHER}:user/*`,
    { arn: `arn:aws:iam::${OTHER}:user/ann`, uniqueId: "AIDAANN" },
    "knows no such",
  ],
  [
    "another user of this name",
    `arn:aws:iam::${ACCOUNT}:user/*`,
    { arn: USER.arn, uniqueId: "AIDAELSE" },
    "knows no such",
  ],
  ["a user that IAM does not know", `arn:aws:iam::${ACCOUNT}:user/*`, undefined, "knows no such"],
])("a pattern for %s", async (_, pattern, known, outcome) => {
  await write({ bound_iam_principal_arn: pattern });
  aws.cloud.principals.clear();
  if (known !== undefined) aws.cloud.principals.set(`${ACCOUNT}/user/ann`, known);
  const got = await logIn(asUser()).then(
    (grant) => grant.displayName,
    (error: unknown) => (error as Fault).message,
  );
  expect(got).toContain(outcome);
});

test("use_sts_region_from_client asks the region that was signed for, if AWS has it", async () => {
  const seen: string[] = [];
  aws = await testMount({ clock });
  aws.cloud.answerSts = ({ endpoint }) => {
    seen.push(endpoint);
    return { status: 403, contentType: "text/xml", body: "" };
  };
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/*` });
  await refusal(asUser());
  await aws.call("update", "config/client", { sts_region: "eu-central-1" });
  await refusal(asUser());
  await aws.call("update", "config/client", { sts_endpoint: sts.url });
  await refusal(asUser());
  await aws.call("update", "config/client", { use_sts_region_from_client: true });
  await refusal(asUser({ region: "cn-north-1" }));
  expect(seen).toEqual([
    "https://sts.amazonaws.com/",
    "https://sts.eu-central-1.amazonaws.com/",
    sts.url,
    "https://sts.cn-north-1.amazonaws.com.cn/",
  ]);
  expect((await refusal(asUser({ region: "evil-region-1" }))).message).toContain("region that is not known");
  expect(seen).toHaveLength(4);
});

const PROFILE = `arn:aws:iam::${ACCOUNT}:instance-profile/web`;
const inferring = { inferred_entity_type: "ec2_instance", inferred_aws_region: "eu-west-1", bound_vpc_id: "vpc-1" };

test("inference: the session is an instance that runs under the caller's own role", async () => {
  aws.cloud.instances.set(INSTANCE, facts({ profileArn: PROFILE }));
  aws.cloud.profiles.set("web", [`arn:aws:iam::${ACCOUNT}:role/service/web`]);
  await write(inferring);
  const { metadata } = await logIn(asRole());
  expect(Object.fromEntries(metadata)).toMatchObject({
    inferred_entity_type: "ec2_instance",
    inferred_entity_id: INSTANCE,
    inferred_aws_region: "eu-west-1",
  });
});

test.each<[string, Parameters<typeof facts>[0] | undefined, readonly string[], string]>([
  ["runs under another role", { profileArn: PROFILE }, [`arn:aws:iam::${ACCOUNT}:role/db`], "under the caller's role"],
  ["has no profile", {}, [], "no IAM instance profile"],
  ["is stopped", { profileArn: PROFILE, state: "stopped" }, [`arn:aws:iam::${ACCOUNT}:role/web`], "not in 'running'"],
  ["is in another VPC", { profileArn: PROFILE, vpcId: "vpc-2" }, [`arn:aws:iam::${ACCOUNT}:role/web`], "VPC ID"],
  ["is of another account", { profileArn: PROFILE, accountId: OTHER }, [`arn:aws:iam::${ACCOUNT}:role/web`], "another"],
  ["is unknown", undefined, [], "knows no such instance"],
])("inference refuses a session named after an instance that %s", async (_, instance, roles, message) => {
  aws.cloud.instances.clear();
  if (instance !== undefined) aws.cloud.instances.set(INSTANCE, facts(instance));
  aws.cloud.profiles.set("web", roles);
  await write(inferring);
  expect(await refusal(asRole())).toMatchObject({ kind: "invalid", message: expect.stringContaining(message) });
});

test("inference refuses users, and sessions that are no instance", async () => {
  await write(inferring);
  expect((await refusal(asUser())).message).toContain("session is not named after one");
  sts.keys.set(ROLE.id, {
    secret: ROLE.secret,
    sessionToken: ROLE.token,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/ann`,
    userId: "AROAWEB:ann",
  });
  expect((await refusal(asRole())).message).toContain("session is not named after one");
});

test("renewal: the role, its binds and the inferred instance are looked at again", async () => {
  const place = { storage: aws.storage, mount: aws.mount };
  const renew = (grant: LoginGrant): Promise<string> =>
    aws.engine.renew?.(aws.token(grant), place).then(
      ({ ttl }) => String(ttl),
      (error: unknown) => (error as Fault).kind,
    ) ?? Promise.resolve("");
  await write({ bound_iam_principal_arn: USER.arn, token_ttl: 60 });
  const user = await logIn(asUser());
  expect(await renew(user)).toBe("60000");
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:user/team/*`, token_ttl: 120 });
  expect(await renew(user)).toBe("120000");
  await write({ bound_iam_principal_arn: `arn:aws:iam::${ACCOUNT}:role/web` });
  expect(await renew(user)).toBe("denied");
  aws.cloud.instances.set(INSTANCE, facts({ profileArn: PROFILE }));
  aws.cloud.profiles.set("web", [`arn:aws:iam::${ACCOUNT}:role/web`]);
  await write(inferring);
  const session = await logIn(asRole());
  expect(await renew(session)).toBe("120000");
  aws.cloud.instances.set(INSTANCE, facts({ profileArn: PROFILE, state: "stopped" }));
  expect(await renew(session)).toBe("denied");
  await aws.call("delete", "role/app");
  expect(await renew(user)).toBe("denied");
});

test("failed logins are counted for the source address", async () => {
  await write({ bound_iam_principal_arn: USER.arn });
  for (let i = 0; i < 1200; i += 1) await refusal({ ...asUser(), iam_request_body: "eA==" });
  expect(await refusal(asUser())).toMatchObject({ kind: "throttled" });
});
