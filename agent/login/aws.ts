/**
 * The login of an EC2 instance: a document that AWS signed, the role, and the nonce of trust on first use.
 * Source: Vault API, AWS auth method, "Login" (fields role, nonce, pkcs7, identity, signature).
 */
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Api, ApiReply } from "../../lib/wire/api.ts";
import type { Proof } from "../identity/identity.ts";
import { type Grant, grantFromLogin, type LoginMethod } from "./method.ts";

export interface AwsLogin {
  readonly api: Api;
  /** Below `/v1/`: "auth/aws". */
  readonly mountPath: string;
  /** undefined = the server takes the role that is named after the AMI. */
  readonly role: string | undefined;
  /** Of the machine as it is now: asked for at each login, since a disk may wake up on another instance. */
  readonly instanceId: (signal: AbortSignal) => Promise<string>;
  readonly proof: (signal: AbortSignal) => Promise<Proof>;
  readonly nonce: (instanceId: string) => Promise<Secret>;
}

export function awsLogin(options: AwsLogin): LoginMethod {
  const what = options.role === undefined ? "login" : `login as role ${JSON.stringify(options.role)}`;
  return {
    name: "aws",
    async login(signal: AbortSignal): Promise<Grant> {
      const instanceId = await options.instanceId(signal);
      const nonce = await options.nonce(instanceId);
      const proof = await options.proof(signal);
      const reply = await options.api({
        method: "POST",
        path: `${options.mountPath}/login`,
        body: { ...proof, nonce: nonce.reveal(), ...(options.role === undefined ? {} : { role: options.role }) },
        signal,
      });
      const refusal = explainRefusal(what, instanceId, options.mountPath, reply);
      if (refusal !== undefined) throw refusal;
      return grantFromLogin(what, reply);
    },
  };
}

/** What the server says about nonces, and what it means for the person who reads the agent's log at night. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [
    /instance meta-data is older/,
    "the server has seen a newer start of this instance than its metadata shows: a restored or copied record",
  ],
  [
    /client nonce mismatch/,
    "this instance has logged in before with another nonce: its nonce file was lost or restored, or somebody else was first",
  ],
  [/reauthentication is disabled/, "the role lets an instance log in only once, and this one has done so"],
];

function explainRefusal(what: string, instanceId: string, mountPath: string, reply: ApiReply): Fault | undefined {
  if (reply.status !== 400 && reply.status !== 403) return undefined;
  const said = reply.errors.join("; ");
  const found = REFUSALS.find(([pattern]) => pattern.test(said));
  if (found === undefined) return undefined;
  const mount = mountPath === "auth/aws" ? "" : `-mount=${mountPath.replace(/^auth\//, "")} `;
  const fix = `if it is the rightful one, free it with: oksae aws unlock ${mount}${instanceId}`;
  return new Fault("denied", `${what} refused (${found[0].source}): ${found[1]}; ${fix}`);
}
