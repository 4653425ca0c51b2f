/** What a role is written with. Source: Vault API, AWS auth method, "Create/update role"; those that are ours say so in docs/PROTOCOL.md. */
import type { Fields, Values } from "../../contract/engine.ts";
import { TOKEN_FIELDS } from "../token-params.ts";

const bindField = (about: string) => ({ type: "strings", about }) as const;

export const ROLE_FIELDS = {
  role: { type: "string", about: "Name of the role, in lower case", required: true },
  auth_type: { type: "string", about: "ec2 or iam; cannot be changed later" },
  bound_account_id: bindField("Accounts of the instances"),
  bound_region: bindField("Regions of the instances"),
  bound_ec2_instance_id: bindField("Ids of the instances"),
  bound_ami_id: bindField("Images of the instances"),
  bound_subnet_id: bindField("Subnets of the instances"),
  bound_vpc_id: bindField("VPCs of the instances"),
  bound_iam_instance_profile_arn: bindField("Instance profiles; a * at the end matches any ending"),
  bound_iam_role_arn: bindField("Roles in the instance profile; a * at the end matches any ending"),
  bound_iam_principal_arn: bindField("Users and roles that may log in by iam; a * at the end matches any ending"),
  inferred_entity_type: { type: "string", about: "ec2_instance: the session of an iam login must be an instance" },
  inferred_aws_region: { type: "string", about: "Region of that instance" },
  resolve_aws_unique_ids: {
    type: "bool",
    about: "Bind to the unique ids that the ARNs have now: a user or role made anew does not fit",
    default: true,
  },
  role_tag: { type: "string", about: "Key of an instance tag that narrows the role" },
  allow_instance_migration: {
    type: "bool",
    about: "Take a new nonce once the instance has been stopped and started",
    default: false,
  },
  disallow_reauthentication: { type: "bool", about: "Let an instance log in only once", default: false },
  allowed_documents: {
    type: "strings",
    about: "Forms of the identity document: pkcs7, rsa2048, identity; empty = all; rsa2048 is the one to prefer",
  },
  first_login_window: {
    type: "duration",
    about: "Time after launch in which a first login is taken; 0 = any time",
    default: 0,
  },
  ...TOKEN_FIELDS,
} as const satisfies Fields;

export type RoleValues = Values<typeof ROLE_FIELDS>;
