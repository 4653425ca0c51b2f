/**
 * Is a caller one of those that a role is bound to? By unique id, by canonical ARN, or by a pattern over the full ARN.
 * IAM answers about the account of the credentials that ask: its answer counts only when account, name and unique id are
 * the caller's. Otherwise a role of the same name in another account would stand in for the bound one (CVE-2025-11621).
 * Source: Vault docs, AWS auth method, "IAM auth method"; IAM user guide, "IAM identifiers".
 */
import { Fault } from "../../../lib/fault.ts";
import type { Principal } from "../../contract/ec2.ts";
import type { Reader } from "../../contract/storage.ts";
import { canonicalArn, isWildcard, matchesArn, type PrincipalArn, parseArn } from "./arn.ts";
import type { Caller } from "./caller-identity.ts";
import { accessFor } from "./config-sts.ts";
import type { Role } from "./role.ts";
import type { AwsState } from "./state.ts";

/** Milliseconds that a full ARN is believed: only a user's path can change while its unique id stays. */
const KNOWN_FOR = 10 * 60_000;
/** Of IAM, which has one endpoint in each partition. */
const HOME: Readonly<Record<string, string>> = {
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
  "aws-eusc": "eusc-de-east-1",
};

export type Known = Pick<Caller, "principal" | "canonicalArn" | "uniqueId">;

/** @throws Fault "invalid" when the role is bound to others; "unavailable" or "upstream" when IAM cannot be asked */
export async function checkPrincipal(state: AwsState, reader: Reader, role: Role, caller: Known): Promise<void> {
  if (role.principals.size === 0) return;
  if (role.resolveUniqueIds) {
    if ([...role.principals.values()].some((id) => id !== "" && id === caller.uniqueId)) return;
  } else if (role.principals.has(caller.canonicalArn)) return;
  const patterns = [...role.principals.keys()].filter(isWildcard);
  if (patterns.length > 0) {
    const arn = await fullArn(state, reader, caller);
    if (patterns.some((pattern) => matchesArn(pattern, arn))) return;
  }
  const arn = JSON.stringify(caller.canonicalArn);
  throw new Fault("invalid", `IAM Principal ${arn} does not belong to the role ${JSON.stringify(role.name)}`);
}

async function fullArn(state: AwsState, reader: Reader, caller: Known): Promise<string> {
  const now = state.env.clock.monotonic();
  const kept = state.arns.get(caller.uniqueId);
  if (kept !== undefined && now < kept.until) return kept.arn;
  const found = await ask(state, reader, caller.principal);
  if (found?.uniqueId !== caller.uniqueId || canonicalArn(parseArn(found.arn)) !== caller.canonicalArn) {
    throw new Fault("invalid", "IAM of the caller's account knows no such principal: see config/sts");
  }
  state.arns.set(caller.uniqueId, { arn: found.arn, until: now + KNOWN_FOR });
  return found.arn;
}

/** @returns the principal's unique id. @throws Fault "invalid" when its account's IAM does not know this very ARN */
export async function resolveUniqueId(state: AwsState, reader: Reader, arn: string): Promise<string> {
  const unable = (why: string): Fault =>
    new Fault("invalid", `unable to resolve ARN ${JSON.stringify(arn)} to internal ID: ${why}`);
  const principal = parseArn(arn);
  if (principal.type === "assumed-role") throw unable("give the ARN of the role, not of its session");
  const found = await ask(state, reader, principal);
  if (found === undefined) throw unable("IAM knows no such principal in the account that was asked: see config/sts");
  if (found.arn !== arn && canonicalArn(parseArn(found.arn)) !== arn) {
    throw unable("IAM knows the name with another path or in another account: see config/sts");
  }
  return found.uniqueId;
}

async function ask(
  state: AwsState,
  reader: Reader,
  { partition, account, type, name }: PrincipalArn,
): Promise<Principal | undefined> {
  const access = await accessFor(reader, account, HOME[partition] ?? "us-east-1");
  return state.ports.iam.principal(access, type === "user" ? "user" : "role", name);
}
