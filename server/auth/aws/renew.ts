/** May a token of this method be renewed? Only AWS's own answer that the instance does not run refuses it; silence never does. */
import { Fault } from "../../../lib/fault.ts";
import type { Renewal } from "../../contract/engine.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { textIn } from "../record.ts";
import { entryBytes, entryKey, type InstanceName, readEntry } from "./access-list.ts";
import { accessFor } from "./config-sts.ts";
import { standingOf } from "./instance.ts";
import { readRole } from "./role.ts";
import type { AwsState, Place } from "./state.ts";

const RETRY = 10_000;

/** @throws Fault "denied" when instance, entry or role are gone; "unavailable" when AWS gives no answer */
export async function renewToken(state: AwsState, token: TokenEntry, { storage, mount }: Place): Promise<Renewal> {
  const name: InstanceName = {
    accountId: textIn(token.internal, "account_id"),
    region: textIn(token.internal, "region"),
    instanceId: textIn(token.internal, "instance_id"),
  };
  if (name.instanceId === "" || textIn(token.internal, "mount") !== mount.uuid) {
    throw new Fault("denied", "the token does not come from a login of an instance");
  }
  const role = await readRole(storage, textIn(token.internal, "role"));
  if (role === undefined) throw new Fault("denied", "the role of the token is gone");
  if ((await readEntry(storage, name)) === undefined) {
    throw new Fault("denied", "the instance is no longer in the access list");
  }
  const standing = await ask(state, name, { storage, mount });
  if (standing === "gone") throw new Fault("denied", "EC2 says that the instance is not running");
  if (standing === "unknown") throw unavailable(undefined);
  await moveExpiry(state, name, storage, Math.max(mount.maxTtl, role.token.maxTtl));
  return { ttl: role.token.ttl, maxTtl: role.token.maxTtl, period: role.token.period };
}

async function ask(state: AwsState, name: InstanceName, { storage }: Place): ReturnType<typeof standingOf> {
  const access = await accessFor(storage, name.accountId, name.region);
  try {
    return await standingOf(state, access, name);
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault("unavailable", "AWS cannot be asked about the instance now", { cause, retryAfter: RETRY });
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
