/**
 * Endpoint, region, credentials and retries as the SDK's clients take them. With an `stsRole` the credentials are those
 * of that role, assumed with the server's own; the SDK keeps them until they expire.
 * Source: STS API reference, AssumeRole; AWS SDK for JavaScript v3 developer guide, "Configuring service clients".
 */
import { createHash } from "node:crypto";
import type { AwsAccess } from "../contract/ec2.ts";

/** Milliseconds: to connect, for one attempt, for a call with its retries. */
const CONNECT = 3000;
const ATTEMPT = 5000;
const CALL = 15_000;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface SessionConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: Keys | (() => Promise<Keys>);
  readonly maxAttempts?: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
}

/** What tells one client from another; the secret key only as a hash. */
export function sessionKey(access: AwsAccess): string {
  const { secretKey, ...rest } = access;
  const hash = createHash("sha256").update(secretKey.reveal()).digest("base64");
  return JSON.stringify([...Object.values(rest), hash]);
}

/** @param endpoint "" = AWS's own */
export function sessionConfig(access: AwsAccess, endpoint: string): SessionConfig {
  const config = ownConfig(access, access.region, endpoint);
  return access.stsRole === "" ? config : { ...config, credentials: () => assumeRole(access) };
}

/** With the server's own credentials, before any role. */
function stsConfig(access: AwsAccess): SessionConfig {
  return ownConfig(access, access.stsRegion === "" ? access.region : access.stsRegion, access.stsEndpoint);
}

/** Ends a call that its retries would draw out. */
export function callOptions(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(CALL) };
}

function ownConfig(access: AwsAccess, region: string, endpoint: string): SessionConfig {
  const keys = { accessKeyId: access.accessKey, secretAccessKey: access.secretKey.reveal() };
  return {
    region,
    requestHandler: { connectionTimeout: CONNECT, requestTimeout: ATTEMPT },
    ...(endpoint === "" ? {} : { endpoint }),
    ...(access.accessKey === "" ? {} : { credentials: keys }),
    ...(access.maxRetries < 0 ? {} : { maxAttempts: access.maxRetries + 1 }),
  };
}

async function assumeRole(access: AwsAccess): Promise<Keys> {
  const { STSClient, AssumeRoleCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient(stsConfig(access));
  try {
    const command = new AssumeRoleCommand({
      RoleArn: access.stsRole,
      RoleSessionName: "oksae-login",
      ...(access.externalId === "" ? {} : { ExternalId: access.externalId }),
    });
    const { Credentials: given } = await client.send(command, callOptions());
    if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined) {
      throw new Error("AssumeRole answered without credentials");
    }
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
      ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
    };
  } finally {
    client.destroy();
  }
}
