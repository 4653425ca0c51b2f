/** Which token a request is about: the caller's own, or the one it names by string or accessor. */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Context } from "../../contract/engine.ts";
import type { TokenEntry } from "../../contract/token.ts";
import type { Tokens } from "../../contract/tokens.ts";

export interface Target {
  readonly entry: TokenEntry;
  /** undefined when it was named by its accessor: its string stays unknown. */
  readonly token: Secret | undefined;
}

/** The caller's own; also while it serves its last use. */
export function self({ token, call }: Context): Target {
  if (token === undefined) throw new Fault("denied", "permission denied");
  return { entry: token, token: call.token };
}

/** @returns undefined when there is no such live token */
export async function byToken(tokens: Tokens, text: string, context: Context): Promise<Target | undefined> {
  const token = new Secret(text);
  if (context.call.token?.equals(token) === true) return self(context);
  const entry = await tokens.find(token);
  return entry && { entry, token };
}

/** @throws Fault "invalid" when none is named */
export async function byAccessor(
  tokens: Tokens,
  accessor: string | undefined,
  context: Context,
): Promise<Target | undefined> {
  if (accessor === undefined || accessor === "") throw new Fault("invalid", "missing accessor");
  if (context.token?.accessor === accessor) return { entry: context.token, token: undefined };
  const entry = await tokens.byAccessor(accessor);
  return entry && { entry, token: undefined };
}
