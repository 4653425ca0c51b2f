/**
 * A role's binds: any value of a list, every list. Account, region and instance come from the signed document, the
 * rest from EC2 and IAM. Source: Vault API, AWS auth method, "Create/update role".
 */
import type { IdentityDocument } from "../../../lib/crypto/identity-document.ts";
import { Fault } from "../../../lib/fault.ts";
import type { AwsAccess, Iam, InstanceFacts } from "../../contract/ec2.ts";
import { matchesArn } from "./arn.ts";
import type { Bind, Role } from "./role.ts";

/** What is said of the instance by its document, or by an inferred login's caller and role. */
type Place = Pick<IdentityDocument, "accountId" | "region" | "instanceId">;

/** Needs no call to AWS. @throws Fault "invalid" */
export function checkDocumentBinds(role: Role, document: Place): void {
  check(role, "bound_account_id", document.accountId, "account ID");
  check(role, "bound_region", document.region, "region");
  check(role, "bound_ec2_instance_id", document.instanceId, "instance ID");
}

/** @throws Fault "invalid"; "unavailable" or "upstream" when IAM cannot be asked */
export async function checkInstanceBinds(role: Role, facts: InstanceFacts, iam: Iam, access: AwsAccess): Promise<void> {
  check(role, "bound_ami_id", facts.imageId, "AMI ID");
  check(role, "bound_subnet_id", facts.subnetId, "subnet ID");
  check(role, "bound_vpc_id", facts.vpcId, "VPC ID");
  check(role, "bound_iam_instance_profile_arn", facts.profileArn, "IAM instance profile ARN", matchesArn);
  if (boundTo(role, "bound_iam_role_arn").length === 0) return;
  check(role, "bound_iam_role_arn", await profileRole(facts, iam, access), "IAM role ARN", matchesArn);
}

/** The one role that the instance's profile holds. @throws as `checkInstanceBinds` */
export async function profileRole(facts: InstanceFacts, iam: Iam, access: AwsAccess): Promise<string> {
  const name = facts.profileArn.split("/").at(-1) ?? "";
  if (!facts.profileArn.includes(":instance-profile/") || name === "") {
    throw new Fault("invalid", "the instance has no IAM instance profile, and the role needs one");
  }
  const roles = await iam.profileRoles(access, name);
  const [arn] = roles ?? [];
  if (roles?.length !== 1 || arn === undefined || arn === "") {
    throw new Fault("invalid", "the instance profile does not hold exactly one IAM role");
  }
  return arn;
}

type Match = (bound: string, actual: string) => boolean;

function check(role: Role, bind: Bind, actual: string, what: string, match: Match = (a, b) => a === b): void {
  const bound = boundTo(role, bind);
  if (bound.length === 0) return;
  if (actual === "") throw new Fault("invalid", `${what} in the instance description is empty`);
  if (bound.some((value) => match(value, actual))) return;
  throw new Fault("invalid", `${what} "${actual}" does not satisfy the constraint on role "${role.name}"`);
}

function boundTo(role: Role, bind: Bind): readonly string[] {
  return role.binds.get(bind) ?? [];
}
