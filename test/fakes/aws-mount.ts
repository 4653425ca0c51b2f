/** One mount of the aws method: calls go through the real matcher and field checks, EC2 and IAM are maps in this process. */

import type { Clock } from "../../lib/clock.ts";
import { type Fault, toFault } from "../../lib/fault.ts";
import type { LogFields } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { type EncodableRecord, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import { awsAuth, awsEc2Auth } from "../../server/auth/aws/aws.ts";
import type { Operation } from "../../server/contract/call.ts";
import type { AccessKey, AwsPorts, InstanceFacts, Principal } from "../../server/contract/ec2.ts";
import { type Context, type Engine, type Mount, Overtaken, type Reply } from "../../server/contract/engine.ts";
import type { Storage } from "../../server/contract/storage.ts";
import type { CallerRequest, Sts, StsAnswer } from "../../server/contract/sts.ts";
import type { LoginGrant, TokenEntry } from "../../server/contract/token.ts";
import { checkFields } from "../../server/core/fields.ts";
import { handlerFor } from "../../server/core/handler.ts";
import { compileRoutes } from "../../server/core/matcher.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { fakeClock } from "./clock.ts";
import { imdsBase64, mintDocument, mintPkcs7, type TestSigner, testSigner } from "./mint.ts";

export const ACCOUNT = "123456789012";

export const INSTANCE = "i-0123456789abcdef0";
/** Start of the instance and of its clock. */
export const LAUNCH = Date.UTC(2026, 0, 5, 12);

export interface FakeCloud extends AwsPorts {
  readonly instances: Map<string, InstanceFacts>;
  readonly profiles: Map<string, readonly string[]>;
  /** By "ACCOUNT/user/NAME", "ACCOUNT/role/NAME"; the account is the one that is asked about. */
  readonly principals: Map<string, Principal>;
  /** STS's answer to a forwarded request. */
  answerSts: (request: CallerRequest) => StsAnswer;
  newKey: () => AccessKey;
  dropKey: (accessKey: string) => void;
  /** Account that each access acts in; default the account asked about. */
  account: string;
  /** Milliseconds of each answer. */
  delay: () => number;
  /** Thrown instead of an answer. */
  fault: Fault | undefined;
  describes: number;
  forgets: number;
}

export function fakeCloud(): FakeCloud {
  const instances = new Map<string, InstanceFacts>();
  const profiles = new Map<string, readonly string[]>();
  const principals = new Map<string, Principal>();
  const answer = async <T>(value: () => T): Promise<T> => {
    const wait = cloud.delay();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (cloud.fault !== undefined) throw cloud.fault;
    return value();
  };
  const cloud: FakeCloud = {
    instances,
    profiles,
    principals,
    account: ACCOUNT,
    delay: () => 0,
    fault: undefined,
    describes: 0,
    forgets: 0,
    ec2: {
      describe: (_, instanceId) => {
        cloud.describes += 1;
        return answer(() => instances.get(instanceId));
      },
      callerAccount: () => answer(() => cloud.account),
    },
    iam: {
      profileRoles: (_, name) => answer(() => profiles.get(name)),
      principal: (access, type, name) => answer(() => principals.get(`${access.accountId}/${type}/${name}`)),
      createAccessKey: () => answer(() => cloud.newKey()),
      deleteAccessKey: (_, accessKey) =>
        answer(() => {
          cloud.dropKey(accessKey);
        }),
    },
    sts: { forward: (request) => answer(() => cloud.answerSts(request)) },
    newKey: () => ({ accessKey: "AKIANEW", secretKey: new Secret("new secret") }),
    dropKey: () => undefined,
    answerSts: () => {
      throw new Error("no STS in this test");
    },
    forget: () => {
      cloud.forgets += 1;
    },
  };
  return cloud;
}

export function facts(change: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    instanceId: INSTANCE,
    accountId: ACCOUNT,
    state: "running",
    imageId: "ami-0123456789abcdef0",
    vpcId: "vpc-1",
    subnetId: "subnet-1",
    profileArn: "",
    launchTime: LAUNCH,
    tags: new Map(),
    ...change,
  };
}

