/**
 * IAM through the AWS SDK, loaded at the first question. IAM is global and slow to change: its endpoint follows from
 * the region's partition. Source: IAM API reference, GetInstanceProfile, GetUser, GetRole, CreateAccessKey.
 */
import type * as Iams from "@aws-sdk/client-iam";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";
import type { AwsAccess, Iam, Principal } from "../contract/ec2.ts";
import { awsFault } from "./aws-error.ts";
import { callOptions, sessionConfig } from "./aws-session.ts";

type Sdk = typeof Iams;

export function sdkIam(): Iam {
  return {
    profileRoles: (access, profileName) =>
      call(access, "iam:GetInstanceProfile", async (client, { GetInstanceProfileCommand }) => {
        const command = new GetInstanceProfileCommand({ InstanceProfileName: profileName });
        const { InstanceProfile: profile } = await client.send(command, callOptions());
        return (profile?.Roles ?? []).map(({ Arn }) => Arn ?? "");
      }),
    principal: (access, type, name) =>
      type === "user"
        ? call(access, "iam:GetUser", async (client, { GetUserCommand }) => {
            const { User: user } = await client.send(new GetUserCommand({ UserName: name }), callOptions());
            return principalOf(user?.Arn, user?.UserId);
          })
        : call(access, "iam:GetRole", async (client, { GetRoleCommand }) => {
            const { Role: role } = await client.send(new GetRoleCommand({ RoleName: name }), callOptions());
            return principalOf(role?.Arn, role?.RoleId);
          }),
    createAccessKey: async (access) => {
      const made = await call(access, "iam:CreateAccessKey", async (client, { CreateAccessKeyCommand }) => {
        const { AccessKey: key } = await client.send(new CreateAccessKeyCommand({}), callOptions());
        return key;
      });
      if (made?.AccessKeyId === undefined || made.SecretAccessKey === undefined) {
        throw new Fault("upstream", "iam:CreateAccessKey answered without a key");
      }
      return { accessKey: made.AccessKeyId, secretKey: new Secret(made.SecretAccessKey) };
    },
    deleteAccessKey: async (access, accessKey) => {
      await call(access, "iam:DeleteAccessKey", async (client, { DeleteAccessKeyCommand }) => {
        await client.send(new DeleteAccessKeyCommand({ AccessKeyId: accessKey }), callOptions());
      });
    },
  };
}

function principalOf(arn: string | undefined, uniqueId: string | undefined): Principal | undefined {
  return arn === undefined || uniqueId === undefined ? undefined : { arn, uniqueId };
}

/** @returns undefined when IAM answers that there is no such thing */
async function call<T>(
  access: AwsAccess,
  what: string,
  ask: (client: Iams.IAMClient, sdk: Sdk) => Promise<T>,
): Promise<T | undefined> {
  const sdk = await import("@aws-sdk/client-iam");
  const client = new sdk.IAMClient(sessionConfig(access, access.iamEndpoint));
  try {
    return await ask(client, sdk);
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
    throw awsFault(error, what);
  } finally {
    client.destroy();
  }
}
