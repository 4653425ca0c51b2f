/**
 * Trust on first use with everything real but AWS: sockets, HTTP, both stores, the AWS SDK, and an EC2 that takes 0 to
 * 200 ms. Twenty rounds, each with an instance of its own: of fifty nonces at once exactly one wins and alone works
 * afterwards; fifty logins with one nonce all pass. And what the logins cost in calls to EC2.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { awsAuth } from "../../server/auth/aws/aws.ts";
import { awsPorts } from "../../server/clients/aws.ts";
import type { Store } from "../../server/contract/storage.ts";
import { openLmdbStore } from "../../server/storage/lmdb.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { type FakeAws, startAws } from "../fakes/ec2.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../fakes/mint.ts";
import { type TestReply, type TestServer, testServer } from "../fakes/server.ts";

const ROUNDS = 20;
const SOCKETS = 50;
const ACCOUNT = "123456789012";
const REGION = "eu-west-1";

const stores: readonly (readonly [string, (folder: string) => Promise<Store>])[] = [
  ["memory", () => Promise.resolve(memoryStore())],
  [
    "lmdb",
    (folder) =>
      openLmdbStore({
        path: join(folder, "data"),
        pid: process.pid,
        uid: process.getuid?.() ?? 0,
        random: systemRandom(),
        log: () => undefined,
      }),
  ],
];

describe.each(stores)("on %s", (name, openStore) => {
  const signer = testSigner("rsa2048");
  const folder = mkdtempSync(join(tmpdir(), "oksae-first-use-"));
  let cloud: FakeAws;
  let server: TestServer;
  let warnings = 0;

  beforeAll(async () => {
    cloud = await startAws({ accountId: ACCOUNT });
    server = await testServer({
      store: await openStore(folder),
      kinds: [awsAuth(awsPorts(systemClock, systemRandom()))],
      log: (level, message) => {
        if (level === "warn" && message.includes("nonce")) warnings += 1;
      },
    });
    const must = async (path: string, data: unknown): Promise<void> => {
      expect([path, (await server.request("POST", path, data)).status]).toEqual([path, 204]);
    };
    await must("sys/audit/file", { type: "file", options: { file_path: join(folder, "audit.log") } });
    await must("sys/auth/aws", { type: "aws" });
    await must("auth/aws/config/certificate/test", { aws_public_cert: signer.certificate });
    const { accessKey: access_key, secretKey: secret_key, url } = cloud;
    await must("auth/aws/config/client", { access_key, secret_key, endpoint: url, sts_endpoint: url });
    await must("auth/aws/role/web", { auth_type: "ec2", bound_account_id: ACCOUNT });
    cloud.knobs.delay = () => Math.random() * 200;
  });

  afterAll(async () => {
    await server.close();
    await cloud.close();
    rmSync(folder, { recursive: true });
  });

  let instances = 0;
  function instance(): string {
    instances += 1;
    const instanceId = `i-${String(instances).padStart(17, "0")}`;
    cloud.add({ instanceId, accountId: ACCOUNT, region: REGION });
    return instanceId;
  }

  const proofs = new Map<string, string>();
  function proofOf(instanceId: string): string {
    const document = mintDocument({ instanceId, accountId: ACCOUNT, region: REGION });
    const pkcs7 = proofs.get(instanceId) ?? imdsBase64(mintPkcs7(document, signer));
    proofs.set(instanceId, pkcs7);
    return pkcs7;
  }

  /** The pool of fetch opens a connection for each that is under way. */
  function logIn(instanceId: string, nonce: string): Promise<TestReply> {
    const pkcs7 = proofOf(instanceId);
    return server.request("POST", "auth/aws/login", { role: "web", pkcs7, nonce }, "");
  }

  const statuses = (replies: readonly TestReply[]): readonly number[] => replies.map(({ status }) => status);
  const nonces = (): string[] => Array.from({ length: SOCKETS }, () => systemRandom().uuid());

  test(`${ROUNDS} rounds of ${SOCKETS} sockets with ${SOCKETS} nonces: one wins, and only its nonce works afterwards`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const instanceId = instance();
      const tried = nonces();
      const first = await Promise.all(tried.map((nonce) => logIn(instanceId, nonce)));
      expect(statuses(first).filter((status) => status === 200)).toHaveLength(1);
      const refused = first.filter(({ status }) => status !== 200);
      expect(new Set(refused.map(({ status, text }) => `${status} ${text.trim()}`))).toEqual(
        new Set(['400 {"errors":["client nonce mismatch"]}']),
      );
      const again = await Promise.all(tried.map((nonce) => logIn(instanceId, nonce)));
      expect(statuses(again)).toEqual(statuses(first));
    }
    expect(warnings).toBeGreaterThanOrEqual(ROUNDS * (SOCKETS - 1));
  }, 120_000);

  test(`${ROUNDS} rounds of ${SOCKETS} sockets with one nonce: all pass`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const instanceId = instance();
      const [nonce = "", another = ""] = nonces();
      const replies = await Promise.all(Array.from({ length: SOCKETS }, () => logIn(instanceId, nonce)));
      expect(statuses(replies)).toEqual(Array.from({ length: SOCKETS }, () => 200));
      expect((await logIn(instanceId, another)).status).toBe(400);
    }
  }, 120_000);

  test("a hundred instances that log in together share a DescribeInstances; wrong nonces cost none", async () => {
    const ids = Array.from({ length: 100 }, instance);
    ids.forEach(proofOf);
    const before = cloud.count("DescribeInstances");
    const first = await Promise.all(ids.map((instanceId) => logIn(instanceId, "right")));
    expect(statuses(first)).toEqual(ids.map(() => 200));
    const calls = cloud.count("DescribeInstances") - before;
    // One for all that come within its window: a slow machine spreads them over a few.
    expect(calls).toBeLessThanOrEqual(4);
    const then = cloud.calls.length;
    const wrong = await Promise.all(ids.map((instanceId) => logIn(instanceId, "wrong")));
    expect(statuses(wrong)).toEqual(ids.map(() => 400));
    expect(cloud.calls.length).toBe(then);
    process.stdout.write(`${name}: 100 instances at once cost ${calls} DescribeInstances, 100 wrong nonces none\n`);
  }, 60_000);
});
