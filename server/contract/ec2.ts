/** What the aws method asks of AWS. `server/clients` answers with the real SDK, tests with a function. */
import type { Secret } from "../../lib/secret.ts";
import type { Sts } from "./sts.ts";

/** How to reach one account in one region. Empty strings = the SDK's own choice. */
export interface AwsAccess {
  readonly region: string;
  /** Of the instance; with `stsRole` the account that role belongs to. */
  readonly accountId: string;
  /** "" = the server's own credentials: environment, instance profile. */
  readonly accessKey: string;
  readonly secretKey: Secret;
  readonly ec2Endpoint: string;
  readonly iamEndpoint: string;
  readonly stsEndpoint: string;
  readonly stsRegion: string;
  /** ARN of a role to assume first; "" = none. */
  readonly stsRole: string;
  /** What that role's trust policy demands as sts:ExternalId; "" = none. */
  readonly externalId: string;
  /** -1 = the SDK's default. */
  readonly maxRetries: number;
}

type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** An instance as EC2 tells it; "" where EC2 says nothing. */
export interface InstanceFacts {
  readonly instanceId: string;
  /** Owner of the reservation. */
  readonly accountId: string;
  readonly state: InstanceState;
  readonly imageId: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly profileArn: string;
  /** Of the last start, wall-clock milliseconds. */
  readonly launchTime: number;
  /** Whoever may call ec2:CreateTags decides them. */
  readonly tags: ReadonlyMap<string, string>;
}

export interface Ec2 {
  /**
   * Concurrent questions about one account and region share one call.
   * @returns undefined when EC2 has answered and knows no such instance
   * @throws Fault "unavailable" with `retryAfter` when throttled or out of reach, "upstream" when it refuses the credentials
   */
  describe(access: AwsAccess, instanceId: string): Promise<InstanceFacts | undefined>;
  /** The account that the credentials act in: what "no such instance" is an answer about. @throws as `describe` */
  callerAccount(access: AwsAccess): Promise<string>;
}

/** A user or role as IAM tells it. */
export interface Principal {
  /** With its path. */
  readonly arn: string;
  /** "AIDA…", "AROA…": a new one when the same name is made again. */
  readonly uniqueId: string;
}

export interface AccessKey {
  readonly accessKey: string;
  readonly secretKey: Secret;
}

export interface Iam {
  /** ARNs of the roles in an instance profile; undefined when there is no such profile. @throws as `Ec2.describe` */
  profileRoles(access: AwsAccess, profileName: string): Promise<readonly string[] | undefined>;
  /** undefined when the account that the credentials act in has none of this name. @throws as `Ec2.describe` */
  principal(access: AwsAccess, type: "user" | "role", name: string): Promise<Principal | undefined>;
  /** A second key for the user that the credentials belong to. @throws as `Ec2.describe` */
  createAccessKey(access: AwsAccess): Promise<AccessKey>;
  /** Done also when there is no such key. @throws as `Ec2.describe` */
  deleteAccessKey(access: AwsAccess, accessKey: string): Promise<void>;
}

export interface AwsPorts {
  readonly ec2: Ec2;
  readonly iam: Iam;
  readonly sts: Sts;
  /** Drops clients and credentials: when they change, at seal. */
  forget(): void;
}