export interface TestMount {
  readonly engine: Engine;
  readonly cloud: FakeCloud;
  readonly storage: Storage;
  readonly signer: TestSigner;
  readonly logs: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  readonly mount: Mount;
  call(operation: Operation, path: string, body?: EncodableRecord, address?: string): Promise<Reply | undefined>;
  refusal(operation: Operation, path: string, body?: EncodableRecord, address?: string): Promise<Fault>;
  /** A login with a PKCS#7 made for these fields. */
  login(body?: EncodableRecord, fields?: Readonly<Record<string, string>>, address?: string): Promise<LoginGrant>;
  loginRefusal(body?: EncodableRecord, fields?: Readonly<Record<string, string>>, address?: string): Promise<Fault>;
  /** As the core keeps it from a grant. */
  token(grant: LoginGrant): TokenEntry;
}

export interface TestMountOptions {
  readonly type?: "aws" | "aws-ec2";
  readonly clock?: Clock;
  readonly storage?: Storage;
  readonly signer?: TestSigner;
  readonly mount?: Partial<Mount>;
  /** Instead of `answerSts`: the real client. */
  readonly sts?: Sts;
}

let shared: TestSigner | undefined;

/** With a certificate for the signer, the instance running, and the role "web" bound to its account. */
export async function testMount(options: TestMountOptions = {}): Promise<TestMount> {
  const cloud = fakeCloud();
  const signer = options.signer ?? (shared ??= testSigner("rsa2048"));
  const storage = options.storage ?? memoryStore();
  const logs: TestMount["logs"] = [];
  const env = {
    clock: options.clock ?? fakeClock(LAUNCH + 60_000),
    random: systemRandom(),
    log: (level: string, message: string, fields: LogFields = {}) => {
      logs.push({ level, message, fields });
    },
  };
  const ports = options.sts === undefined ? cloud : { ...cloud, sts: options.sts };
  const engine = (options.type === "aws-ec2" ? awsEc2Auth(ports) : awsAuth(ports)).create(env);
  const mount = {
    path: "auth/aws/",
    kind: "auth",
    type: options.type ?? "aws",
    uuid: "mount-uuid",
    accessor: "auth_aws_1",
    maxTtl: 2_764_800_000,
    defaultTtl: 2_764_800_000,
    ...options.mount,
  } as unknown as Mount;
  const matcher = compileRoutes(engine.routes);
  const call: TestMount["call"] = async (operation, path, body = {}, address = "10.0.0.5") => {
    const match = matcher(path, operation === "list");
    if (match === undefined) throw new Error(`no route for ${path}`);
    const data = parseJsonMap(stringifyJson(body));
    const { values, fault } = checkFields(match.route, match.params, data);
    if (fault !== undefined) throw fault;
    const handler = handlerFor(match.route, operation);
    if (handler === undefined) throw new Error(`no ${operation} on ${path}`);
    const remote = { address, port: 1 };
    const run = (asked: Operation) => {
      const context = { storage, mount, token: undefined, call: { operation: asked, path, data, remote } };
      return handler.run(values as never, context as unknown as Context);
    };
    // As the core: what was told of the path and what is there must agree.
    return run(operation).catch((error: unknown) => {
      if (error instanceof Overtaken) return run(error.operation);
      throw error;
    });
  };
  const refusal: TestMount["refusal"] = (...args) =>
    call(...args).then(() => {
      throw new Error(`${args[0]} ${args[1]} was not refused`);
    }, toFault);
  const proof = (fields: Readonly<Record<string, string>>): string =>
    imdsBase64(mintPkcs7(mintDocument(fields), signer));
  const test: TestMount = {
    engine,
    cloud,
    storage,
    signer,
    logs,
    mount,
    call,
    refusal,
    login: async (body = {}, fields = {}, address) => {
      const reply = await call("update", "login", { role: "web", pkcs7: proof(fields), ...body }, address);
      if (reply?.login === undefined) throw new Error("the login gave no grant");
      return reply.login;
    },
    loginRefusal: (body = {}, fields = {}, address) =>
      refusal("update", "login", { role: "web", pkcs7: proof(fields), ...body }, address),
    token: (grant) => ({ internal: grant.internal, role: grant.role }) as unknown as TokenEntry,
  };
  cloud.instances.set(INSTANCE, facts());
  await call("update", "config/certificate/test", { aws_public_cert: signer.certificate });
  await call("update", "role/web", { auth_type: "ec2", bound_account_id: ACCOUNT, token_policies: "web" });
  return test;
}
