/**
 * Who may end or see what others have begun with their shares: whoever brings its nonce, a token with sudo on the path,
 * or, where the listener says so, anyone, as in Vault before CVE-2026-5807.
 */
import { Secret } from "../../../lib/secret.ts";
import type { ListenerRights } from "../../contract/call.ts";
import type { Context, Field } from "../../contract/engine.ts";
import { hasSudo, type Policies } from "../../contract/policy.ts";

export const NONCE = {
  type: "string",
  about: "Of the operation under way; in the query of a read or delete",
} as const satisfies Field;

export const KEY_SHARE = {
  type: "string",
  about: "One share, in hex or base64",
  sensitive: true,
} as const satisfies Field;

/** @returns what the ceremony is to check: undefined when this caller may without a nonce */
export async function claim(
  policies: Policies,
  context: Context,
  given: string | undefined,
  listener: keyof ListenerRights,
): Promise<string | undefined> {
  if (context.call.listener?.[listener] === true) return undefined;
  // The route may be one that asks nobody: a token with few uses left has not paid for this one, so it does not count.
  const paid = context.token?.numUses === 0;
  return paid && (await hasSudo(policies, context)) ? undefined : (given ?? "");
}

/** A nonce as this caller may see it. @param claimed as `claim` tells */
export function shownNonce(nonce: string, claimed: string | undefined): string {
  return claimed === undefined || new Secret(claimed).equals(new Secret(nonce)) ? nonce : "";
}
