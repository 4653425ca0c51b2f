/**
 * EC2 through the AWS SDK, which is loaded at the first question: importing it takes most of a second.
 * Instances are asked for by the filter `instance-id`, never by `InstanceIds`: there one unknown id fails the whole call.
 * Source: EC2 API reference, DescribeInstances; STS API reference, GetCallerIdentity.
 */
import type { EC2Client, Instance, Reservation } from "@aws-sdk/client-ec2";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { AwsAccess, Ec2, InstanceFacts } from "../contract/ec2.ts";
import { awsFault } from "./aws-error.ts";
import { callOptions, sessionConfig, sessionKey } from "./aws-session.ts";
import { Batch } from "./batch.ts";

/** Milliseconds that a question waits for company. */
const WINDOW = 5;
/** Milliseconds that it waits longer while an earlier call is under way. */
const PATIENCE = 250;
/** Values that one filter takes are 200; a hundred keeps a reply small. */
const MOST_IDS = 100;
const MOST_PAGES = 50;
/** Clients kept: accounts times regions. */
const MOST_CLIENTS = 256;

interface Session {
  readonly instances: Batch<InstanceFacts>;
  account: Promise<string> | undefined;
  close(): void;
}

export interface SdkEc2 extends Ec2 {
  forget(): void;
}

export function sdkEc2(clock: Clock): SdkEc2 {
  const sessions = new Map<string, Session>();
  const sessionFor = (access: AwsAccess): Session => {
    const key = sessionKey(access);
    const session = sessions.get(key) ?? openSession(access, clock);
    // Moved to the end: the first one is the one that was not used for longest.
    sessions.delete(key);
    sessions.set(key, session);
    if (sessions.size > MOST_CLIENTS) drop(sessions);
    return session;
  };
  return {
    describe: (access, instanceId) => sessionFor(access).instances.ask(instanceId),
    callerAccount: async (access) => {
      const session = sessionFor(access);
      session.account ??= callerAccount(access);
      try {
        return await session.account;
      } catch (error) {
        session.account = undefined;
        throw error;
      }
    },
    forget: () => {
      while (sessions.size > 0) drop(sessions);
    },
  };
}

function drop(sessions: Map<string, Session>): void {
  for (const [key, session] of sessions) {
    sessions.delete(key);
    session.close();
    return;
  }
}

function openSession(access: AwsAccess, clock: Clock): Session {
  let client: Promise<EC2Client> | undefined;
  const ask = async (ids: readonly string[]): Promise<ReadonlyMap<string, InstanceFacts>> => {
    try {
      client ??= import("@aws-sdk/client-ec2").then(
        (sdk) => new sdk.EC2Client(sessionConfig(access, access.ec2Endpoint)),
      );
      return await describeAll(await client, ids);
    } catch (error) {
      throw awsFault(error, "ec2:DescribeInstances");
    }
  };
  return {
    instances: new Batch({ window: WINDOW, patience: PATIENCE, most: MOST_IDS, clock, ask }),
    account: undefined,
    close: () => {
      client?.then(
        (open) => {
          open.destroy();
        },
        () => undefined,
      );
    },
  };
}

async function describeAll(client: EC2Client, ids: readonly string[]): Promise<ReadonlyMap<string, InstanceFacts>> {
  const { DescribeInstancesCommand } = await import("@aws-sdk/client-ec2");
  const found = new Map<string, InstanceFacts>();
  const options = callOptions();
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const command = new DescribeInstancesCommand({
      Filters: [{ Name: "instance-id", Values: [...ids] }],
      ...(token === undefined ? {} : { NextToken: token }),
    });
    const reply = await client.send(command, options);
    for (const reservation of reply.Reservations ?? []) {
      for (const facts of factsOf(reservation)) found.set(facts.instanceId, facts);
    }
    token = reply.NextToken;
    if (token === undefined || token === "") return found;
  }
  throw new Fault("upstream", "ec2:DescribeInstances does not come to an end");
}

function factsOf(reservation: Reservation): InstanceFacts[] {
  const owner = reservation.OwnerId ?? "";
  return (reservation.Instances ?? []).map((instance) => instanceFacts(owner, instance));
}

const text = (value: string | undefined): string => value ?? "";

function instanceFacts(accountId: string, instance: Instance): InstanceFacts {
  const tags = (instance.Tags ?? []).map(({ Key, Value }): [string, string] => [text(Key), text(Value)]);
  return {
    instanceId: text(instance.InstanceId),
    accountId,
    state: instance.State?.Name ?? "stopped",
    imageId: text(instance.ImageId),
    vpcId: text(instance.VpcId),
    subnetId: text(instance.SubnetId),
    profileArn: text(instance.IamInstanceProfile?.Arn),
    launchTime: instance.LaunchTime?.getTime() ?? 0,
    tags: new Map(tags),
  };
}

async function callerAccount(access: AwsAccess): Promise<string> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient({
    ...sessionConfig(access, access.stsEndpoint),
    region: access.stsRegion === "" ? access.region : access.stsRegion,
  });
  try {
    const { Account: account } = await client.send(new GetCallerIdentityCommand({}), callOptions());
    if (account === undefined) throw new Fault("upstream", "sts:GetCallerIdentity answered without an account");
    return account;
  } catch (error) {
    throw awsFault(error, "sts:GetCallerIdentity");
  } finally {
    client.destroy();
  }
}
