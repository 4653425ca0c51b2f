/**
 * The login of type ec2: a document that AWS signed, a role it fits, EC2's word that the instance runs, and the nonce
 * of the first login. A known instance with a wrong nonce costs no call to AWS.
 * Source: Vault API, AWS auth method, "Login".
 */
import {
  type VerifiedDocument,
  verifyPkcs7Document,
  verifySignedDocument,
} from "../../../lib/crypto/identity-document.ts";
import { formatDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { type Json, JsonNumber } from "../../../lib/wire/json.ts";
import type { Context, Mount } from "../../contract/engine.ts";
import type { LoginGrant } from "../../contract/token.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { entryKey, readEntry } from "./access-list.ts";
import { checkDocumentBinds, checkInstanceBinds } from "./binds.ts";
import { type Attempt, type Claimed, claim, judge, NonceFault, readNonce, type Verdict } from "./claim.ts";
import { type Ec2Alias, type IdentityConfig, metadataOf, readIdentityConfig } from "./config-identity.ts";
import { accessFor } from "./config-sts.ts";
import { isRefusal } from "./failures.ts";
import { runningInstance } from "./instance.ts";
import { narrowed, tagOf } from "./login-tag.ts";
import { type Role, readRole } from "./role.ts";
import type { AwsState } from "./state.ts";
import { readUnlock } from "./unlock-record.ts";

/** "" = not sent. */
export interface Ec2Fields {
  readonly role: string;
  readonly pkcs7: string;
  readonly identity: string;
  readonly signature: string;
  /** undefined = not sent, which is not the same as empty. */
  readonly nonce: string | undefined;
}

/** The order of things is in this room's README. */
export async function logInByDocument(state: AwsState, sent: Ec2Fields, context: Context): Promise<LoginGrant> {
  const address = context.call.remote.address;
  const { nonce, lastOne } = readNonce(sent.nonce);
  const { verified, role } = await identify(state, sent, context);
  const { document } = verified;
  const attempt: Attempt = {
    name: { accountId: document.accountId, region: document.region, instanceId: document.instanceId },
    role,
    nonce,
    lastOne,
    pendingTime: document.pendingTime,
    pendingMs: document.pendingMs,
  };
  try {
    const claimed = await admit(state, verified, attempt, context);
    if (claimed.verdict !== "known") {
      state.env.log("info", "instance logged in with a new nonce", {
        ...nameFields(attempt),
        role: role.name,
        why: claimed.verdict,
      });
    }
    return grant(verified, role, claimed, { config: await readIdentityConfig(context.storage), mount: context.mount });
  } catch (error) {
    noteFailure(state, error, attempt, address);
    throw error;
  }
}

/** The document and the role, without a call to AWS. */
async function identify(
  state: AwsState,
  sent: Ec2Fields,
  { storage, call }: Context,
): Promise<{ verified: VerifiedDocument; role: Role }> {
  const { address } = call.remote;
  state.failures.check(address, undefined);
  try {
    const verified = verifyDocument(sent, await state.anchors.all(storage));
    const name = sent.role === "" ? verified.document.imageId : sent.role;
    const role = await readRole(storage, name);
    if (role === undefined) throw new Fault("invalid", `entry for role ${JSON.stringify(name)} not found`);
    checkBoundCidrs(role.token, address);
    if (role.authType !== "ec2") throw new Fault("invalid", `auth method ec2 not allowed for role ${role.name}`);
    if (role.allowedDocuments.length > 0 && !role.allowedDocuments.includes(verified.form)) {
      throw new Fault("invalid", `role ${role.name} takes no documents of the form ${verified.form}`);
    }
    checkDocumentBinds(role, verified.document);
    return { verified, role };
  } catch (error) {
    if (isRefusal(error)) state.failures.count(address, undefined);
    throw error;
  }
}

/** @throws Fault "invalid" for an incomplete set of fields and for a document that AWS has not signed */
export function verifyDocument(
  { pkcs7, identity, signature }: Ec2Fields,
  anchors: Parameters<typeof verifyPkcs7Document>[1],
): VerifiedDocument {
  if (pkcs7 !== "") {
    if (identity !== "" || signature !== "") {
      throw new Fault(
        "invalid",
        "both pkcs7 and a tuple containing the instance identity document and its SHA256 RSA signature is supplied; provide only one",
      );
    }
    return verifyPkcs7Document(pkcs7, anchors);
  }
  if (identity === "" || signature === "") {
    throw new Fault("invalid", "supplied some of the auth values for the ec2 auth type but not all");
  }
  return verifySignedDocument(identity, signature, anchors);
}

/** Nonce, EC2, binds, then the nonce again in the transaction that records the login. */
async function admit(
  state: AwsState,
  { document }: VerifiedDocument,
  attempt: Attempt,
  { storage, mount, call }: Context,
): Promise<Claimed> {
  const { clock, random } = state.env;
  const entry = await readEntry(storage, attempt.name);
  const unlock = await readUnlock(storage, document.instanceId);
  const verdict = verdictOf(() => judge(entry, unlock, attempt, clock.now()));
  // Whoever shows the right nonce is let through: failures of others from the same address do not lock it out.
  if (verdict !== "known") state.failures.check(call.remote.address, entryKey(attempt.name));
  if (verdict instanceof NonceFault) throw verdict;
  const access = await accessFor(storage, document.accountId, document.region);
  const facts = await runningInstance(state, access, document);
  await checkInstanceBinds(attempt.role, facts, state.ports.iam, access);
  const tag = tagOf(attempt.role, facts);
  return state.turns.take(entryKey(attempt.name), () => {
    const now = clock.now();
    const expirationTime = now + Math.max(mount.maxTtl, attempt.role.token.maxTtl, tag?.maxTtl ?? 0);
    return claim(storage, attempt, { random, now, expirationTime, launchTime: facts.launchTime, tag });
  });
}

function nameFields({ name }: Pick<Attempt, "name">): Record<string, string> {
  return { instance_id: name.instanceId, account_id: name.accountId, region: name.region };
}

/** A refusal as a value: whether the source has to wait is said first, so that a flood is neither judged nor logged. */
function verdictOf(judged: () => Verdict): Verdict | NonceFault {
  try {
    return judged();
  } catch (error) {
    if (error instanceof NonceFault) return error;
    throw error;
  }
}

function noteFailure(state: AwsState, error: unknown, { name, role }: Attempt, address: string): void {
  if (!isRefusal(error)) return;
  const key = entryKey(name);
  state.failures.count(address, key);
  if (!(error instanceof NonceFault)) return;
  state.env.log("warn", "login refused: nonce does not match the first login", {
    ...nameFields({ name }),
    role: role.name,
    address,
    reason: error.message,
    times: state.failures.countMismatch(key),
    times_all_instances: state.failures.total,
  });
}

interface GrantTerms {
  readonly config: IdentityConfig;
  readonly mount: Mount;
}

function grant(
  { document }: VerifiedDocument,
  role: Role,
  { madeNonce, tag }: Claimed,
  { config, mount }: GrantTerms,
): LoginGrant {
  const { accountId, region, instanceId, imageId } = document;
  const told = metadataOf(
    config.ec2Metadata,
    new Map([
      ["instance_id", instanceId],
      ["region", region],
      ["account_id", accountId],
      ["ami_id", imageId],
      ["auth_type", "ec2"],
    ]),
  );
  const aliases: Readonly<Record<Ec2Alias, string>> = {
    role_id: role.roleId,
    instance_id: instanceId,
    image_id: imageId,
  };
  const tagMaxTtl = tag?.maxTtl ?? 0;
  return {
    ...grantOf(narrowed(role.token, tag)),
    displayName: instanceId,
    metadata: new Map([["role", role.name], ["role_tag_max_ttl", formatDuration(tagMaxTtl)], ...told.metadata]),
    aliasMetadata: told.aliasMetadata,
    ...(madeNonce === undefined ? {} : { onceMetadata: new Map([["nonce", madeNonce]]) }),
    alias: aliases[config.ec2Alias],
    role: role.name,
    // The host's identity: mount, account, region, instance. Child tokens do not get it.
    internal: new Map<string, Json>([
      ["auth_type", "ec2"],
      ["mount", mount.uuid],
      ["account_id", accountId],
      ["region", region],
      ["instance_id", instanceId],
      ["role", role.name],
      ...(tagMaxTtl === 0 ? [] : [["role_tag_max_ttl", new JsonNumber(String(tagMaxTtl))] as const]),
    ]),
  };
}
