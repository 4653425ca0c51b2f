/**
 * A stand-in for EC2, STS and IAM as far as the aws method asks them: DescribeInstances by filter and in pages,
 * AssumeRole, GetCallerIdentity, GetInstanceProfile, over real signed HTTP. Source: the API references' examples.
 */
import { Secret } from "../../lib/secret.ts";
import type { AwsAccess } from "../../server/contract/ec2.ts";
import { escapeXml, type QueryCall, type QueryError, type QueryServer, startQueryServer } from "./aws-query.ts";
import {
  createdKeyReply,
  deletedKeyReply,
  type FakePrincipals,
  type FakeProfiles,
  noSuchEntity,
  principalReply,
  profileReply,
} from "./iam.ts";

interface FakeInstance {
  instanceId: string;
  accountId: string;
  region: string;
  state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
  imageId: string;
  vpcId: string;
  subnetId: string;
  profileArn: string;
  /** Wall-clock milliseconds. */
  launchTime: number;
  tags: Record<string, string>;
}

export interface FakeAws extends QueryServer {
  /** For `config/client`: endpoint, iam_endpoint and sts_endpoint are all `url`. */
  readonly accessKey: string;
  readonly secretKey: string;
  /** By instance id. Change and delete them at will; what is not here EC2 does not know. */
  readonly instances: Map<string, FakeInstance>;
  /** ARN of a role that may be assumed -> the account it belongs to. */
  readonly roles: Map<string, string>;
  /** ARN of such a role -> the sts:ExternalId that its trust policy demands. */
  readonly externalIds: Map<string, string>;
  /** "ACCOUNT/user/NAME", "ACCOUNT/role/NAME" -> ARN and unique id. */
  readonly principals: FakePrincipals;
  readonly profiles: FakeProfiles;
  /** Adds an instance with everything not given filled in. */
  add(instance: Partial<FakeInstance> & { readonly instanceId: string }): FakeInstance;
  /** Instances in one page of a reply. */
  pageSize: number;
  /** What a client asks it with: its own key and account, without retries. */
  access(): AwsAccess;
}

export interface FakeAwsOptions {
  readonly port?: number;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** Account of the server's own key. */
  readonly accountId?: string;
}

const ACCOUNT = "123456789012";

export async function startAws(options: FakeAwsOptions = {}): Promise<FakeAws> {
  const accessKey = options.accessKey ?? "AKIAFAKEFAKEFAKEFAKE";
  const secretKey = options.secretKey ?? "fake/secret+key/of/forty/characters/ABCDEF";
  const keys = new Map([[accessKey, secretKey]]);
  const accounts = new Map([[accessKey, options.accountId ?? ACCOUNT]]);
  const instances = new Map<string, FakeInstance>();
  const roles = new Map<string, string>();
  const externalIds = new Map<string, string>();
  const profiles: FakeProfiles = new Map();
  const principals: FakePrincipals = new Map();
  const pages = { size: 1000 };
  const accountOf = (call: QueryCall): string => accounts.get(call.accessKey) ?? "";
  const server = await startQueryServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    keys,
    handlers: {
      DescribeInstances: (call) => describe(call, accountOf(call), [...instances.values()], pages.size),
      AssumeRole: (call) => {
        const arn = call.params.get("RoleArn") ?? "";
        const account = roles.get(arn);
        const demanded = externalIds.get(arn) ?? null;
        if (account === undefined || demanded !== call.params.get("ExternalId")) return denied("sts:AssumeRole");
        const id = `ASIAFAKE${String(keys.size).padStart(12, "0")}`;
        keys.set(id, `assumed-${id}`);
        accounts.set(id, account);
        return assumed(id, `assumed-${id}`);
      },
      GetCallerIdentity: (call) =>
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${accountOf(call)}:user/fake</Arn><UserId>AIDAFAKE</UserId><Account>${accountOf(call)}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      GetInstanceProfile: (call) =>
        profileReply(profiles, accountOf(call), call.params.get("InstanceProfileName") ?? ""),
      GetUser: (call) => principalReply(principals, accountOf(call), "user", call.params.get("UserName") ?? ""),
      GetRole: (call) => principalReply(principals, accountOf(call), "role", call.params.get("RoleName") ?? ""),
      CreateAccessKey: (call) => {
        const id = `AKIAMADE${String(keys.size).padStart(12, "0")}`;
        keys.set(id, `made-${id}`);
        accounts.set(id, accountOf(call));
        return createdKeyReply(id, `made-${id}`);
      },
      DeleteAccessKey: (call) => {
        const known = keys.delete(call.params.get("AccessKeyId") ?? "");
        return known ? deletedKeyReply() : noSuchEntity("The Access Key cannot be found.");
      },
    },
  });
  const add: FakeAws["add"] = (given) => {
    const instance = { ...newInstance(given.instanceId), ...given };
    instances.set(instance.instanceId, instance);
    return instance;
  };
  return {
    ...server,
    accessKey,
    secretKey,
    instances,
    roles,
    externalIds,
    profiles,
    principals,
    add,
    access: () => ({
      region: "eu-west-1",
      accountId: options.accountId ?? ACCOUNT,
      accessKey,
      secretKey: new Secret(secretKey),
      ec2Endpoint: server.url,
      iamEndpoint: server.url,
      stsEndpoint: server.url,
      stsRegion: "",
      stsRole: "",
      externalId: "",
      maxRetries: 0,
    }),
    get pageSize() {
      return pages.size;
    },
    set pageSize(size: number) {
      pages.size = size;
    },
  };
}

