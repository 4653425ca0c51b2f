/**
 * IAM through the AWS SDK, loaded at the first question. IAM is global and slow to change: its endpoint follows from
 * the region's partition. Source: IAM API reference, GetInstanceProfile.
 */
import type { Iam } from "../contract/ec2.ts";
import { awsFault } from "./aws-error.ts";
import { callOptions, sessionConfig } from "./aws-session.ts";

export function sdkIam(): Iam {
  return {
    profileRoles: async (access, profileName) => {
      const { IAMClient, GetInstanceProfileCommand } = await import("@aws-sdk/client-iam");
      const client = new IAMClient(sessionConfig(access, access.iamEndpoint));
      try {
        const command = new GetInstanceProfileCommand({ InstanceProfileName: profileName });
        const { InstanceProfile: profile } = await client.send(command, callOptions());
        return (profile?.Roles ?? []).map(({ Arn }) => Arn ?? "");
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
        throw awsFault(error, "iam:GetInstanceProfile");
      } finally {
        client.destroy();
      }
    },
  };
}
