/** Key rotation: at every moment one working key is stored, whatever fails. Source: Vault API, "Rotate root credentials". */
import { beforeEach, expect, test } from "@jest/globals";
import { Fault } from "../../../../lib/fault.ts";
import { Secret } from "../../../../lib/secret.ts";
import type { AccessKey, AwsAccess } from "../../../../server/contract/ec2.ts";
import type { Storage } from "../../../../server/contract/storage.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { ACCOUNT, type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

/** IAM's side: the keys that work. */
let working: Map<string, string>;
/** What happened, in order. */
let steps: string[];
let aws: TestMount;
let clock: FakeClock;
let storage: Storage;
let failPut: "before" | "after" | undefined;

beforeEach(async () => {
  working = new Map([["AKIAOLD", "old secret"]]);
  steps = [];
  failPut = undefined;
  const inner = memoryStore();
  storage = {
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    snapshot: () => inner.snapshot(),
    transact: async (work) => {
      if (failPut === "before") throw new Fault("unavailable", "disk full");
      const result = await inner.transact(work);
      if (failPut === "after") throw new Fault("unavailable", "not acknowledged");
      return result;
    },
  };
  clock = fakeClock(0);
  aws = await testMount({ storage, clock });
  await aws.call("update", "config/client", { access_key: "AKIAOLD", secret_key: "old secret" });
  aws.cloud.newKey = () => {
    steps.push("create");
    if (working.size === 2)
      throw new Fault("upstream", "AWS refused iam:CreateAccessKey (LimitExceededException): check");
    working.set("AKIANEW", "new secret");
    return { accessKey: "AKIANEW", secretKey: new Secret("new secret") };
  };
  aws.cloud.dropKey = (key) => {
    steps.push(`delete ${key}`);
    working.delete(key);
  };
});

const rotate = () => aws.call("update", "config/rotate-root");
const storedKey = async () =>
  ((await aws.call("read", "config/client"))?.data as Record<string, unknown>)["access_key"];
const mustWork = async (): Promise<void> => {
  expect([...working.keys()]).toContain(await storedKey());
};

test("a new key is made and stored, the old one deleted last; AWS clients start over", async () => {
  const forgets = aws.cloud.forgets;
  expect(await rotate()).toEqual({ data: { access_key: "AKIANEW" } });
  expect(steps).toEqual(["create", "delete AKIAOLD"]);
  expect(await storedKey()).toBe("AKIANEW");
  expect(aws.cloud.forgets).toBe(forgets + 1);
  expect(JSON.stringify((await aws.call("read", "config/client"))?.data)).not.toContain("new secret");
});

test("without a static key there is nothing to rotate", async () => {
  await aws.call("delete", "config/client");
  expect(await aws.refusal("update", "config/rotate-root")).toMatchObject({ kind: "invalid" });
  expect(steps).toEqual([]);
});

test("the limit of two keys is told, and nothing changes", async () => {
  working.set("AKIAOTHER", "x");
  expect((await aws.refusal("update", "config/rotate-root")).message).toContain("two access keys");
  expect(await storedKey()).toBe("AKIAOLD");
});

test("a store that fails: the new key goes, the old one stays", async () => {
  failPut = "before";
  expect((await aws.refusal("update", "config/rotate-root")).kind).toBe("unavailable");
  expect(steps).toEqual(["create", "delete AKIANEW"]);
  expect(await storedKey()).toBe("AKIAOLD");
  await mustWork();
});

test("a write that landed without its acknowledgement: neither key goes", async () => {
  failPut = "after";
  expect((await aws.refusal("update", "config/rotate-root")).kind).toBe("unavailable");
  expect(steps).toEqual(["create"]);
  expect(await storedKey()).toBe("AKIANEW");
  await mustWork();
});

test("an old key that cannot be deleted is named in a warning; the next rotation deletes it first", async () => {
  const { dropKey } = aws.cloud;
  aws.cloud.dropKey = () => {
    throw new Fault("unavailable", "AWS does not answer iam:DeleteAccessKey");
  };
  const reply = await rotate();
  expect(reply?.data).toEqual({ access_key: "AKIANEW" });
  expect(reply?.warnings?.join()).toContain("AKIAOLD is no longer used but could not be deleted");
  await mustWork();
  aws.cloud.dropKey = dropKey;
  aws.cloud.newKey = () => {
    expect([...working.keys()]).toEqual(["AKIANEW"]);
    working.set("AKIA3", "s");
    return { accessKey: "AKIA3", secretKey: new Secret("s") };
  };
  await rotate();
  expect([...working.keys()]).toEqual(["AKIA3"]);
  await mustWork();
});

test("a crash between the store and the deletion: the next rotation deletes what it left", async () => {
  aws.cloud.dropKey = () => {
    throw new Error("killed");
  };
  await rotate();
  const after = await testMount({ storage, clock });
  after.cloud.dropKey = (key) => working.delete(key);
  after.cloud.newKey = () => ({ accessKey: "AKIA3", secretKey: new Secret("s") });
  working.set("AKIA3", "s");
  await after.call("update", "config/rotate-root");
  expect([...working.keys()]).toEqual(["AKIA3"]);
});

/** The same mount with an account check that needs the key to work. */
function slowIam(tries: number): () => number {
  let asked = 0;
  Object.assign(aws.cloud.ec2, {
    callerAccount: ({ accessKey }: AwsAccess) => {
      if (accessKey === "AKIAOLD") return Promise.resolve(ACCOUNT);
      asked += 1;
      return asked > tries ? Promise.resolve(ACCOUNT) : Promise.reject(new Fault("upstream", "InvalidClientTokenId"));
    },
  });
  return () => asked;
}

async function whileTimePasses<T>(work: Promise<T>): Promise<T> {
  for (let i = 0; i < 40; i += 1) await clock.advance(1000);
  return work;
}

test("the new key is stored only once AWS takes it", async () => {
  const asked = slowIam(3);
  await whileTimePasses(rotate());
  expect(asked()).toBe(4);
  expect(clock.now()).toBeGreaterThanOrEqual(6000);
  expect(await storedKey()).toBe("AKIANEW");
});

test("a new key that AWS never takes is deleted again", async () => {
  slowIam(1000);
  expect((await whileTimePasses(aws.refusal("update", "config/rotate-root"))).kind).toBe("unavailable");
  expect(steps).toEqual(["create", "delete AKIANEW"]);
  await mustWork();
});

test("a key written by an operator meanwhile stays", async () => {
  aws.cloud.delay = () => 5;
  aws.cloud.newKey = (): AccessKey => {
    void aws.call("update", "config/client", { access_key: "AKIAHAND", secret_key: "x" });
    working.set("AKIAHAND", "x");
    working.set("AKIANEW", "y");
    return { accessKey: "AKIANEW", secretKey: new Secret("y") };
  };
  expect((await aws.refusal("update", "config/rotate-root")).kind).toBe("conflict");
  expect(steps).toEqual(["delete AKIANEW"]);
  expect(await storedKey()).toBe("AKIAHAND");
});

test("two at a time take turns", async () => {
  let serial = 0;
  aws.cloud.newKey = () => {
    serial += 1;
    steps.push("create");
    working.set(`AKIA${String(serial)}`, "s");
    return { accessKey: `AKIA${String(serial)}`, secretKey: new Secret("s") };
  };
  await Promise.all([rotate(), rotate()]);
  expect(steps).toEqual(["create", "delete AKIAOLD", "create", "delete AKIA1"]);
  await mustWork();
});
