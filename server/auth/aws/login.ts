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
import { Fault } from "../../../lib/fault.ts";
import type { Context, Fields, Reply, Route, Values } from "../../contract/engine.ts";
import { route } from "../../contract/engine.ts";
import type { LoginGrant } from "../../contract/token.ts";
import { checkBoundCidrs, grantOf } from "../token-params.ts";
import { entryKey, readEntry } from "./access-list.ts";
import { checkDocumentBinds, checkInstanceBinds } from "./binds.ts";
import { type Attempt, type Claimed, claim, judge, NonceFault, readNonce, type Verdict } from "./claim.ts";
import { accessFor } from "./config-sts.ts";
import { runningInstance } from "./instance.ts";
import { type Role, readRole } from "./role.ts";
import type { AwsState } from "./state.ts";
import { readUnlock } from "./unlock-record.ts";

const FIELDS = {
  role: { type: "string", about: "Role to log in with; without it the one named after the AMI" },
  pkcs7: { type: "string", about: "What the metadata service gives at /pkcs7 or /rsa2048", sensitive: true },
  identity: { type: "string", about: "Base64 of the identity document, with signature", sensitive: true },
  signature: { type: "string", about: "What the metadata service gives at /signature", sensitive: true },
  nonce: {
    type: "string",
    about:
      "Chosen at the first login, shown at later ones; empty = this login is the last; absent = the server makes one",
    sensitive: true,
  },
  iam_http_request_method: { type: "string", about: "For auth_type iam" },
  iam_request_url: { type: "string", about: "For auth_type iam", sensitive: true },
  iam_request_body: { type: "string", about: "For auth_type iam", sensitive: true },
  iam_request_headers: { type: "json", about: "For auth_type iam", sensitive: true },
} as const satisfies Fields;

type LoginValues = Values<typeof FIELDS>;

export function loginRoute(state: AwsState): Route {
  return route({
    path: "login",
    about: "Trades an instance's identity document for a token",
    login: true,
    fields: FIELDS,
    on: { update: { about: "Logs in", run: (values, context) => logIn(state, values, context) } },
  });
}

async function logIn(state: AwsState, values: LoginValues, context: Context): Promise<Reply> {
  const address = context.call.remote.address;
  const { nonce, lastOne } = readNonce(values.nonce);
  const { verified, role } = await identify(state, values, context);
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
    return { login: grant(verified, role, claimed, context) };
  } catch (error) {
    noteFailure(state, error, attempt, address);
    throw error;
  }
}

/** The document and the role, without a call to AWS. */
async function identify(
  state: AwsState,
  values: LoginValues,
  { storage, call }: Context,
): Promise<{ verified: VerifiedDocument; role: Role }> {
  const { address } = call.remote;
  state.failures.check(address, undefined);
  try {
    const verified = verify(values, await state.anchors.all(storage));
    const name = values.role === undefined || values.role === "" ? verified.document.imageId : values.role;
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

function verify(values: LoginValues, anchors: Parameters<typeof verifyPkcs7Document>[1]): VerifiedDocument {
  const { pkcs7 = "", identity = "", signature = "" } = values;
  const ec2 = [pkcs7, identity, signature].some((value) => value !== "");
  if (hasIamFields(values)) {
    if (ec2) throw new Fault("invalid", "supplied auth values for both ec2 and iam auth types");
    throw new Fault("invalid", "logins of type iam are not served by this version: use a role with auth_type=ec2");
  }
  if (!ec2) throw new Fault("invalid", "didn't supply required authentication values");
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

function hasIamFields(values: LoginValues): boolean {
  return [
    values.iam_http_request_method,
    values.iam_request_url,
    values.iam_request_body,
    values.iam_request_headers,
  ].some((value) => value !== undefined && value !== "" && value !== null);
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
  return state.turns.take(entryKey(attempt.name), () => {
    const now = clock.now();
    const expirationTime = now + Math.max(mount.maxTtl, attempt.role.token.maxTtl);
    return claim(storage, attempt, { random, now, expirationTime, launchTime: facts.launchTime });
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

function isRefusal(error: unknown): boolean {
  return error instanceof Fault && (error.kind === "invalid" || error.kind === "denied");
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

function grant({ document }: VerifiedDocument, role: Role, claimed: Claimed, { mount }: Context): LoginGrant {
  const { accountId, region, instanceId, imageId } = document;
  return {
    ...grantOf(role.token),
    displayName: instanceId,
    metadata: new Map([
      ["role", role.name],
      ["role_tag_max_ttl", "0s"],
      ["instance_id", instanceId],
      ["region", region],
      ["account_id", accountId],
      ["ami_id", imageId],
      ["auth_type", "ec2"],
    ]),
    ...(claimed.madeNonce === undefined ? {} : { onceMetadata: new Map([["nonce", claimed.madeNonce]]) }),
    alias: role.roleId,
    role: role.name,
    // The host's identity: mount, account, region, instance. Child tokens do not get it.
    internal: new Map([
      ["auth_type", "ec2"],
      ["mount", mount.uuid],
      ["account_id", accountId],
      ["region", region],
      ["instance_id", instanceId],
      ["role", role.name],
    ]),
  };
}