function newInstance(instanceId: string): FakeInstance {
  return {
    instanceId,
    accountId: ACCOUNT,
    region: "eu-west-1",
    state: "running",
    imageId: "ami-0123456789abcdef0",
    vpcId: "vpc-0123456789abcdef0",
    subnetId: "subnet-0123456789abcdef0",
    profileArn: "",
    launchTime: Date.UTC(2026, 0, 5, 12),
    tags: {},
  };
}

function denied(action: string): QueryError {
  return { status: 403, code: "AccessDenied", message: `not authorized to perform: ${action}` };
}

/** `Filter.1.Name=instance-id&Filter.1.Value.1=i-…`; with `InstanceId.1` one unknown id fails the call, as in EC2. */
function describe(
  call: QueryCall,
  account: string,
  all: readonly FakeInstance[],
  pageSize: number,
): string | QueryError {
  const seen = all.filter((instance) => instance.accountId === account && instance.region === call.region);
  const byId = valuesOf(call, /^InstanceId\.\d+$/);
  const unknown = byId.find((id) => !seen.some(({ instanceId }) => instanceId === id));
  if (unknown !== undefined) {
    return { status: 400, code: "InvalidInstanceID.NotFound", message: `The instance ID '${unknown}' does not exist` };
  }
  const wanted = new Set([...byId, ...valuesOf(call, /^Filter\.1\.Value\.\d+$/)]);
  if (byId.length === 0 && call.params.get("Filter.1.Name") !== "instance-id") {
    return { status: 400, code: "InvalidParameterValue", message: "The filter is not one that this stand-in knows" };
  }
  const found = seen.filter(({ instanceId }) => wanted.has(instanceId));
  const from = Number(call.params.get("NextToken") ?? "0");
  const page = found.slice(from, from + pageSize);
  const next = from + pageSize < found.length ? `<nextToken>${String(from + pageSize)}</nextToken>` : "";
  const reservations = page.map((instance) => reservation(instance)).join("");
  return `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>fake</requestId><reservationSet>${reservations}</reservationSet>${next}</DescribeInstancesResponse>`;
}

function valuesOf(call: QueryCall, name: RegExp): string[] {
  return [...call.params].filter(([key]) => name.test(key)).map(([, value]) => value);
}

const CODES = { pending: 0, running: 16, "shutting-down": 32, terminated: 48, stopping: 64, stopped: 80 } as const;

function reservation(instance: FakeInstance): string {
  const tag = (name: string, value: string): string => `<${name}>${escapeXml(value)}</${name}>`;
  const optional = (name: string, value: string): string => (value === "" ? "" : tag(name, value));
  const tags = Object.entries(instance.tags).map(
    ([key, value]) => `<item>${tag("key", key)}${tag("value", value)}</item>`,
  );
  const profile =
    instance.profileArn === "" ? "" : `<iamInstanceProfile>${tag("arn", instance.profileArn)}</iamInstanceProfile>`;
  const body = [
    tag("instanceId", instance.instanceId),
    tag("imageId", instance.imageId),
    `<instanceState><code>${String(CODES[instance.state])}</code><name>${instance.state}</name></instanceState>`,
    tag("launchTime", new Date(instance.launchTime).toISOString()),
    optional("vpcId", instance.vpcId),
    optional("subnetId", instance.subnetId),
    profile,
    `<tagSet>${tags.join("")}</tagSet>`,
  ].join("");
  return `<item><reservationId>r-fake</reservationId>${tag("ownerId", instance.accountId)}<instancesSet><item>${body}</item></instancesSet></item>`;
}

function assumed(id: string, secret: string): string {
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>fake-session</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}
