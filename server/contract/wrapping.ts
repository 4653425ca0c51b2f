/** Response wrapping: a reply laid into the cubbyhole of a token that opens once. `server/core` implements it. */

import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { TokenEntry } from "./token.ts";

/** The policy that marks a wrapping token; nobody can give it to a token, write it or delete it. */
export const WRAPPING_POLICY = "response-wrapping";

/** Made by `Wrapping.wrap`. */
export function isWrapping(token: TokenEntry): boolean {
  return token.policies.length === 1 && token.policies[0] === WRAPPING_POLICY;
}

/** In Vault's words, whatever the reason. */
export function noWrappingToken(): Fault {
  return new Fault("invalid", "wrapping token is not valid or does not exist");
}

export interface WrapInfo {
  /** Milliseconds. */
  readonly creationTtl: number;
  /** Wall-clock milliseconds. */
  readonly creationTime: number;
  readonly creationPath: string;
}

export interface WrapRequest {
  /** The whole envelope of the reply. */
  readonly text: string;
  /** That the reply would have had. */
  readonly status: number;
  /** Milliseconds. */
  readonly ttl: number;
  /** That was called. */
  readonly path: string;
  /** Of the token (or the AppRole secret id) that the reply hands out. */
  readonly wrappedAccessor: string | undefined;
}

/** A wrapping token by its string; or its entry, when the pipeline has taken its one use for this call already. */
export type Opener = Secret | TokenEntry;

export interface Wrapping {
  /** On disk when it resolves. */
  wrap(request: WrapRequest): Promise<WireWrap>;
  /** About a wrapping token, without opening it. @throws Fault "invalid" when it is none, or has been used */
  lookup(token: Secret): Promise<WrapInfo>;
  /**
   * What lies in it, exactly once however many ask at the same time; the token is gone then.
   * @returns the whole envelope of the wrapped reply, and its status
   * @throws Fault "invalid" when it is none, or has been used
   */
  open(token: Opener): Promise<Pick<WrapRequest, "text" | "status">>;
  /** A new token around the same reply, with the same time to live; the old one is gone. @throws as `open` */
  rewrap(token: Opener): Promise<WireWrap>;
}
