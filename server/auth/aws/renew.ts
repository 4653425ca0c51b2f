/** May a token of this method be renewed? Only AWS's own answer that the instance does not run refuses it; silence never does. */
import { Fault, toFault } from "../../../lib/fault.ts";
import type { Renewal } from "../../contract/engine.ts";
import { numberIn, textIn } from "../../contract/record.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { mustComeFrom } from "../renewal.ts";
import { entryBytes, entryKey, type InstanceName, readEntry } from "./access-list.ts";
import { parseArn } from "./arn.ts";
import { accessFor } from "./config-sts.ts";
import { standingOf } from "./instance.ts";
import { checkPrincipal } from "./principal.ts";
import { type Role, readRole } from "./role.ts";
import type { AwsState, Place } from "./state.ts";

const RETRY = 10_000;

/** @throws Fault "denied" when instance, entry, principal or role are gone; "unavailable" when AWS gives no answer */
export async function renewToken(state: AwsState, token: TokenEntry, place: Place): Promise<Renewal> {
  const byCaller = textIn(token.internal, "auth_type") === "iam";
  mustComeFrom(place.mount, token.internal);
  const role = await readRole(place.storage, textIn(token.internal, "role"));
  if (role === undefined) throw new Fault("denied", "the role of the token is gone");
  return byCaller ? renewCaller(state, token, role, place) : renewInstance(state, token, role, place);
}

/** The principal is asked for again the three ways that the login has, the instance it stands for too. */
async function renewCaller(state: AwsState, token: TokenEntry, role: Role, { storage }: Place): Promise<Renewal> {
  const arn = textIn(token.internal, "canonical_arn");
  const caller = { principal: parseArn(arn), canonicalArn: arn, uniqueId: textIn(token.internal, "unique_id") };
  try {
    await checkPrincipal(state, storage, role, caller);
  } catch (error) {
    const fault = toFault(error);
    if (fault.kind === "invalid") throw new Fault("denied", fault.message);
    throw unavailable(error);
  }
  const instanceId = textIn(token.internal, "inferred_entity_id");
  if (instanceId !== "") {
    const region = textIn(token.internal, "inferred_aws_region");
    await mustRun(state, { accountId: caller.principal.account, region, instanceId }, storage);
  }
  return { ttl: role.token.ttl, maxTtl: role.token.maxTtl, period: role.token.period };
}

async function renewInstance(
  state: AwsState,
  token: TokenEntry,
  role: Role,
  { storage, mount }: Place,
): Promise<Renewal> {
  const name: InstanceName = {
    accountId: textIn(token.internal, "account_id"),
    region: textIn(token.internal, "region"),
    instanceId: textIn(token.internal, "instance_id"),
  };
  if (name.instanceId === "") throw new Fault("denied", "the token does not come from a login of an instance");
  if ((await readEntry(storage, name)) === undefined) {
    throw new Fault("denied", "the instance is no longer in the access list");
  }
  await mustRun(state, name, storage);
  const tagMaxTtl = numberIn(token.internal, "role_tag_max_ttl");
  await moveExpiry(state, name, storage, Math.max(mount.maxTtl, role.token.maxTtl, tagMaxTtl));
  const limits = [role.token.maxTtl, tagMaxTtl].filter((ms) => ms > 0);
  return { ttl: role.token.ttl, maxTtl: limits.length === 0 ? 0 : Math.min(...limits), period: role.token.period };
}

async function mustRun(state: AwsState, name: InstanceName, storage: Place["storage"]): Promise<void> {
  const standing = await ask(state, name, storage);
  if (standing === "gone") throw new Fault("denied", "EC2 says that the instance is not running");
  if (standing === "unknown") throw unavailable(undefined);
}

async function ask(state: AwsState, name: InstanceName, storage: Place["storage"]): ReturnType<typeof standingOf> {
  const access = await accessFor(storage, name.accountId, name.region);
  try {
    return await standingOf(state, access, name);
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault("unavailable", "AWS cannot be asked about the login now", { cause, retryAfter: RETRY });
}

function moveExpiry(state: AwsState, name: InstanceName, storage: Place["storage"], longest: number): Promise<void> {
  return state.turns.take(entryKey(name), () =>
    storage.transact(async (tx) => {
      const entry = await readEntry(tx, name);
      if (entry === undefined) throw new Fault("denied", "the instance is no longer in the access list");
      const now = state.env.clock.now();
      const expirationTime = Math.max(entry.expirationTime, now + longest);
      tx.put(entryKey(name), entryBytes({ ...entry, lastUpdatedTime: now, expirationTime }));
    }),
  );
}
