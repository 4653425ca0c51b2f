/** What the core gives back to `server/http`: everything the envelope is made of, nothing of HTTP but the status. */
import type { Secret } from "../../lib/secret.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./engine.ts";
import type { LeaseInfo } from "./leases.ts";
import type { TokenEntry } from "./token.ts";

/** A token that this reply hands out (with its string) or has renewed (without). */
export interface Issued {
  readonly clientToken: Secret | undefined;
  readonly entry: TokenEntry;
  /** `LoginGrant.onceMetadata`: into this reply's `auth.metadata`, as HMACs into the audit, nowhere else. */
  readonly onceMetadata?: ReadonlyMap<string, Secret>;
  /** Policies that come from its entity and groups now: `identity_policies`. */
  readonly identityPolicies?: readonly string[];
}

export interface Answer {
  /** undefined = 204. */
  readonly reply: Reply | undefined;
  /** Fills the envelope's `auth`. */
  readonly issued: Issued | undefined;
  /** The envelope's `mount_type`: "kv", "system", "token", "aws". */
  readonly mountType: string;
  /** The lease of the secret in `reply`. */
  readonly lease?: LeaseInfo;
  /** Sent beside the usual ones, names in lower case: the reply's own as far as its mount may send them, the quotas'. */
  readonly headers?: ReadonlyMap<string, string>;
  /** The reply lies in a wrapping token: only this is shown. */
  readonly wrap?: WireWrap;
}

/** The pipeline behind one function. @throws Fault; anything else is a bug and becomes "internal error" */
export interface Core {
  handle(call: Call): Promise<Answer>;
}
