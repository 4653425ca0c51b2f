/**
 * ARNs of IAM's and STS's principals. Only a `*` at the end of a bound ARN stands for anything: elsewhere it is a character.
 * Source: IAM user guide, "IAM identifiers"; Vault docs, AWS auth method, "IAM auth method".
 */
import { Fault } from "../../../lib/fault.ts";

export type PrincipalType = "user" | "role" | "assumed-role";

export interface PrincipalArn {
  /** "aws", "aws-cn", "aws-us-gov". */
  readonly partition: string;
  readonly account: string;
  readonly type: PrincipalType;
  /** Of the user or role. */
  readonly name: string;
  /** Of an assumed role, chosen by whoever assumed it; else "". */
  readonly session: string;
}

/** A name is what IAM takes for a user or role, and STS for a session; before it there may be a path. */
const FORMS: readonly RegExp[] = [
  /^arn:(?<partition>aws[a-z-]*):sts::(?<account>\d{12}):(?<type>assumed-role)\/(?<name>[\w+=,.@-]{1,64})\/(?<session>[\w+=,.@-]{1,64})$/,
  /^arn:(?<partition>aws[a-z-]*):iam::(?<account>\d{12}):(?<type>user|role)\/(?:[\x21-\x7e]+\/)?(?<name>[\w+=,.@-]{1,64})$/,
];

/** @throws Fault "invalid" when it is none of a user, role or assumed role */
export function parseArn(arn: string): PrincipalArn {
  for (const form of FORMS) {
    const parts = form.exec(arn)?.groups as Omit<PrincipalArn, "session"> | undefined;
    if (parts !== undefined) return { session: "", ...parts };
  }
  throw new Fault("invalid", `unrecognized principal in arn: ${JSON.stringify(arn.slice(0, 256))}`);
}

/** Without the path; an assumed role becomes its role. */
export function canonicalArn({ partition, account, type, name }: PrincipalArn): string {
  return `arn:${partition}:iam::${account}:${type === "user" ? "user" : "role"}/${name}`;
}

export function isWildcard(bound: string): boolean {
  return bound.endsWith("*");
}

/** `bound` as it stands, or by its beginning when it ends in `*`. */
export function matchesArn(bound: string, actual: string): boolean {
  return isWildcard(bound) ? actual.startsWith(bound.slice(0, -1)) : actual === bound;
}
