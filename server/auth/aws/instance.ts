/** What EC2 says about an instance, and what that means for a login or a renewal. */
import type { IdentityDocument } from "../../../lib/crypto/identity-document.ts";
import { Fault } from "../../../lib/fault.ts";
import type { AwsAccess, InstanceFacts } from "../../contract/ec2.ts";
import type { InstanceName } from "./access-list.ts";
import type { AwsState } from "./state.ts";

/** EC2 is eventually consistent: an instance this young may not be known yet. Milliseconds. */
const YOUNG = 10 * 60_000;
const RETRY = 5000;

/** @throws Fault "unavailable" while EC2 may not know it yet or cannot be asked, "invalid" when it is not running */
export async function runningInstance(
  state: AwsState,
  access: AwsAccess,
  document: IdentityDocument,
): Promise<InstanceFacts> {
  const facts = await state.ports.ec2.describe(access, document.instanceId);
  const young = state.env.clock.now() - document.pendingMs < YOUNG;
  if (facts === undefined || facts.state === "pending") {
    if (young) throw new Fault("unavailable", "EC2 does not show the instance as running yet", { retryAfter: RETRY });
  }
  return mustRun(state, access, document, facts);
}

/** The same for an instance whose age nobody has signed: one that EC2 does not show is refused at once. */
export async function runningEntity(state: AwsState, access: AwsAccess, name: InstanceName): Promise<InstanceFacts> {
  return mustRun(state, access, name, await state.ports.ec2.describe(access, name.instanceId));
}

async function mustRun(
  state: AwsState,
  access: AwsAccess,
  name: InstanceName,
  facts: InstanceFacts | undefined,
): Promise<InstanceFacts> {
  if (facts === undefined) {
    await noteForeignAccount(state, access);
    throw new Fault("invalid", "failed to verify instance ID: EC2 knows no such instance in this account and region");
  }
  if (facts.instanceId !== name.instanceId || facts.accountId !== name.accountId) {
    throw new Fault("invalid", "failed to verify instance ID: EC2 answered about another instance or account");
  }
  if (facts.state !== "running") {
    throw new Fault("invalid", "failed to verify instance ID: instance is not in 'running' state");
  }
  return facts;
}

/** The commonest cause of an unknown instance is a missing config/sts; the answer to the client does not say so. */
async function noteForeignAccount(state: AwsState, access: AwsAccess): Promise<void> {
  const account = await state.ports.ec2.callerAccount(access).catch(() => undefined);
  if (account === undefined || account === access.accountId) return;
  state.env.log("warn", "instance is in an account that the server's credentials do not see: write config/sts", {
    account_id: access.accountId,
    server_account_id: account,
  });
}

export type Standing = "running" | "gone" | "unknown";

/**
 * "gone" only when AWS has *answered* that the instance is not running: unknown counts as that only when the
 * credentials belong to the instance's own account. "unknown" for a start under way.
 * @throws Fault "unavailable" or "upstream" when there is no answer
 */
export async function standingOf(state: AwsState, access: AwsAccess, name: InstanceName): Promise<Standing> {
  const facts = await state.ports.ec2.describe(access, name.instanceId);
  if (facts === undefined) return (await isOwnAccount(state, access, name)) ? "gone" : "unknown";
  if (facts.accountId !== name.accountId || facts.state === "pending") return "unknown";
  return facts.state === "running" ? "running" : "gone";
}

/** True when AWS has answered that the instance will never run again. @throws as `standingOf` */
export async function isTerminated(state: AwsState, access: AwsAccess, name: InstanceName): Promise<boolean> {
  const facts = await state.ports.ec2.describe(access, name.instanceId);
  if (facts === undefined) return isOwnAccount(state, access, name);
  return facts.accountId === name.accountId && facts.state === "terminated";
}

async function isOwnAccount(state: AwsState, access: AwsAccess, name: InstanceName): Promise<boolean> {
  return (await state.ports.ec2.callerAccount(access)) === name.accountId;
}
